/** Reads a PNG's header, so that nothing is decompressed that is too large or of a kind that is not read. */

import { crc32 } from "./crc32.js";
import { FileError } from "./file-error.js";
import { isPng, PNG_COLOR, PNG_LAYOUT, type PngColorType } from "./png-format.js";

/** Most pixels that are read: 64 megapixels. */
export const MAX_PNG_PIXELS = 64 * 1024 * 1024;

/** Signature, and the header chunk with its length and checksum. */
export const HEADER_END = 33;

/** What a PNG says about its pixels before they come. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample in the file: 1 to 8, or 16 of grey where that is asked for; no fewer than 8 in interlaced files. */
  readonly depth: number;
  readonly colorType: PngColorType;
  readonly interlaced: boolean;
}

/**
 * The header of a file that can be read.
 *
 * @param name of the file, for messages.
 * @param deep whether grey may have 16 bits.
 * @throws FileError `not-png`, `png-16-bit`, `png-interlaced`, `too-large-image` or `png-damaged`, naming the file.
 */
export function readPngHeader(bytes: Uint8Array, name: string, deep = false): PngHeader {
  if (!isPng(bytes)) {
    throw new FileError("not-png", `${name} is not a PNG. Label maps are PNG files: others change the pixels.`, {
      name,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_END || view.getUint32(8) !== 13 || chunkType(bytes, 8) !== "IHDR") {
    throw damagedPng(name, "it does not begin with a header");
  }
  if (crc32(bytes.subarray(12, 29)) !== view.getUint32(29)) {
    throw damagedPng(name, "the checksum of its header does not match");
  }
  const header = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: view.getUint8(24),
    colorType: view.getUint8(25),
    interlaced: view.getUint8(28) === 1,
  };
  if (view.getUint8(26) !== 0 || view.getUint8(27) !== 0 || view.getUint8(28) > 1) {
    throw damagedPng(name, "its header asks for a method that does not exist");
  }
  return readable(header, name, deep);
}

/** Whether a file is a PNG of grey with 16 bits, as maps of objects are; nothing else of it is looked at. */
export function isDeepGreyPng(bytes: Uint8Array): boolean {
  return isPng(bytes) && bytes[24] === 16 && bytes[25] === PNG_COLOR.grey;
}

/** The four letters after a chunk's length. */
export function chunkType(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
}

/** The error of a file that breaks the format. */
export function damagedPng(name: string, what: string, cause?: unknown): FileError {
  const message = `${name} is damaged: ${what}. Save or download it again.`;
  return new FileError("png-damaged", message, { name, what }, { cause });
}

function readable(
  header: Omit<PngHeader, "colorType"> & { colorType: number },
  name: string,
  deep: boolean,
): PngHeader {
  const { width, height, depth, colorType, interlaced } = header;
  if (width === 0 || height === 0) throw damagedPng(name, "it has no pixels");
  if (!isColorType(colorType) || !PNG_LAYOUT[colorType].depths.includes(depth)) {
    throw damagedPng(name, `colour type ${colorType} with ${depth} bits does not exist`);
  }
  if (depth === 16 && !(deep && colorType === PNG_COLOR.grey)) {
    const message = `${name} has 16 bits per sample; label maps have 8. Save it as an indexed or 8-bit PNG.`;
    throw new FileError("png-16-bit", message, { name });
  }
  if (interlaced && depth < 8) {
    const message = `${name} is interlaced with ${depth} bits per pixel, which is not read. Save it without interlacing.`;
    throw new FileError("png-interlaced", message, { name, depth });
  }
  if (width * height > MAX_PNG_PIXELS) {
    const message = `${name} is too large: ${width}×${height} pixels, at most ${MAX_PNG_PIXELS} are read. Make it smaller.`;
    throw new FileError("too-large-image", message, { name, width, height });
  }
  return { width, height, depth, colorType, interlaced };
}

function isColorType(value: number): value is PngColorType {
  return Object.values<number>(PNG_COLOR).includes(value);
}

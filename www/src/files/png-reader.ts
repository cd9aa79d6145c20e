/**
 * Reads PNG samples as they are stored.
 *
 * The browser's own decoder turns indices into colours and applies colour profiles; label maps need the stored values.
 */

import type { DecodedPng } from "fast-png";
import { FileError } from "./file-error.js";
import { PNG_COLOR, PNG_LAYOUT } from "./png-format.js";
import { damagedPng, readPngHeader, type PngHeader } from "./png-header.js";
import { checkPixelData } from "./png-pixel-data.js";

/** A decoded PNG. */
export interface PngImage extends PngHeader {
  /** Row-major, one byte per sample, unscaled: a 4-bit grey of 3 is 3. */
  readonly samples: Uint8Array;
  /** Samples per pixel. */
  readonly channels: number;
  /** Colours of an indexed file, without their opacity. */
  readonly palette: readonly (readonly [number, number, number])[];
}

/**
 * Reads a file with up to 8 bits a sample.
 *
 * @param name of the file, for messages.
 * @throws FileError `not-png`, `png-16-bit`, `png-interlaced`, `too-large-image` or `png-damaged`, naming the file.
 */
export async function decodePng(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<PngImage> {
  const header = readPngHeader(bytes, name);
  const decoded = await decodedPng(bytes, header, name);
  const palette = (decoded.palette ?? []).map(([red = 0, green = 0, blue = 0]) => [red, green, blue] as const);
  if (header.colorType === PNG_COLOR.indexed && palette.length === 0) throw damagedPng(name, "it has no palette");
  const samples = unpackedSamples(new Uint8Array(decoded.data), header);
  return { ...header, channels: PNG_LAYOUT[header.colorType].channels, palette, samples };
}

/** Numbers of a file with one sample a pixel. */
export interface PngNumbers {
  readonly width: number;
  readonly height: number;
  /** Row-major, unscaled. */
  readonly numbers: Uint16Array;
}

/**
 * Reads grey of up to 16 bits, or indices, as the numbers that they are.
 *
 * @param name of the file, for messages.
 * @throws FileError as `decodePng` does, and `instances-not-grey` for files in colours.
 */
export async function decodePngNumbers(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<PngNumbers> {
  const header = readPngHeader(bytes, name, true);
  const { width, height, depth, colorType } = header;
  if (PNG_LAYOUT[colorType].channels > 1) {
    const message = `${name} is in colours. A map of objects has one number a pixel: save it as 16-bit grey.`;
    throw new FileError("instances-not-grey", message, { name });
  }
  const { data } = await decodedPng(bytes, header, name);
  const numbers = depth === 16 ? new Uint16Array(data) : new Uint16Array(unpackedSamples(new Uint8Array(data), header));
  return { width, height, numbers };
}

async function decodedPng(bytes: Uint8Array<ArrayBuffer>, header: PngHeader, name: string): Promise<DecodedPng> {
  await checkPixelData(bytes, header, name);
  // Loaded when the first file is: pages that open and save none do without.
  const { decode } = await import("fast-png");
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    throw damagedPng(name, error instanceof Error ? error.message : String(error), error);
  }
}

/** fast-png leaves samples of 1, 2 and 4 bits packed, each row beginning with a whole byte. */
function unpackedSamples(packed: Uint8Array, { width, height, depth }: PngHeader): Uint8Array {
  if (depth === 8) return packed;
  const rowBytes = Math.ceil((width * depth) / 8);
  const samples = new Uint8Array(width * height);
  for (let index = 0; index < samples.length; index += 1) {
    const bit = (index % width) * depth;
    const byte = packed[Math.floor(index / width) * rowBytes + (bit >> 3)] ?? 0;
    samples[index] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  }
  return samples;
}

/**
 * Reads PNG samples as they are stored.
 *
 * The browser's own decoder turns indices into colours and applies colour profiles; label maps need the stored values.
 */

import type { DecodedPng } from "fast-png";
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
  await checkPixelData(bytes, header, name);
  // Loaded when the first file is: pages that open and save none do without.
  const { decode } = await import("fast-png");
  let decoded: DecodedPng;
  try {
    decoded = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw damagedPng(name, error instanceof Error ? error.message : String(error), error);
  }
  const palette = (decoded.palette ?? []).map(([red = 0, green = 0, blue = 0]) => [red, green, blue] as const);
  if (header.colorType === PNG_COLOR.indexed && palette.length === 0) throw damagedPng(name, "it has no palette");
  const samples = unpackedSamples(new Uint8Array(decoded.data), header);
  return { ...header, channels: PNG_LAYOUT[header.colorType].channels, palette, samples };
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

/** A bundle's files as one file, which `core/src/bundle/single_file.rs` describes: a zip whose weights can be read by range. */

import type { LocalBundle } from "./bundle-folder.js";
import { crc32 } from "./crc32.js";
import { zipOf, type ZipEntry } from "./zip.js";

/** Where weights begin, so that they can be read as numbers where they lie. */
const ALIGNMENT = 64;
/** Bytes that are read at once for the checksum. */
const CHUNK = 8 * 1024 * 1024;

/** The bundle in one file. Files are read through once and not copied; pictures of scenes and styles stay behind. */
export async function joinedBundle({ manifest, weights, encoder }: LocalBundle): Promise<Blob> {
  const entries = [await entryOf("manifest.json", manifest), await entryOf(weights.name, weights)];
  if (encoder) entries.push(await entryOf(encoder.name, encoder));
  return zipOf(entries, ALIGNMENT);
}

async function entryOf(name: string, file: Blob): Promise<ZipEntry> {
  let crc = 0;
  for (let at = 0; at < file.size; at += CHUNK) {
    crc = crc32(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()), crc);
  }
  return { name, bytes: file, crc };
}

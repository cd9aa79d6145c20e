/** Writes zip archives whose files are stored as they are: for what is compressed already. */

import { crc32 } from "./crc32.js";

/** A file of an archive. */
export interface ZipEntry {
  /** Plain ASCII, without folders. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer> | Blob;
  /** The checksum of the bytes, where they are a blob: those are not read here. */
  readonly crc?: number;
}

/** The id of extra bytes that are there to put a file's content at a round place, as Android's tools write it. */
const PADDING = 0xd935;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Version of the format that stored files need. */
const VERSION = 20;
/** 1980-01-01, the first day that the format knows: archives of the same files are the same. */
const DATE = 0x21;
/** Without its extension for more, the format has 32 bits for sizes and 16 for the number of files. */
const MAX_BYTES = 0xffff_ffff;
const MAX_FILES = 0xffff;

/**
 * The archive, in the order of the entries. The content of each begins at a multiple of `align` bytes.
 *
 * @throws RangeError for more than 65535 files or 4 GiB
 */
export function zipOf(entries: readonly ZipEntry[], align = 1): Blob {
  const total = entries.reduce((sum, { name, bytes }) => sum + sizeOf(bytes) + 2 * name.length + 80 + align, 22);
  if (entries.length > MAX_FILES || total > MAX_BYTES) {
    throw new RangeError(`a zip holds at most ${MAX_FILES} files and 4 GiB, found ${entries.length} of ${total} bytes`);
  }
  const parts: (Uint8Array<ArrayBuffer> | Blob)[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const { name, bytes, crc } of entries) {
    const file = new TextEncoder().encode(name);
    const common = [VERSION, 0, 0, 0, DATE];
    const sizes = [bytes instanceof Blob ? (crc ?? 0) : crc32(bytes), sizeOf(bytes), sizeOf(bytes)];
    const padding = paddingAfter(offset + LOCAL_BYTES + file.length, align);
    const header = record([LOCAL], common, sizes, [file.length, padding.length]);
    directory.push(record([CENTRAL], [VERSION, ...common], sizes, [file.length, 0, 0, 0, 0], [0, offset]), file);
    parts.push(header, file, padding, bytes);
    offset += header.length + file.length + padding.length + sizeOf(bytes);
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([END], [0, 0, entries.length, entries.length], [length, offset], [0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Bytes of a local header without name and extra bytes. */
const LOCAL_BYTES = 30;

function sizeOf(bytes: Uint8Array | Blob): number {
  return bytes instanceof Blob ? bytes.size : bytes.length;
}

/** Extra bytes of a header after which the content begins at a multiple of `align`. */
function paddingAfter(end: number, align: number): Uint8Array<ArrayBuffer> {
  const missing = (align - (end % align)) % align;
  if (missing === 0) return new Uint8Array(0);
  // An extra field has an id and a length of two bytes each.
  const length = missing < 4 ? missing + align * Math.ceil((4 - missing) / align) : missing;
  const padding = new Uint8Array(length);
  new DataView(padding.buffer).setUint16(0, PADDING, true);
  new DataView(padding.buffer).setUint16(2, length - 4, true);
  return padding;
}

/** Little-endian numbers: groups of 32 and of 16 bits in turns, beginning with 32. */
function record(...groups: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bits = (group: number): 16 | 32 => (group % 2 === 0 ? 32 : 16);
  const bytes = groups.reduce((sum, numbers, group) => sum + (numbers.length * bits(group)) / 8, 0);
  const view = new DataView(new ArrayBuffer(bytes));
  let at = 0;
  groups.forEach((numbers, group) => {
    for (const number of numbers) {
      if (bits(group) === 32) view.setUint32(at, number, true);
      else view.setUint16(at, number, true);
      at += bits(group) / 8;
    }
  });
  return new Uint8Array(view.buffer);
}

/**
 * Counts a PNG's pixel data before fast-png reads them.
 *
 * fast-png 8.0.0 takes pixels that are missing for 0, which is a class, and decompresses whatever there is: a file of a
 * megabyte could take all memory. The browser's own decompressor, stopped at the length that the header asks for, says
 * whether the data have it, and compares their checksum, which fast-png does not.
 */

import { inflate } from "./deflate.js";
import { chunkType, damagedPng, HEADER_END, type PngHeader } from "./png-header.js";
import { PNG_LAYOUT } from "./png-format.js";

/**
 * Lets only files through whose pixel data are as long as their header says.
 *
 * @param name of the file, for messages.
 * @throws FileError `png-damaged`, naming the file.
 */
export async function checkPixelData(bytes: Uint8Array, header: PngHeader, name: string): Promise<void> {
  const expected = filteredLength(header);
  const compressed = await new Blob(pixelChunks(bytes, name)).arrayBuffer();
  const filtered = await inflate(new Uint8Array(compressed), "deflate", expected + 1).catch((error: unknown) => {
    throw damagedPng(name, "its pixels cannot be decompressed", error);
  });
  if (filtered.length === expected) return;
  const found = filtered.length > expected ? "more" : filtered.length;
  throw damagedPng(name, `its header asks for ${expected} bytes of pixels, it has ${found}`);
}

/** The contents of the IDAT chunks; a second header could ask for another size than the one that was checked. */
function pixelChunks(bytes: Uint8Array, name: string): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents: Uint8Array<ArrayBuffer>[] = [];
  let type = "IHDR";
  for (let offset = HEADER_END; type !== "IEND";) {
    if (offset + 12 > bytes.length) throw damagedPng(name, "it ends before its last chunk");
    const end = offset + 12 + view.getUint32(offset);
    type = chunkType(bytes, offset);
    if (end > bytes.length) throw damagedPng(name, "it ends within a chunk");
    if (type === "IHDR") throw damagedPng(name, "it has two headers");
    if (type === "IDAT") contents.push(bytes.slice(offset + 8, end - 4));
    offset = end;
  }
  return contents;
}

/** Where each pass over an interlaced image begins, and its steps: x, y (PNG specification, 8.2). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of the rows of all passes; each row has its filter before it, and begins with a whole byte. */
function filteredLength({ width, height, depth, colorType, interlaced }: PngHeader): number {
  const bits = PNG_LAYOUT[colorType].channels * depth;
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  return passes.reduce((length, [startX, startY, stepX, stepY]) => {
    const columns = Math.ceil((width - startX) / stepX);
    const rows = Math.ceil((height - startY) / stepY);
    return columns > 0 && rows > 0 ? length + rows * (1 + Math.ceil((columns * bits) / 8)) : length;
  }, 0);
}

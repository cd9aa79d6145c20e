/** Reads a picture's size from its first bytes, before anything decodes it. */

import type { Size } from "../canvas/geometry.js";
import { isPng } from "./png-format.js";

/** Bytes to read for `imageSizeFromHeader`: enough for a JPEG with a long EXIF block before its size. */
export const HEADER_BYTES = 256 * 1024;

/** Size in pixels as stored (before any EXIF rotation); undefined for formats other than PNG, JPEG, GIF and WebP. */
export function imageSizeFromHeader(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isPng(bytes) && bytes.length >= 24) return { width: view.getUint32(16), height: view.getUint32(20) };
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic === "GIF8" && bytes.length >= 10) {
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  }
  if (magic === "RIFF" && bytes.length >= 30) return webpSize(bytes, view);
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? jpegSize(view) : undefined;
}

/** Walks the segments to the frame header (SOF0 to SOF15 without DHT, JPG and DAC). */
function jpegSize(view: DataView): Size | undefined {
  let offset = 2;
  while (offset + 9 <= view.byteLength) {
    if (view.getUint8(offset) !== 0xff) return undefined;
    const marker = view.getUint8(offset + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    // Fill bytes before a marker carry no length.
    offset += marker === 0xff ? 1 : 2 + Math.max(2, view.getUint16(offset + 2));
  }
  return undefined;
}

function webpSize(bytes: Uint8Array, view: DataView): Size | undefined {
  const kind = String.fromCharCode(...bytes.subarray(12, 16));
  if (kind === "VP8X") {
    const width = 1 + view.getUint16(24, true) + (view.getUint8(26) << 16);
    return { width, height: 1 + view.getUint16(27, true) + (view.getUint8(29) << 16) };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (kind === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  return undefined;
}

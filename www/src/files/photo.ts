/** Opens photos for models that take pictures. */

import type { Rect, Size } from "../canvas/geometry.js";
import { FileError } from "./file-error.js";
import { HEADER_BYTES, imageSizeFromHeader } from "./image-header.js";

/** Largest photo that is opened, in bytes: 96 MiB. */
export const MAX_PHOTO_BYTES = 96 * 1024 * 1024;
/** Most pixels of a photo that are decoded: 120 megapixels. */
export const MAX_PHOTO_PIXELS = 120 * 1000 * 1000;

/**
 * Opens a photo at a size: turned as its EXIF says, cropped from its middle to the size's shape, and scaled smoothly.
 *
 * Transparent pixels become white. Its size is read from the header first, so a huge one is refused before it takes memory.
 *
 * @param name of the file, for messages.
 * @throws FileError `too-large-image`, `not-an-image` or `photo-damaged`, naming the file.
 */
export async function openPhoto(file: Blob, name: string, size: Size): Promise<ImageData> {
  await checkPhoto(file, name);
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch((error: unknown) => {
    const message = `${name} could not be read as a photo: it is damaged, or of a kind this browser does not know.`;
    throw new FileError("photo-damaged", message, { name }, { cause: error });
  });
  try {
    refuseHuge(bitmap, name);
    return drawnAtSize(bitmap, size);
  } finally {
    bitmap.close();
  }
}

/** The largest part of a picture, from its middle, that has a size's shape. */
export function coverCrop(picture: Size, size: Size): Rect {
  const scale = Math.min(picture.width / size.width, picture.height / size.height);
  const width = size.width * scale;
  const height = size.height * scale;
  return { x: (picture.width - width) / 2, y: (picture.height - height) / 2, width, height };
}

/** Refuses what is no picture or too large, from the type, the length and the header alone. */
export async function checkPhoto(file: Blob, name: string): Promise<void> {
  if (file.size > MAX_PHOTO_BYTES) {
    const megabytes = Math.round(file.size / 1e6);
    const message = `${name} is too large: ${megabytes} MB, at most ${Math.round(MAX_PHOTO_BYTES / 1e6)} are opened.`;
    throw new FileError("too-large-image", message, { name, megabytes });
  }
  if (file.type !== "" && !file.type.startsWith("image/")) {
    throw new FileError("not-an-image", `${name} is not a picture (${file.type}). Open a JPEG, PNG or WebP.`, { name });
  }
  const header = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  const size = imageSizeFromHeader(header);
  if (size) refuseHuge(size, name);
}

function refuseHuge({ width, height }: Size, name: string): void {
  if (width * height <= MAX_PHOTO_PIXELS) return;
  const message =
    `${name} is too large: ${width}×${height} pixels, at most ${MAX_PHOTO_PIXELS / 1e6} megapixels are opened. ` +
    "Make it smaller first.";
  throw new FileError("too-large-image", message, { name, width, height });
}

function drawnAtSize(bitmap: ImageBitmap, size: Size): ImageData {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("photo: this browser gave no 2D context");
  const crop = coverCrop(bitmap, size);
  context.fillStyle = "white";
  context.fillRect(0, 0, size.width, size.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, crop.x, crop.y, crop.width, crop.height, 0, 0, size.width, size.height);
  return context.getImageData(0, 0, size.width, size.height);
}

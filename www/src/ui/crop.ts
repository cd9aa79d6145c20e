/** A part of a picture. */
import type { Rect } from "../canvas/geometry.js";

/** Side of a cropped part, in pixels, at least: less would be a blur of a few squares. */
const SMALLEST = 32;

/** The square around a rectangle, within the picture. */
export function croppedAround(image: ImageData, { x, y, width, height }: Rect): ImageData {
  const most = Math.min(image.width, image.height);
  const side = Math.min(most, Math.max(SMALLEST, Math.round(1.15 * Math.max(width, height))));
  const start = (middle: number, length: number): number =>
    Math.max(0, Math.min(length - side, Math.round(middle - side / 2)));
  const [left, top] = [start(x + width / 2, image.width), start(y + height / 2, image.height)];
  const part = new ImageData(side, side);
  for (let row = 0; row < side; row += 1) {
    const from = 4 * ((top + row) * image.width + left);
    part.data.set(image.data.subarray(from, from + 4 * side), 4 * row * side);
  }
  return part;
}

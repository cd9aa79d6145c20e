/** Small pictures of paintings, for lists of them. */

import { rgbaFromLabelMap } from "../canvas/color-layer.js";
import { isObjectEdge } from "../canvas/objects.js";
import { resizeLabelMap, type LabelClass, type LabelMap } from "../canvas/label-map.js";
import type { Size } from "../canvas/geometry.js";
import type { Thumbnail } from "./kept-painting.js";

/** Longer side of a thumbnail, in pixels. */
export const THUMBNAIL_SIDE = 160;

/** A label map in its classes' colours, made small, with the edges of its objects. */
export function thumbnailOfMap(map: LabelMap, classes: readonly LabelClass[]): Thumbnail {
  const { width, height } = thumbnailSize(map);
  const small = resizeLabelMap(map, width, height);
  const data = rgbaFromLabelMap(small, classes);
  if (small.objects) drawEdges(small, data);
  return { width, height, data };
}

/** Darkens pixels whose neighbour to the right or below is of another object. */
function drawEdges(map: LabelMap, data: Uint8ClampedArray): void {
  const { width, height } = map;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const index = y * width + x;
      const isEdge =
        (x + 1 < width && isObjectEdge(map, index, index + 1)) ||
        (y + 1 < height && isObjectEdge(map, index, index + width));
      if (isEdge) for (let at = 4 * index; at < 4 * index + 3; at += 1) data[at] = (data[at] ?? 0) / 2;
    }
  }
}

/** A picture made small: every pixel is the mean of those that it stands for. */
export function thumbnailOfPicture(picture: Pick<ImageData, "data" | "width" | "height">): Thumbnail {
  const size = thumbnailSize(picture);
  const data = new Uint8ClampedArray(4 * size.width * size.height);
  for (let y = 0; y < size.height; y += 1) {
    const rows = span(y, size.height, picture.height);
    for (let x = 0; x < size.width; x += 1) {
      data.set(meanColor(picture, span(x, size.width, picture.width), rows), 4 * (y * size.width + x));
    }
  }
  return { ...size, data };
}

/** As large as the picture, or as small as a thumbnail. */
function thumbnailSize({ width, height }: Size): Size {
  const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

type Span = readonly [first: number, end: number];

function span(index: number, length: number, sourceLength: number): Span {
  const first = Math.floor((index * sourceLength) / length);
  return [first, Math.max(first + 1, Math.floor(((index + 1) * sourceLength) / length))];
}

function meanColor(
  { data, width }: Pick<ImageData, "data" | "width">,
  [left, right]: Span,
  [top, bottom]: Span,
): number[] {
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        sums[channel] = (sums[channel] ?? 0) + (data[4 * (y * width + x) + channel] ?? 0);
      }
    }
  }
  const count = (right - left) * (bottom - top);
  return [...sums.map((sum) => sum / count), 255];
}

/** Flood fill: the connected area of one class gets another. */

import { EMPTY_RECT, type Point, type Rect } from "./geometry.js";
import type { LabelMap } from "./label-map.js";
import { RectBuilder } from "./rect-builder.js";

/**
 * Fills the 4-connected area of equal ids around a point.
 *
 * A scanline fill: it takes whole spans and keeps only the starts of spans above and below on its stack.
 * Does nothing outside the map and where the id is already there.
 */
export function floodFill(map: LabelMap, pointInImage: Point, id: number): Rect {
  const startX = Math.floor(pointInImage.x);
  const startY = Math.floor(pointInImage.y);
  const target = map.at(startX, startY);
  if (target === undefined || target === id) return EMPTY_RECT;
  const { ids, width, height } = map;
  const written = new RectBuilder();
  const starts: number[] = [startY * width + startX];
  for (let start = starts.pop(); start !== undefined; start = starts.pop()) {
    if (ids[start] !== target) continue;
    const y = Math.floor(start / width);
    const row = y * width;
    let first = start;
    while (first > row && ids[first - 1] === target) first -= 1;
    let last = start;
    while (last < row + width - 1 && ids[last + 1] === target) last += 1;
    ids.fill(id, first, last + 1);
    written.addSpan(y, first - row, last - row);
    if (y > 0) pushSpans(ids, first - width, last - width, target, starts);
    if (y < height - 1) pushSpans(ids, first + width, last + width, target, starts);
  }
  return written.rect();
}

/** Pushes the first pixel of each run of `target` between two indices of one row. */
function pushSpans(ids: Uint8Array, first: number, last: number, target: number, starts: number[]): void {
  let inside = false;
  for (let index = first; index <= last; index += 1) {
    const matches = ids[index] === target;
    if (matches && !inside) starts.push(index);
    inside = matches;
  }
}

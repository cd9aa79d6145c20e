/** Flood fill: the connected area of one class, or of one object, gets another. */

import { EMPTY_RECT, type Point, type Rect } from "./geometry.js";
import type { Ink, LabelMap } from "./label-map.js";
import { RectBuilder } from "./rect-builder.js";

/**
 * Fills the 4-connected area of equal ids around a point; it ends where another object begins.
 *
 * A scanline fill: it takes whole spans and keeps only the starts of spans above and below on its stack.
 * Does nothing outside the map and where the ink is already there.
 */
export function floodFill(map: LabelMap, pointInImage: Point, ink: Ink): Rect {
  const startX = Math.floor(pointInImage.x);
  const startY = Math.floor(pointInImage.y);
  const { width, height } = map;
  if (map.at(startX, startY) === undefined) return EMPTY_RECT;
  const target = map.inkAt(startY * width + startX);
  if (target === ink) return EMPTY_RECT;
  const written = new RectBuilder();
  const starts: number[] = [startY * width + startX];
  for (let start = starts.pop(); start !== undefined; start = starts.pop()) {
    if (map.inkAt(start) !== target) continue;
    const y = Math.floor(start / width);
    const row = y * width;
    let first = start;
    while (first > row && map.inkAt(first - 1) === target) first -= 1;
    let last = start;
    while (last < row + width - 1 && map.inkAt(last + 1) === target) last += 1;
    map.fill(ink, first, last + 1);
    written.addSpan(y, first - row, last - row);
    if (y > 0) pushSpans(map, first - width, last - width, target, starts);
    if (y < height - 1) pushSpans(map, first + width, last + width, target, starts);
  }
  return written.rect();
}

/** Pushes the first pixel of each run of `target` between two indices of one row. */
function pushSpans(map: LabelMap, first: number, last: number, target: Ink, starts: number[]): void {
  let inside = false;
  for (let index = first; index <= last; index += 1) {
    const matches = map.inkAt(index) === target;
    if (matches && !inside) starts.push(index);
    inside = matches;
  }
}

/** The painted label map: one class id per pixel, and the whole-map operations on it. */

import { EMPTY_RECT, rectOfSize, type Rect } from "./geometry.js";
import { RectBuilder } from "./rect-builder.js";

/** A class of a model: the id stored in label maps, its name and the colour it is shown in. */
export interface LabelClass {
  /** Value in label maps, 0 to 255. */
  readonly id: number;
  /** What people call it. */
  readonly name: string;
  /** Red, green, blue, each 0 to 255. */
  readonly color: readonly [number, number, number];
  /** What kind of thing it is, such as "plants": a heading in palettes of many labels. */
  readonly group?: string;
}

/** Id of the background label, which the eraser paints. */
export const BACKGROUND_ID = 0;

/**
 * A label map: class ids, row-major, one byte per pixel.
 *
 * Every editing operation in this room writes hard-edged ids (they never blend), clips to the map and returns
 * the rectangle of pixels that it wrote, which is empty when it wrote none.
 */
export class LabelMap {
  /** Ids, `width * height` of them, row-major. */
  readonly ids: Uint8Array;
  /** Pixels per row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;

  /**
   * @param ids used as they are, not copied; all background when left out.
   * @throws RangeError when a side is not a whole number above 0 or `ids` has another length.
   */
  constructor(width: number, height: number, ids?: Uint8Array) {
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
      throw new RangeError(`label map: expected whole sides of at least 1, found ${width}×${height}`);
    }
    if (ids !== undefined && ids.length !== width * height) {
      throw new RangeError(`label map: expected ${width * height} ids for ${width}×${height}, found ${ids.length}`);
    }
    this.width = width;
    this.height = height;
    this.ids = ids ?? new Uint8Array(width * height);
  }

  /** The id at a pixel; undefined outside the map. */
  at(x: number, y: number): number | undefined {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return undefined;
    return this.ids[Math.floor(y) * this.width + Math.floor(x)];
  }

  /** A copy with its own ids. */
  clone(): LabelMap {
    return new LabelMap(this.width, this.height, this.ids.slice());
  }

  /** Whether both have the same size and the same ids. */
  equals(other: LabelMap): boolean {
    if (this.width !== other.width || this.height !== other.height) return false;
    return this.ids.every((id, index) => id === other.ids[index]);
  }

  /**
   * Paints the pixels `left..=right` of row `y`, clipped to the map.
   *
   * The building block of every shape; `written` grows by what was painted.
   */
  paintSpan(y: number, left: number, right: number, id: number, written: RectBuilder): void {
    if (y < 0 || y >= this.height) return;
    const first = left <= 0 ? 0 : left;
    const last = right >= this.width ? this.width - 1 : right;
    if (first > last) return;
    const row = y * this.width;
    this.ids.fill(id, row + first, row + last + 1);
    written.addSpan(y, first, last);
  }
}

/** Paints everything with one class. */
export function clearLabelMap(map: LabelMap, id: number = BACKGROUND_ID): Rect {
  map.ids.fill(id);
  return rectOfSize(map);
}

/** Gives every pixel of class `from` the class `to`, everywhere. */
export function replaceClass(map: LabelMap, from: number, to: number): Rect {
  if (from === to) return EMPTY_RECT;
  const { ids, width, height } = map;
  const written = new RectBuilder();
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    let first = -1;
    let last = -1;
    for (let x = 0; x < width; x += 1) {
      if (ids[row + x] !== from) continue;
      ids[row + x] = to;
      if (first < 0) first = x;
      last = x;
    }
    if (first >= 0) written.addSpan(y, first, last);
  }
  return written.rect();
}

/** How many pixels each id has, for ids 0 to 255. */
export function countClasses(map: LabelMap): Uint32Array {
  const counts = new Uint32Array(256);
  for (const id of map.ids) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

/**
 * Nearest-neighbour resize: ids never blend.
 *
 * Samples at pixel centres, so the same size gives the same map back.
 */
export function resizeLabelMap(map: LabelMap, width: number, height: number): LabelMap {
  const resized = new LabelMap(width, height);
  const columns = new Uint32Array(width);
  for (let x = 0; x < width; x += 1) columns[x] = sourceIndex(x, width, map.width);
  for (let y = 0; y < height; y += 1) {
    const sourceRow = sourceIndex(y, height, map.height) * map.width;
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      resized.ids[row + x] = map.ids[sourceRow + (columns[x] ?? 0)] ?? 0;
    }
  }
  return resized;
}

function sourceIndex(index: number, length: number, sourceLength: number): number {
  return Math.min(sourceLength - 1, Math.floor(((index + 0.5) * sourceLength) / length));
}

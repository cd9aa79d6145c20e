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

/** Number of a pixel that belongs to no object: its class is one region, as without objects. */
export const NO_OBJECT = 0;
/** The largest number of an object. */
export const MAX_OBJECT = 0xffff;

/**
 * What paints: a class and, in the upper 16 bits, the object that the pixels belong to. A class id alone is the ink of
 * that class and no object.
 */
export type Ink = number;

/** The ink of a class (0 to 255) and one of its objects (0 to 65535, 0 for none). */
export function inkOf(classId: number, object: number = NO_OBJECT): Ink {
  return classId + object * 256;
}

/**
 * A label map: class ids, row-major, one byte per pixel; for models that tell objects apart, with a layer of objects.
 *
 * Objects are numbered within their class: pixels are of one object when both their class and their number are the same.
 * Number 0 is none.
 *
 * Every editing operation in this room writes hard-edged ids (they never blend), clips to the map and returns
 * the rectangle of pixels that it wrote, which is empty when it wrote none.
 */
export class LabelMap {
  /** Ids, `width * height` of them, row-major. */
  readonly ids: Uint8Array;
  /** Numbers of objects, one a pixel, row-major; undefined where nobody asks for objects. */
  private layer: Uint16Array | undefined;
  /** Pixels per row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;

  /**
   * @param ids used as they are, not copied; all background when left out.
   * @param objects likewise; no layer when left out.
   * @throws RangeError when a side is not a whole number above 0 or `ids` or `objects` has another length.
   */
  constructor(width: number, height: number, ids?: Uint8Array, objects?: Uint16Array) {
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
      throw new RangeError(`label map: expected whole sides of at least 1, found ${width}×${height}`);
    }
    if (ids !== undefined && ids.length !== width * height) {
      throw new RangeError(`label map: expected ${width * height} ids for ${width}×${height}, found ${ids.length}`);
    }
    if (objects !== undefined && objects.length !== width * height) {
      const found = objects.length;
      throw new RangeError(`label map: expected ${width * height} objects for ${width}×${height}, found ${found}`);
    }
    this.width = width;
    this.height = height;
    this.ids = ids ?? new Uint8Array(width * height);
    this.layer = objects;
  }

  /** The layer of objects: a number for each pixel, 0 for none; undefined without a layer. */
  get objects(): Uint16Array | undefined {
    return this.layer;
  }

  /** Adds a layer where there is none, of no object anywhere, and gives it. */
  addObjects(): Uint16Array {
    this.layer ??= new Uint16Array(this.ids.length);
    return this.layer;
  }

  /** The id at a pixel; undefined outside the map. */
  at(x: number, y: number): number | undefined {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return undefined;
    return this.ids[Math.floor(y) * this.width + Math.floor(x)];
  }

  /** The object at a pixel: 0 for none, also without a layer; undefined outside the map. */
  objectAt(x: number, y: number): number | undefined {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return undefined;
    return this.layer?.[Math.floor(y) * this.width + Math.floor(x)] ?? NO_OBJECT;
  }

  /** The ink of the pixel with an index. */
  inkAt(index: number): Ink {
    return inkOf(this.ids[index] ?? 0, this.layer?.[index]);
  }

  /** A copy with its own ids and objects. */
  clone(): LabelMap {
    return new LabelMap(this.width, this.height, this.ids.slice(), this.layer?.slice());
  }

  /** Whether both have the same size, ids and objects; without a layer, nothing is an object. */
  equals(other: LabelMap): boolean {
    if (this.width !== other.width || this.height !== other.height) return false;
    const sameIds = this.ids.every((id, index) => id === other.ids[index]);
    if (!sameIds || (!this.layer && !other.layer)) return sameIds;
    return this.ids.every((_, index) => (this.layer?.[index] ?? 0) === (other.layer?.[index] ?? 0));
  }

  /**
   * Paints the pixels `left..=right` of row `y`, clipped to the map.
   *
   * The building block of every shape; `written` grows by what was painted.
   */
  paintSpan(y: number, left: number, right: number, ink: Ink, written: RectBuilder): void {
    if (y < 0 || y >= this.height) return;
    const first = left <= 0 ? 0 : left;
    const last = right >= this.width ? this.width - 1 : right;
    if (first > last) return;
    const row = y * this.width;
    this.fill(ink, row + first, row + last + 1);
    written.addSpan(y, first, last);
  }

  /** Paints the pixels from one index up to another. */
  fill(ink: Ink, start = 0, end = this.ids.length): void {
    this.ids.fill(ink & 255, start, end);
    this.layer?.fill(ink >>> 8, start, end);
  }
}

/** Paints everything with one class, and takes it out of its objects. */
export function clearLabelMap(map: LabelMap, id: number = BACKGROUND_ID): Rect {
  map.fill(id);
  return rectOfSize(map);
}

/** Gives every pixel of one ink (a class, or one of its objects) another, everywhere. */
export function replaceInk(map: LabelMap, from: Ink, to: Ink): Rect {
  if (from === to) return EMPTY_RECT;
  const { width, height } = map;
  const written = new RectBuilder();
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    let first = -1;
    let last = -1;
    for (let x = 0; x < width; x += 1) {
      if (map.inkAt(row + x) !== from) continue;
      map.fill(to, row + x, row + x + 1);
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
 * Nearest-neighbour resize: ids and objects never blend.
 *
 * Samples at pixel centres, so the same size gives the same map back.
 */
export function resizeLabelMap(map: LabelMap, width: number, height: number): LabelMap {
  const resized = new LabelMap(width, height);
  const objects = map.objects && resized.addObjects();
  const columns = new Uint32Array(width);
  for (let x = 0; x < width; x += 1) columns[x] = sourceIndex(x, width, map.width);
  for (let y = 0; y < height; y += 1) {
    const sourceRow = sourceIndex(y, height, map.height) * map.width;
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      const source = sourceRow + (columns[x] ?? 0);
      resized.ids[row + x] = map.ids[source] ?? 0;
      if (objects) objects[row + x] = map.objects?.[source] ?? NO_OBJECT;
    }
  }
  return resized;
}

function sourceIndex(index: number, length: number, sourceLength: number): number {
  return Math.min(sourceLength - 1, Math.floor(((index + 0.5) * sourceLength) / length));
}

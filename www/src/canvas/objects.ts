/** The objects of a label map: which there are, the next free number, and a first guess. */

import { rectOfSize, type Point, type Rect } from "./geometry.js";
import { floodFill } from "./flood-fill.js";
import { inkOf, MAX_OBJECT, NO_OBJECT, type LabelMap } from "./label-map.js";

/** An object of a label map: pixels of one class with one number. */
export interface MapObject {
  readonly classId: number;
  /** 1 to 65535, within its class. */
  readonly object: number;
  /** How many pixels it has. */
  readonly pixels: number;
  /** The smallest rectangle around it; it need not be in one piece. */
  readonly rect: Rect;
}

/** Every object, by class and number; none without a layer. */
export function objectsOf(map: LabelMap): readonly MapObject[] {
  const { objects, ids, width } = map;
  const found = new Map<number, { pixels: number; left: number; right: number; top: number; bottom: number }>();
  objects?.forEach((object, index) => {
    if (object === NO_OBJECT) return;
    const [x, y] = [index % width, Math.floor(index / width)];
    // Sorted by class first, unlike an ink.
    const key = (ids[index] ?? 0) * (MAX_OBJECT + 1) + object;
    const box = found.get(key);
    if (!box) {
      found.set(key, { pixels: 1, left: x, right: x, top: y, bottom: y });
      return;
    }
    box.pixels += 1;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.bottom = y;
  });
  return [...found]
    .sort(([one], [other]) => one - other)
    .map(([key, { pixels, left, right, top, bottom }]) => ({
      classId: Math.floor(key / (MAX_OBJECT + 1)),
      object: key % (MAX_OBJECT + 1),
      pixels,
      rect: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 },
    }));
}

/** Whether anything is an object. */
export function hasObjects({ objects }: LabelMap): boolean {
  return objects?.some((object) => object !== NO_OBJECT) ?? false;
}

/** Whether two pixels are not of one object, and one of them at least is of one. */
export function isObjectEdge(map: LabelMap, index: number, other: number): boolean {
  const { objects } = map;
  if (!objects || (objects[index] === NO_OBJECT && objects[other] === NO_OBJECT)) return false;
  return map.inkAt(index) !== map.inkAt(other);
}

/** The smallest number that no object of a class has; undefined when all are taken. */
export function nextObject(map: LabelMap, classId: number): number | undefined {
  return freeNumbers(map, classId).next().value;
}

/**
 * A first guess: every connected area of these classes that belongs to no object becomes one, numbered from the top.
 *
 * What is an object already stays as it is. Where a class has no number left, the rest of its areas stay without one.
 */
export function findObjects(map: LabelMap, classIds: readonly number[]): Rect {
  const objects = map.addObjects();
  const numbers = new Map(classIds.map((id) => [id, freeNumbers(map, id)]));
  const { ids, width } = map;
  for (let index = 0; index < ids.length; index += 1) {
    const classId = ids[index] ?? 0;
    const free = objects[index] === NO_OBJECT ? numbers.get(classId)?.next().value : undefined;
    if (free === undefined) continue;
    const start: Point = { x: index % width, y: Math.floor(index / width) };
    floodFill(map, start, inkOf(classId, free));
  }
  return rectOfSize(map);
}

/** Makes everything of these classes no object any more; everything at all without classes. */
export function forgetObjects(map: LabelMap, classIds?: readonly number[]): Rect {
  const { objects, ids } = map;
  const asked = classIds && new Set(classIds);
  objects?.forEach((_, index) => {
    if (!asked || asked.has(ids[index] ?? 0)) objects[index] = NO_OBJECT;
  });
  return rectOfSize(map);
}

/** The numbers that a class's objects have, ascending. */
export function numbersOfClass(map: LabelMap, classId: number): number[] {
  const numbers: number[] = [];
  takenNumbers(map, classId).forEach((taken, number) => {
    if (taken === 1 && number !== NO_OBJECT) numbers.push(number);
  });
  return numbers;
}

/** The free numbers of a class, the smallest first, as they are now. */
function* freeNumbers(map: LabelMap, classId: number): Generator<number, undefined> {
  const taken = takenNumbers(map, classId);
  for (let number = 1; number <= MAX_OBJECT; number += 1) if (taken[number] === 0) yield number;
  return undefined;
}

/** By number: 1 where an object of the class has it. */
function takenNumbers({ ids, objects }: LabelMap, classId: number): Uint8Array {
  const taken = new Uint8Array(MAX_OBJECT + 1);
  for (let index = 0; objects && index < ids.length; index += 1) {
    if (ids[index] === classId) taken[objects[index] ?? NO_OBJECT] = 1;
  }
  return taken;
}

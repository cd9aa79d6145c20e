/**
 * Instance maps: one number a pixel, as generators and the programs of the models' authors take them.
 *
 * Cityscapes' rule: a pixel of no object has its class's id, below 1000, and one of an object `id · 1000 + n`, with n from
 * 0 to 999. Such a map tells classes too. It knows no objects of class 0, and none of classes above 65: they do not fit
 * into 16 bits. Plain numbers know everything: a pixel of no object has its class's id, and every object one above 255;
 * they tell objects apart, and nothing more.
 */

import { inkOf, MAX_OBJECT, NO_OBJECT, type LabelMap } from "./label-map.js";

/** What the class is multiplied by in Cityscapes' rule. */
const CLASS_STEP = 1000;
/** The first number of an object in plain numbers: above every class's id. */
const FIRST_PLAIN = 256;

/** How the numbers of an instance map are to be understood. */
export type InstanceRule = "cityscapes" | "plain";

/** Numbers by Cityscapes' rule; undefined where an object has none by it. */
export function cityscapesNumbers(map: LabelMap): Uint16Array<ArrayBuffer> | undefined {
  const { ids, objects } = map;
  const numbers = new Uint16Array(ids.length);
  for (let index = 0; index < ids.length; index += 1) {
    const id = ids[index] ?? 0;
    const object = objects?.[index] ?? NO_OBJECT;
    const number = object === NO_OBJECT ? id : id * CLASS_STEP + object - 1;
    if (object !== NO_OBJECT && (id === 0 || object > CLASS_STEP || number > MAX_OBJECT)) return undefined;
    numbers[index] = number;
  }
  return numbers;
}

/**
 * Plain numbers, in the order in which objects come from the top. Where there are more objects than numbers (65 280), they
 * begin again.
 */
export function plainNumbers(map: LabelMap): Uint16Array<ArrayBuffer> {
  const { ids, objects } = map;
  const numbers = new Uint16Array(ids);
  const known = new Map<number, number>();
  let [last, number] = [-1, 0];
  for (let index = 0; objects && index < ids.length; index += 1) {
    const object = objects[index] ?? NO_OBJECT;
    if (object === NO_OBJECT) continue;
    const ink = inkOf(ids[index] ?? 0, object);
    // Neighbours are mostly of one object: looking it up costs more than all the rest.
    if (ink !== last) {
      number = known.get(ink) ?? FIRST_PLAIN + (known.size % (MAX_OBJECT - FIRST_PLAIN + 1));
      known.set(ink, number);
      last = ink;
    }
    numbers[index] = number;
  }
  return numbers;
}

/**
 * What a generator is given: by Cityscapes' rule where that has numbers for all, else plain. Undefined where nothing is an
 * object: every class is one region then, which generators know by themselves.
 */
export function instancesOf(map: LabelMap): Uint16Array<ArrayBuffer> | undefined {
  if (!map.objects?.some((object) => object !== NO_OBJECT)) return undefined;
  return cityscapesNumbers(map) ?? plainNumbers(map);
}

/** A map and how its numbers were understood. */
export interface ReadInstances {
  readonly objects: Uint16Array<ArrayBuffer>;
  readonly rule: InstanceRule;
}

/**
 * The layer of objects that an instance map beside a label map means.
 *
 * By Cityscapes' rule when every number has it, for the class that its pixel has; else plain: pixels of one class with one
 * number are one object. Either way pixels whose number is their class's id are no object; in plain maps, neither are those
 * with 0.
 *
 * @param numbers one for each pixel of `ids`
 */
export function objectsFromInstances(ids: Uint8Array, numbers: Uint16Array): ReadInstances {
  const isCityscapes = numbers.every((number, index) => classOf(number) === ids[index]);
  const objects = new Uint16Array(ids.length);
  if (isCityscapes) {
    numbers.forEach((number, index) => (objects[index] = objectOf(number)));
    return { objects, rule: "cityscapes" };
  }
  const known = new Map<number, Map<number, number>>();
  numbers.forEach((number, index) => {
    const id = ids[index] ?? 0;
    if (number === id || number === 0) return;
    const ofClass = known.get(id) ?? new Map<number, number>();
    known.set(id, ofClass);
    const object = ofClass.get(number) ?? ofClass.size + 1;
    ofClass.set(number, object);
    objects[index] = object;
  });
  return { objects, rule: "plain" };
}

/** Classes, 0 to 999, and objects of a map by Cityscapes' rule. */
export function labelsFromCityscapes(numbers: Uint16Array): { ids: Uint16Array; objects: Uint16Array } {
  return { ids: numbers.map(classOf), objects: numbers.map(objectOf) };
}

function classOf(number: number): number {
  return number < CLASS_STEP ? number : Math.floor(number / CLASS_STEP);
}

function objectOf(number: number): number {
  return number < CLASS_STEP ? NO_OBJECT : (number % CLASS_STEP) + 1;
}

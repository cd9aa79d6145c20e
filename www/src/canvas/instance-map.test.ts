import { describe, expect, it } from "vitest";
import {
  cityscapesNumbers,
  instancesOf,
  labelsFromCityscapes,
  objectsFromInstances,
  plainNumbers,
} from "./instance-map.js";
import { inkOf, LabelMap } from "./label-map.js";
import { integerBetween, seededRandom } from "./seeded-random.js";

/** One row of classes and objects. */
function row(...pixels: readonly (readonly [id: number, object: number])[]): LabelMap {
  const [ids, objects] = [pixels.map(([id]) => id), pixels.map(([, object]) => object)];
  return new LabelMap(pixels.length, 1, Uint8Array.from(ids), Uint16Array.from(objects));
}

function randomMap(random: () => number, classes: number, objects: number): LabelMap {
  const map = new LabelMap(12, 9, undefined, new Uint16Array(108));
  for (let index = 0; index < 108; index += 1) {
    const id = integerBetween(random, 0, classes - 1);
    map.fill(inkOf(id, id === 0 ? 0 : integerBetween(random, 0, objects)), index, index + 1);
  }
  return map;
}

/** Whether the same pixels have the same number in both. */
function samePartition(one: Uint16Array, other: Uint16Array): boolean {
  const [there, back] = [new Map<number, number>(), new Map<number, number>()];
  return one.every((number, index) => {
    const twin = other[index] ?? 0;
    if (!there.has(number) && !back.has(twin)) {
      there.set(number, twin);
      back.set(twin, number);
    }
    return there.get(number) === twin && back.get(twin) === number;
  });
}

describe("Cityscapes' rule", () => {
  it("gives what is no object its class's id, and objects id · 1000 + n from 0 on", () => {
    const map = row([7, 0], [26, 1], [26, 2], [26, 0], [65, 536]);
    expect([...(cityscapesNumbers(map) ?? [])]).toEqual([7, 26_000, 26_001, 26, 65_535]);
  });

  it("has no numbers for objects of class 0, of high classes, and beyond the thousandth", () => {
    for (const pixel of [
      [0, 1],
      [66, 1],
      [65, 537],
      [26, 1001],
    ] as const) {
      expect(cityscapesNumbers(row(pixel))).toBeUndefined();
    }
    expect(cityscapesNumbers(row([26, 1000]))?.[0]).toBe(26_999);
  });

  it("is read back exactly, with the classes and without, for any map", () => {
    const random = seededRandom(41);
    for (let round = 0; round < 60; round += 1) {
      const map = randomMap(random, 35, 4);
      const numbers = cityscapesNumbers(map) ?? new Uint16Array();
      expect(objectsFromInstances(map.ids, numbers)).toEqual({ objects: map.objects, rule: "cityscapes" });
      const { ids, objects } = labelsFromCityscapes(numbers);
      expect([Uint8Array.from(ids), objects]).toEqual([map.ids, map.objects]);
    }
  });
});

describe("plain numbers", () => {
  it("tell every object apart from every other and from every class, and so do those that were read", () => {
    const random = seededRandom(42);
    for (let round = 0; round < 60; round += 1) {
      const map = randomMap(random, 200, 3);
      const inks = Uint32Array.from(map.ids, (_, index) => map.inkAt(index));
      const ranks = new Map([...new Set(inks)].map((ink, rank) => [ink, rank]));
      const numbers = plainNumbers(map);
      expect(
        samePartition(
          Uint16Array.from(inks, (ink) => ranks.get(ink) ?? 0),
          numbers,
        ),
      ).toBe(true);
      const read = objectsFromInstances(map.ids, numbers);
      expect(read.rule).toBe("plain");
      const again = new LabelMap(map.width, map.height, map.ids, read.objects);
      expect(samePartition(plainNumbers(again), numbers)).toBe(true);
    }
  });

  it("of others: a class's own id and 0 are no object, equal numbers in two classes are two objects", () => {
    const { objects, rule } = objectsFromInstances(Uint8Array.of(3, 3, 3, 3, 4, 4), Uint16Array.of(3, 0, 9, 11, 9, 4));
    expect([rule, ...objects]).toEqual(["plain", 0, 0, 1, 2, 1, 0]);
  });

  it("begin again where there are more objects than numbers", () => {
    const count = 65_281;
    const map = new LabelMap(count, 1, undefined, new Uint16Array(count));
    for (let index = 0; index < count; index += 1) map.fill(inkOf(index % 2, index), index, index + 1);
    const numbers = plainNumbers(map);
    expect([numbers[1], numbers[65_280]]).toEqual([256, 65_535]);
  });
});

describe("what a generator is given", () => {
  it("is nothing where nothing is an object, Cityscapes' numbers where it can be, else plain ones", () => {
    expect(instancesOf(new LabelMap(2, 2))).toBeUndefined();
    expect(instancesOf(row([3, 0], [4, 0]))).toBeUndefined();
    expect([...(instancesOf(row([3, 1], [3, 2], [4, 0])) ?? [])]).toEqual([3000, 3001, 4]);
    expect([...(instancesOf(row([150, 1], [150, 2], [4, 0])) ?? [])]).toEqual([256, 257, 4]);
  });
});

import { describe, expect, it } from "vitest";
import { EMPTY_RECT } from "./geometry.js";
import { floodFill } from "./flood-fill.js";
import { clearLabelMap, inkOf, LabelMap, replaceInk, resizeLabelMap } from "./label-map.js";
import { findObjects, forgetObjects, nextObject, objectsOf } from "./objects.js";
import { integerBetween, seededRandom } from "./seeded-random.js";
import { stampBrush } from "./stroke.js";

/** A map from rows of classes, with a layer from rows of objects. */
function mapOf(classes: readonly string[], objects?: readonly string[]): LabelMap {
  const digits = (rows: readonly string[]) => rows.join("").split("").map(Number);
  const [width, height] = [classes[0]?.length ?? 1, classes.length];
  const layer = objects && Uint16Array.from(digits(objects));
  return new LabelMap(width, height, Uint8Array.from(digits(classes)), layer);
}

const rowsOf = (map: LabelMap): string[] =>
  Array.from({ length: map.height }, (_, y) =>
    Array.from({ length: map.width }, (_, x) => map.objectAt(x, y)).join(""),
  );

function randomMap(random: () => number): LabelMap {
  const [width, height] = [integerBetween(random, 1, 24), integerBetween(random, 1, 24)];
  const map = new LabelMap(width, height, undefined, new Uint16Array(width * height));
  for (let index = 0; index < map.ids.length; index += 1) {
    map.fill(inkOf(integerBetween(random, 0, 2), integerBetween(random, 0, 2) * 20_000), index, index + 1);
  }
  return map;
}

describe("a label map with objects", () => {
  it("takes class and object from an ink, and no object from a class alone", () => {
    const map = mapOf(["000", "000"], ["000", "000"]);
    stampBrush(map, { pointInImage: { x: 0, y: 0 }, size: 1 }, inkOf(255, 65_535));
    expect([map.at(0, 0), map.objectAt(0, 0)]).toEqual([255, 65_535]);
    stampBrush(map, { pointInImage: { x: 0, y: 0 }, size: 1 }, 3);
    expect([map.at(0, 0), map.objectAt(0, 0)]).toEqual([3, 0]);
    expect(map.objectAt(3, 0)).toBeUndefined();
  });

  it("has no layer where none was asked for, whatever is painted", () => {
    const map = new LabelMap(4, 4);
    clearLabelMap(map, inkOf(2, 7));
    expect([map.objects, map.at(1, 1), map.objectAt(1, 1)]).toEqual([undefined, 2, 0]);
    expect(map.equals(mapOf(["2222", "2222", "2222", "2222"], ["0000", "0000", "0000", "0000"]))).toBe(true);
    expect(map.equals(mapOf(["2222", "2222", "2222", "2222"], ["0000", "0000", "0010", "0000"]))).toBe(false);
  });

  it("refuses a layer of another size", () => {
    expect(() => new LabelMap(2, 2, new Uint8Array(4), new Uint16Array(3))).toThrow(/expected 4 objects .*found 3/);
  });

  it("resizes both the same way, so that no pixel gets what it never was", () => {
    const random = seededRandom(31);
    for (let round = 0; round < 40; round += 1) {
      const map = randomMap(random);
      const inks = new Set(Array.from(map.ids, (_, index) => map.inkAt(index)));
      const resized = resizeLabelMap(map, integerBetween(random, 1, 50), integerBetween(random, 1, 50));
      expect(resized.objects).toHaveLength(resized.ids.length);
      expect(Array.from(resized.ids, (_, index) => resized.inkAt(index)).every((ink) => inks.has(ink))).toBe(true);
    }
  });
});

describe("filling", () => {
  it("stops where another object of the same class begins", () => {
    const map = mapOf(["1111", "1111"], ["1122", "1122"]);
    expect(floodFill(map, { x: 0, y: 0 }, inkOf(2, 5))).toEqual({ x: 0, y: 0, width: 2, height: 2 });
    expect(rowsOf(map)).toEqual(["5522", "5522"]);
    expect([map.at(0, 0), map.at(2, 0)]).toEqual([2, 1]);
  });

  it("takes an area out of its object, and does nothing where the ink is already there", () => {
    const map = mapOf(["11", "11"], ["11", "11"]);
    expect(floodFill(map, { x: 0, y: 0 }, inkOf(1, 1))).toEqual(EMPTY_RECT);
    floodFill(map, { x: 0, y: 0 }, 1);
    expect(rowsOf(map)).toEqual(["00", "00"]);
  });

  it("replaces an object wherever it is, and nothing else of its class", () => {
    const map = mapOf(["11011"], ["10011"]);
    expect(replaceInk(map, inkOf(1, 1), inkOf(2, 1))).toEqual({ x: 0, y: 0, width: 5, height: 1 });
    expect([...map.ids]).toEqual([2, 1, 0, 2, 2]);
    expect(rowsOf(map)).toEqual(["10011"]);
  });
});

describe("objects", () => {
  it("are listed by class and number, with their size and place", () => {
    expect(objectsOf(mapOf(["1122", "0122"], ["1120", "0102"]))).toEqual([
      { classId: 1, object: 1, pixels: 3, rect: { x: 0, y: 0, width: 2, height: 2 } },
      { classId: 2, object: 2, pixels: 2, rect: { x: 2, y: 0, width: 2, height: 2 } },
    ]);
    expect(objectsOf(new LabelMap(3, 3))).toEqual([]);
  });

  it("get the smallest free number of their class", () => {
    const map = mapOf(["11122"], ["13011"]);
    expect([nextObject(map, 1), nextObject(map, 2), nextObject(map, 3)]).toEqual([2, 2, 1]);
  });

  it("are found as connected areas; what is one already stays, diagonal neighbours are two", () => {
    const map = mapOf(["1102", "1021", "0211"], ["2200", "2000", "0000"]);
    findObjects(map, [1, 2]);
    expect(rowsOf(map)).toEqual(["2201", "2021", "0311"]);
  });

  it("found in any map: every area has its own number, no area has two, and finding again changes nothing", () => {
    const random = seededRandom(32);
    for (let round = 0; round < 40; round += 1) {
      const map = randomMap(random);
      const before = map.clone();
      findObjects(map, [1, 2]);
      expect(map.ids).toEqual(before.ids);
      map.ids.forEach((id, index) => {
        const [was, is] = [before.objects?.[index], map.objects?.[index] ?? 0];
        if (was !== 0 || id === 0) expect(is).toBe(was);
        else expect(is).toBeGreaterThan(0);
        const right = index % map.width < map.width - 1 && map.ids[index + 1] === id;
        // Neighbours of one class that were none are in one area.
        if (right && id > 0 && was === 0 && before.objects?.[index + 1] === 0) {
          expect(map.objects?.[index + 1]).toBe(is);
        }
      });
      const once = map.clone();
      findObjects(map, [1, 2]);
      expect(map.equals(once)).toBe(true);
    }
  });

  it("are forgotten, of one class or everywhere", () => {
    const map = mapOf(["12"], ["11"]);
    forgetObjects(map, [1]);
    expect(rowsOf(map)).toEqual(["01"]);
    forgetObjects(map);
    expect(rowsOf(map)).toEqual(["00"]);
  });
});

import { describe, expect, it } from "vitest";
import { EMPTY_RECT } from "./geometry.js";
import { clearLabelMap, countClasses, LabelMap, replaceInk, resizeLabelMap } from "./label-map.js";

describe("LabelMap", () => {
  it("is all background at first", () => {
    expect([...new LabelMap(3, 2).ids]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("refuses sides that are not whole or not above 0, saying what it found", () => {
    expect(() => new LabelMap(0, 4)).toThrow("0×4");
    expect(() => new LabelMap(2.5, 4)).toThrow("2.5×4");
  });

  it("refuses ids of another length, saying both lengths", () => {
    expect(() => new LabelMap(2, 2, new Uint8Array(3))).toThrow("expected 4 ids for 2×2, found 3");
  });

  it("gives the id at a pixel and undefined outside", () => {
    const map = new LabelMap(2, 2, Uint8Array.of(1, 2, 3, 4));
    expect(map.at(1, 0)).toBe(2);
    expect(map.at(0.9, 1.9)).toBe(3);
    expect([map.at(-1, 0), map.at(2, 0), map.at(0, 2)]).toEqual([undefined, undefined, undefined]);
  });

  it("clones with ids of its own", () => {
    const map = new LabelMap(2, 1, Uint8Array.of(1, 2));
    const copy = map.clone();
    copy.ids[0] = 9;
    expect(map.at(0, 0)).toBe(1);
    expect(map.equals(copy)).toBe(false);
  });
});

describe("whole-map operations", () => {
  it("clear paints everything and reports everything", () => {
    const map = new LabelMap(3, 2, Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(clearLabelMap(map, 7)).toEqual({ x: 0, y: 0, width: 3, height: 2 });
    expect(countClasses(map)[7]).toBe(6);
  });

  it("replaceInk changes one class everywhere and reports the smallest rectangle", () => {
    const map = new LabelMap(4, 4);
    map.ids.set([5], 4 + 1);
    map.ids.set([5], 2 * 4 + 3);
    expect(replaceInk(map, 5, 6)).toEqual({ x: 1, y: 1, width: 3, height: 2 });
    expect([map.at(1, 1), map.at(3, 2)]).toEqual([6, 6]);
    expect(replaceInk(map, 5, 6)).toEqual(EMPTY_RECT);
    expect(replaceInk(map, 6, 6)).toEqual(EMPTY_RECT);
  });

  it("resize takes the nearest pixel and keeps a map of the same size as it is", () => {
    const map = new LabelMap(2, 2, Uint8Array.of(1, 2, 3, 4));
    const large = resizeLabelMap(map, 4, 4);
    expect([...large.ids]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    expect(resizeLabelMap(large, 2, 2).equals(map)).toBe(true);
    expect(resizeLabelMap(map, 2, 2).equals(map)).toBe(true);
  });
});

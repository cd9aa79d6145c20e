import { describe, expect, it } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { hasSameShape, reshapeLabelMap } from "./label-map-shape.js";

/** 8×4: columns 0 to 7 have ids 1 to 8. */
const wide = new LabelMap(
  8,
  4,
  Uint8Array.from({ length: 32 }, (_, index) => (index % 8) + 1),
);

const rows = (map: LabelMap): number[][] =>
  Array.from({ length: map.height }, (_, y) => [...map.ids.slice(y * map.width, (y + 1) * map.width)]);

describe("reshapeLabelMap", () => {
  it("crops to the middle", () => {
    expect(rows(reshapeLabelMap(wide, { width: 4, height: 4 }, "crop"))).toEqual(Array(4).fill([3, 4, 5, 6]));
    expect(rows(reshapeLabelMap(wide, { width: 2, height: 4 }, "crop"))).toEqual(Array(4).fill([4, 5]));
  });

  it("fits everything, with background around it", () => {
    const background = [0, 0, 0, 0, 0, 0, 0, 0];
    const row = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(rows(reshapeLabelMap(wide, { width: 8, height: 8 }, "fit"))).toEqual([
      background,
      background,
      row,
      row,
      row,
      row,
      background,
      background,
    ]);
  });

  it("has sides of at least a pixel, whatever the shape", () => {
    const line = new LabelMap(1000, 1);
    line.ids.fill(2);
    for (const how of ["crop", "fit"] as const) {
      const { width, height, ids } = reshapeLabelMap(line, { width: 3, height: 300 }, how);
      expect([width, height, ids.includes(2)]).toEqual([3, 300, true]);
    }
  });
});

describe("hasSameShape", () => {
  it("is true for other sizes, and for a pixel more or less", () => {
    expect(hasSameShape({ width: 512, height: 256 }, { width: 256, height: 128 })).toBe(true);
    expect(hasSameShape({ width: 257, height: 256 }, { width: 64, height: 64 })).toBe(true);
    expect(hasSameShape({ width: 256, height: 128 }, { width: 256, height: 256 })).toBe(false);
    expect(hasSameShape({ width: 240, height: 256 }, { width: 256, height: 256 })).toBe(false);
  });
});

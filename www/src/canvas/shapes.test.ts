import { describe, expect, it } from "vitest";
import { floodFill } from "./flood-fill.js";
import { LabelMap } from "./label-map.js";
import { integerBetween, seededRandom } from "./seeded-random.js";
import { boxFromCorners, paintEllipse, paintRectangle, type ShapeStyle } from "./shapes.js";

const filled: ShapeStyle = { kind: "filled" };
const outline = (width: number): ShapeStyle => ({ kind: "outline", width });

function drawing(map: LabelMap): string[] {
  return Array.from({ length: map.height }, (_, y) =>
    Array.from(map.ids.subarray(y * map.width, (y + 1) * map.width), (id) => (id === 0 ? "." : String(id))).join(""),
  );
}

describe("boxFromCorners", () => {
  it("holds both corners, dragged in any direction", () => {
    const box = { x: 2, y: 3, width: 4, height: 2 };
    expect(boxFromCorners({ x: 2.9, y: 3.1 }, { x: 5.2, y: 4.8 })).toEqual(box);
    expect(boxFromCorners({ x: 5.2, y: 4.8 }, { x: 2.9, y: 3.1 })).toEqual(box);
  });
});

describe("paintRectangle", () => {
  it("fills its box, clipped to the map, and reports it", () => {
    const map = new LabelMap(6, 4);
    expect(paintRectangle(map, { x: 4, y: 2 }, { x: 99, y: 99 }, filled, 1)).toEqual({
      x: 4,
      y: 2,
      width: 2,
      height: 2,
    });
    expect(drawing(map)).toEqual(["......", "......", "....11", "....11"]);
  });

  it("draws an outline inside its box", () => {
    const map = new LabelMap(7, 6);
    paintRectangle(map, { x: 0, y: 0 }, { x: 6, y: 5 }, outline(2), 1);
    expect(drawing(map)).toEqual(["1111111", "1111111", "11...11", "11...11", "1111111", "1111111"]);
  });

  it("is filled when the outline is as wide as half of it", () => {
    const map = new LabelMap(5, 5);
    paintRectangle(map, { x: 0, y: 0 }, { x: 4, y: 4 }, outline(3), 1);
    expect(map.ids.every((id) => id === 1)).toBe(true);
  });

  it("of one pixel is that pixel", () => {
    const map = new LabelMap(3, 3);
    expect(paintRectangle(map, { x: 1.5, y: 1.5 }, { x: 1.5, y: 1.5 }, filled, 1)).toEqual({
      x: 1,
      y: 1,
      width: 1,
      height: 1,
    });
  });
});

describe("paintEllipse", () => {
  it("fills its box from edge to edge, symmetrically", () => {
    const map = new LabelMap(7, 5);
    paintEllipse(map, { x: 0, y: 0 }, { x: 6, y: 4 }, filled, 1);
    expect(drawing(map)).toEqual([".11111.", "1111111", "1111111", "1111111", ".11111."]);
  });

  it("spans its box and is symmetrical, at any size", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 200; round += 1) {
      const width = integerBetween(random, 1, 60);
      const height = integerBetween(random, 1, 60);
      const map = new LabelMap(width, height);
      const rect = paintEllipse(map, { x: 0, y: 0 }, { x: width - 1, y: height - 1 }, filled, 1);
      // Rows are sampled at their middles, so a shape of two rows is a little narrower than its box.
      expect(rect.height).toBe(height);
      expect(rect.width).toBeGreaterThanOrEqual(height >= 8 ? width - 2 : width * 0.85);
      expect([...map.ids]).toEqual([...map.ids].reverse());
    }
  });

  it("covers about π/4 of its box", () => {
    const map = new LabelMap(300, 200);
    paintEllipse(map, { x: 0, y: 0 }, { x: 299, y: 199 }, filled, 1);
    expect(map.ids.reduce((sum, id) => sum + id, 0) / (300 * 200)).toBeCloseTo(Math.PI / 4, 2);
  });

  it("has outlines without gaps, also for flat ellipses: a fill inside does not leak", () => {
    const random = seededRandom(6);
    for (let round = 0; round < 200; round += 1) {
      const width = integerBetween(random, 5, 120);
      const height = integerBetween(random, 5, 40);
      const map = new LabelMap(width + 2, height + 2);
      paintEllipse(map, { x: 1, y: 1 }, { x: width, y: height }, outline(1), 1);
      floodFill(map, { x: 1 + width / 2, y: 1 + height / 2 }, 2);
      expect(map.at(0, 0)).toBe(0);
      expect(map.at(Math.floor(1 + width / 2), Math.floor(1 + height / 2))).toBe(2);
    }
  });

  it("has an outline as wide as asked at its top and its side", () => {
    const map = new LabelMap(60, 40);
    paintEllipse(map, { x: 0, y: 0 }, { x: 59, y: 39 }, outline(4), 1);
    expect(Array.from({ length: 8 }, (_, y) => map.at(30, y))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(Array.from({ length: 8 }, (_, x) => map.at(x, 20))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });
});

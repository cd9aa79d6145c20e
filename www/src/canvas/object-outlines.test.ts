import { describe, expect, it } from "vitest";
import { rectOfSize } from "./geometry.js";
import { inkOf, LabelMap } from "./label-map.js";
import { outlineSegments } from "./object-outlines.js";
import { isObjectEdge } from "./objects.js";
import { integerBetween, seededRandom } from "./seeded-random.js";

const edges = (map: LabelMap, rect = rectOfSize(map)) => outlineSegments(map, rect);

describe("outlines", () => {
  it("run between touching objects of one class, and around them, in pieces as long as they are straight", () => {
    const map = new LabelMap(4, 3, new Uint8Array(12).fill(1), Uint16Array.of(0, 1, 2, 2, 0, 1, 2, 2, 0, 0, 0, 0));
    expect(edges(map)).toEqual([
      [1, 2, 4, 2],
      [1, 0, 1, 2],
      [2, 0, 2, 2],
    ]);
  });

  it("do not run between classes where nothing is an object", () => {
    const map = new LabelMap(2, 1, Uint8Array.of(1, 2), new Uint16Array(2));
    expect(edges(map)).toEqual([]);
  });

  it("of one object are around it, wherever it is", () => {
    const map = new LabelMap(5, 1, new Uint8Array(5).fill(1), Uint16Array.of(1, 2, 2, 0, 1));
    expect(outlineSegments(map, rectOfSize(map), inkOf(1, 1))).toEqual([
      [1, 0, 1, 1],
      [4, 0, 4, 1],
    ]);
    expect(outlineSegments(new LabelMap(5, 1), rectOfSize(map), inkOf(1, 1))).toEqual([]);
  });

  it("of any map: tiles give the same edges as the whole, each exactly once", () => {
    const random = seededRandom(61);
    const units = (segments: readonly (readonly number[])[]): string[] =>
      segments
        .flatMap(([fromX = 0, fromY = 0, toX = 0, toY = 0]) =>
          fromY === toY
            ? Array.from({ length: toX - fromX }, (_, at) => `h ${fromX + at} ${fromY}`)
            : Array.from({ length: toY - fromY }, (_, at) => `v ${fromX} ${fromY + at}`),
        )
        .sort();
    for (let round = 0; round < 30; round += 1) {
      const [width, height] = [integerBetween(random, 1, 30), integerBetween(random, 1, 30)];
      const map = new LabelMap(width, height, undefined, new Uint16Array(width * height));
      for (let index = 0; index < width * height; index += 1) {
        map.fill(inkOf(integerBetween(random, 0, 1), integerBetween(random, 0, 1)), index, index + 1);
      }
      const expected: string[] = [];
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const index = y * width + x;
          if (x > 0 && isObjectEdge(map, index, index - 1)) expected.push(`v ${x} ${y}`);
          if (y > 0 && isObjectEdge(map, index, index - width)) expected.push(`h ${x} ${y}`);
        }
      }
      expect(units(edges(map))).toEqual(expected.sort());
      const [left, top] = [integerBetween(random, 0, width), integerBetween(random, 0, height)];
      const tiles = [
        { x: 0, y: 0, width: left, height: top },
        { x: left, y: 0, width: width - left, height: top },
        { x: 0, y: top, width: left, height: height - top },
        { x: left, y: top, width: width - left, height: height - top },
      ];
      expect(units(tiles.flatMap((tile) => edges(map, tile)))).toEqual(expected);
    }
  });
});

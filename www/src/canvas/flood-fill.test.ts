import { describe, expect, it } from "vitest";
import { EMPTY_RECT } from "./geometry.js";
import { floodFill } from "./flood-fill.js";
import { LabelMap } from "./label-map.js";
import { integerBetween, seededRandom } from "./seeded-random.js";

/** Fills pixel by pixel with a queue: slow and plainly right. */
function plainFill(map: LabelMap, x: number, y: number, id: number): void {
  const target = map.at(x, y);
  if (target === undefined || target === id) return;
  const queue: [number, number][] = [[x, y]];
  for (let place = queue.pop(); place; place = queue.pop()) {
    const [atX, atY] = place;
    if (map.at(atX, atY) !== target) continue;
    map.ids[atY * map.width + atX] = id;
    queue.push([atX - 1, atY], [atX + 1, atY], [atX, atY - 1], [atX, atY + 1]);
  }
}

describe("floodFill", () => {
  it("fills what is connected through edges, not through corners", () => {
    const map = new LabelMap(3, 3, Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0));
    expect(floodFill(map, { x: 1.5, y: 1.5 }, 2)).toEqual({ x: 1, y: 1, width: 1, height: 1 });
    expect([...map.ids]).toEqual([0, 1, 0, 1, 2, 1, 0, 1, 0]);
  });

  it("fills a whole map and reports it", () => {
    const map = new LabelMap(50, 40);
    expect(floodFill(map, { x: 3, y: 3 }, 9)).toEqual({ x: 0, y: 0, width: 50, height: 40 });
    expect(map.ids.every((id) => id === 9)).toBe(true);
  });

  it("does nothing where the id already is, and outside", () => {
    const map = new LabelMap(4, 4);
    expect(floodFill(map, { x: 1, y: 1 }, 0)).toEqual(EMPTY_RECT);
    expect(floodFill(map, { x: -1, y: 1 }, 1)).toEqual(EMPTY_RECT);
    expect(floodFill(map, { x: 1, y: 4 }, 1)).toEqual(EMPTY_RECT);
  });

  it("does what a plain fill does, on any map", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round += 1) {
      const width = integerBetween(random, 1, 40);
      const height = integerBetween(random, 1, 40);
      const map = new LabelMap(width, height);
      const classes = integerBetween(random, 1, 3);
      map.ids.forEach((_, index) => (map.ids[index] = integerBetween(random, 0, classes)));
      const expected = map.clone();
      const x = integerBetween(random, 0, width - 1);
      const y = integerBetween(random, 0, height - 1);
      const before = map.clone();
      plainFill(expected, x, y, 7);
      const rect = floodFill(map, { x: x + random(), y: y + random() }, 7);
      expect(map.equals(expected)).toBe(true);
      map.ids.forEach((id, index) => {
        const atX = index % width;
        const atY = Math.floor(index / width);
        const inside = atX >= rect.x && atX < rect.x + rect.width && atY >= rect.y && atY < rect.y + rect.height;
        if (id !== before.ids[index]) expect(inside).toBe(true);
      });
    }
  });
});

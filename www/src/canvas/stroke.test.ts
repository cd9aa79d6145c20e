import { describe, expect, it } from "vitest";
import { intersectRects, rectOfSize, type Rect } from "./geometry.js";
import { floodFill } from "./flood-fill.js";
import { LabelMap } from "./label-map.js";
import { integerBetween, seededRandom } from "./seeded-random.js";
import { clampBrushSize, paintLine, stampBrush, strokeSegment, type BrushSample } from "./stroke.js";

/** The map as rows of characters, `.` for background. */
function drawing(map: LabelMap): string[] {
  return Array.from({ length: map.height }, (_, y) =>
    Array.from(map.ids.subarray(y * map.width, (y + 1) * map.width), (id) => (id === 0 ? "." : String(id))).join(""),
  );
}

function paintedRect(map: LabelMap): Rect {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  map.ids.forEach((id, index) => {
    if (id === 0) return;
    left = Math.min(left, index % map.width);
    right = Math.max(right, index % map.width);
    top = Math.min(top, Math.floor(index / map.width));
    bottom = Math.max(bottom, Math.floor(index / map.width));
  });
  if (right < left) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function painted(map: LabelMap): number {
  return map.ids.reduce((count, id) => count + (id === 0 ? 0 : 1), 0);
}

/** Pixels reachable from the first painted one through the eight neighbours. */
function largestConnected(map: LabelMap): number {
  const start = map.ids.findIndex((id) => id !== 0);
  if (start < 0) return 0;
  const seen = new Set([start]);
  const queue = [start];
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    const x = index % map.width;
    const y = Math.floor(index / map.width);
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) {
        const next = (y + dy) * map.width + x + dx;
        if (!map.at(x + dx, y + dy) || seen.has(next)) continue;
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return seen.size;
}

const at = (x: number, y: number, size: number): BrushSample => ({ pointInImage: { x, y }, size });

describe("stampBrush", () => {
  it("of size 1 paints the pixel under the point, wherever in it the point is", () => {
    for (const [x, y] of [
      [2.01, 1.99],
      [2.5, 1.5],
      [2.99, 1.01],
    ] as const) {
      const map = new LabelMap(5, 4);
      expect(stampBrush(map, at(x, y, 1), 3)).toEqual({ x: 2, y: 1, width: 1, height: 1 });
      expect(painted(map)).toBe(1);
    }
  });

  it("has the same symmetrical shape wherever it is", () => {
    const five = new LabelMap(7, 7);
    stampBrush(five, at(3.2, 3.7, 5), 1);
    expect(drawing(five)).toEqual([".......", "..111..", ".11111.", ".11111.", ".11111.", "..111..", "......."]);
    const four = new LabelMap(6, 6);
    stampBrush(four, at(3.2, 2.9, 4), 1);
    expect(drawing(four)).toEqual(["......", "..11..", ".1111.", ".1111.", "..11..", "......"]);
  });

  it("covers about the area of its circle", () => {
    for (const size of [16, 64, 255, 512]) {
      const map = new LabelMap(600, 600);
      stampBrush(map, at(300, 300, size), 1);
      expect(painted(map) / ((Math.PI * size * size) / 4)).toBeCloseTo(1, 1);
    }
  });

  it("clips to the map and reports nothing outside it", () => {
    const map = new LabelMap(8, 8);
    expect(stampBrush(map, at(0, 0, 6), 1)).toEqual({ x: 0, y: 0, width: 3, height: 3 });
    expect(stampBrush(map, at(-50, 4, 6), 1).width).toBe(0);
    expect(stampBrush(map, at(4, 500, 6), 1).width).toBe(0);
  });
});

describe("strokeSegment", () => {
  it("of size 1 is one 8-connected line of single pixels", () => {
    const map = new LabelMap(7, 4);
    strokeSegment(map, at(0.5, 0.5, 1), at(6.5, 3.5, 1), 1);
    expect(painted(map)).toBe(7);
    expect(largestConnected(map)).toBe(7);
  });

  it("leaves no gap however far the points are apart, and blends no ids", () => {
    const random = seededRandom(1);
    for (let round = 0; round < 300; round += 1) {
      const map = new LabelMap(96, 64);
      const sample = () => at(random() * 96, random() * 64, integerBetween(random, 1, 24));
      strokeSegment(map, sample(), sample(), 5);
      expect(largestConnected(map)).toBe(painted(map));
      expect(new Set(map.ids)).toEqual(new Set([0, 5]));
    }
  });

  it("reports exactly the rectangle that it painted, also for points outside the map", () => {
    const random = seededRandom(2);
    for (let round = 0; round < 500; round += 1) {
      const map = new LabelMap(40, 30);
      const sample = () => at(random() * 120 - 40, random() * 90 - 30, integerBetween(random, 1, 40));
      const rect = strokeSegment(map, sample(), sample(), 1);
      expect(rect).toEqual(paintedRect(map));
      if (rect.width > 0) expect(intersectRects(rect, rectOfSize(map))).toEqual(rect);
    }
  });

  it("covers every stamp on its way", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 100; round += 1) {
      const size = integerBetween(random, 2, 20);
      const from = { x: integerBetween(random, 0, 100), y: integerBetween(random, 0, 80) };
      const to = { x: integerBetween(random, 0, 100), y: integerBetween(random, 0, 80) };
      const stroke = new LabelMap(100, 80);
      paintLine(stroke, from, to, size, 1);
      const stamps = new LabelMap(100, 80);
      stampBrush(stamps, { pointInImage: from, size }, 1);
      stampBrush(stamps, { pointInImage: to, size }, 1);
      stamps.ids.forEach((id, index) => {
        if (id === 1) expect(stroke.ids[index]).toBe(1);
      });
    }
  });

  it("is convex: every row is one span", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 200; round += 1) {
      const map = new LabelMap(80, 60);
      const sample = () => at(random() * 80, random() * 60, integerBetween(random, 2, 30));
      strokeSegment(map, sample(), sample(), 1);
      for (const row of drawing(map)) expect(row.replace(/^\.*1*\.*$/, "")).toBe("");
    }
  });

  it("tapers evenly between two sizes", () => {
    const map = new LabelMap(120, 40);
    strokeSegment(map, at(20, 20, 30), at(100, 20, 2), 1);
    const heightAt = (x: number) => Array.from({ length: 40 }, (_, y) => map.at(x, y)).filter((id) => id === 1).length;
    expect(heightAt(20)).toBeGreaterThan(heightAt(60));
    expect(heightAt(60)).toBeGreaterThan(heightAt(99));
    expect(heightAt(60)).toBeGreaterThanOrEqual(14);
    expect(heightAt(60)).toBeLessThanOrEqual(18);
  });

  it("is only the larger stamp when that holds the smaller", () => {
    const map = new LabelMap(40, 40);
    const alone = new LabelMap(40, 40);
    strokeSegment(map, at(20, 20, 31), at(21, 21, 3), 1);
    stampBrush(alone, at(20, 20, 31), 1);
    expect(map.equals(alone)).toBe(true);
  });

  it("closes areas for the flood fill: an outline drawn with size 1 does not leak", () => {
    const map = new LabelMap(64, 64);
    const corners = [
      [5, 5],
      [58, 9],
      [50, 57],
      [9, 44],
    ] as const;
    corners.forEach(([x, y], index) => {
      const [nextX, nextY] = corners[(index + 1) % corners.length] ?? [0, 0];
      paintLine(map, { x, y }, { x: nextX, y: nextY }, 1, 1);
    });
    floodFill(map, { x: 30, y: 30 }, 2);
    expect(map.at(0, 0)).toBe(0);
    expect(map.at(30, 30)).toBe(2);
  });
});

describe("clampBrushSize", () => {
  it("gives whole sizes from 1 to 512", () => {
    expect([0, 0.2, 1.6, 9999, NaN].map(clampBrushSize)).toEqual([1, 1, 2, 512, 1]);
  });
});

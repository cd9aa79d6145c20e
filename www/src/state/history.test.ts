import { describe, expect, it } from "vitest";
import { rectOfSize } from "../canvas/geometry.js";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { stampBrush, strokeSegment } from "../canvas/stroke.js";
import { applyChange, recordChange } from "./change-runs.js";
import { History, HISTORY_BUDGET_BYTES, packMap, stepBetween, unpackMap } from "./history.js";

function randomMap(random: () => number, width: number, height: number, classes: number): LabelMap {
  const map = new LabelMap(width, height);
  map.ids.forEach((_, index) => (map.ids[index] = integerBetween(random, 0, classes)));
  return map;
}

/** Paints something and pushes the step. */
function deed(history: History, map: LabelMap, paint: () => void): void {
  const before = map.clone();
  paint();
  const step = stepBetween(before, map, "brush");
  if (step) history.push(step);
}

describe("change runs", () => {
  it("undo and redo give exactly the maps before and after, for any change", () => {
    const random = seededRandom(11);
    for (let round = 0; round < 120; round += 1) {
      const width = integerBetween(random, 1, 50);
      const height = integerBetween(random, 1, 50);
      const before = randomMap(random, width, height, integerBetween(random, 0, 3));
      const after = random() < 0.3 ? randomMap(random, width, height, 255) : before.clone();
      stampBrush(after, { pointInImage: { x: random() * width, y: random() * height }, size: 9 }, 200);
      const change = recordChange(before.ids, after.ids, width, rectOfSize(before));
      if (!change) {
        expect(before.equals(after)).toBe(true);
        continue;
      }
      const ids = after.ids.slice();
      applyChange(ids, width, change, "undo");
      expect(Buffer.compare(ids, before.ids)).toBe(0);
      applyChange(ids, width, change, "redo");
      expect(Buffer.compare(ids, after.ids)).toBe(0);
    }
  });

  it("finds no change where there is none", () => {
    const map = randomMap(seededRandom(12), 20, 20, 5);
    expect(recordChange(map.ids, map.ids.slice(), 20, rectOfSize(map))).toBeUndefined();
  });

  it("costs only what changed: a long thin stroke over a noisy map stays small", () => {
    const map = randomMap(seededRandom(13), 2048, 1024, 1);
    const before = map.clone();
    strokeSegment(map, { pointInImage: { x: 0, y: 0 }, size: 3 }, { pointInImage: { x: 2047, y: 1023 }, size: 3 }, 9);
    const change = recordChange(before.ids, map.ids, 2048, rectOfSize(map));
    expect(change?.rect).toEqual({ x: 0, y: 0, width: 2048, height: 1024 });
    expect(change?.runs.length).toBeLessThan(40_000);
  });

  it("keeps clearing a plain map in a few bytes", () => {
    const before = new LabelMap(2048, 1024);
    const after = new LabelMap(2048, 1024);
    clearLabelMap(after, 3);
    expect(recordChange(before.ids, after.ids, 2048, rectOfSize(after))?.runs.length).toBeLessThan(10);
  });
});

describe("History", () => {
  it("undoes everything and redoes everything, whatever the order", () => {
    const random = seededRandom(14);
    const map = new LabelMap(64, 48);
    const history = new History();
    const seen = [map.clone()];
    let place = 0;
    for (let round = 0; round < 600; round += 1) {
      const choice = random();
      if (choice < 0.5) {
        const count = history.undoCount;
        deed(history, map, () => {
          const sample = () => ({
            pointInImage: { x: random() * 64, y: random() * 48 },
            size: integerBetween(random, 1, 12),
          });
          strokeSegment(map, sample(), sample(), integerBetween(random, 0, 5));
        });
        if (history.undoCount > count) {
          seen.length = place + 1;
          seen.push(map.clone());
          place += 1;
        }
      } else if (choice < 0.8) {
        if (history.undo(map)) place -= 1;
      } else if (history.redo(map)) {
        place += 1;
      }
      const expected = seen[place];
      expect(expected && map.equals(expected)).toBe(true);
    }
    while (history.undo(map)) place -= 1;
    expect(place).toBe(0);
    expect(map.ids.every((id) => id === 0)).toBe(true);
  });

  it("has no limit in practice: ten thousand strokes stay far below the budget", () => {
    const random = seededRandom(15);
    const map = new LabelMap(128, 128);
    const history = new History();
    for (let index = 0; index < 10_000; index += 1) {
      deed(history, map, () => {
        const pointInImage = { x: random() * 128, y: random() * 128 };
        stampBrush(map, { pointInImage, size: 24 }, 1 + (index % 200));
      });
    }
    expect(history.undoCount).toBeGreaterThan(9_990);
    expect(history.bytes).toBeLessThan(HISTORY_BUDGET_BYTES / 10);
  });

  it("drops the oldest steps above its budget, and never the newest", () => {
    const map = new LabelMap(64, 64);
    const history = new History(2000);
    for (let id = 1; id <= 40; id += 1) deed(history, map, () => clearLabelMap(map, id));
    expect(history.bytes).toBeLessThanOrEqual(2000);
    expect(history.undoCount).toBeGreaterThan(3);
    expect(history.undoCount).toBeLessThan(40);
    const kept = history.undoCount;
    while (history.undo(map));
    expect(map.at(0, 0)).toBe(40 - kept);

    const tiny = new History(1);
    deed(tiny, map, () => clearLabelMap(map, 99));
    expect(tiny.undoCount).toBe(1);
  });

  it("forgets what was undone when something new is done, and its memory with it", () => {
    const map = new LabelMap(16, 16);
    const history = new History();
    deed(history, map, () => clearLabelMap(map, 1));
    const oneStep = history.bytes;
    deed(history, map, () => clearLabelMap(map, 2));
    history.undo(map);
    expect(history.redoKind).toBe("brush");
    deed(history, map, () => clearLabelMap(map, 3));
    expect(history.redoKind).toBeUndefined();
    expect(history.bytes).toBe(2 * oneStep);
    history.clear();
    expect([history.bytes, history.undoCount]).toEqual([0, 0]);
  });

  it("takes steps between maps of different sizes", () => {
    const random = seededRandom(16);
    const small = randomMap(random, 5, 4, 3);
    const large = randomMap(random, 9, 7, 3);
    const history = new History();
    const step = stepBetween(small, large, "open");
    if (step) history.push(step);
    expect(history.undo(large)?.map.equals(small)).toBe(true);
    expect(history.redo(small)?.map.equals(large)).toBe(true);
  });
});

describe("packMap", () => {
  it("gives back the same map", () => {
    const random = seededRandom(17);
    for (let round = 0; round < 50; round += 1) {
      const map = randomMap(
        random,
        integerBetween(random, 1, 60),
        integerBetween(random, 1, 60),
        integerBetween(random, 0, 255),
      );
      expect(unpackMap(packMap(map)).equals(map)).toBe(true);
    }
  });
});

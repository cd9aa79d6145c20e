import { describe, expect, it } from "vitest";
import type { SceneStyle } from "./look.js";
import { durationOf, frameTimes, styleAt, type Path } from "./path.js";

const point = (seed: number): SceneStyle => ({ kind: "random", seed });
const path: Path = { points: [point(1), point(2), point(3)], seconds: 2, isLoop: true };

describe("a path", () => {
  it("goes from point to point, and round where it is a loop", () => {
    expect(styleAt(path, 0)).toEqual(point(1));
    expect(styleAt(path, 1)).toEqual({ kind: "between", from: point(1), to: point(2), share: 0.5 });
    expect(styleAt(path, 2)).toEqual(point(2));
    expect(styleAt(path, 5)).toEqual({ kind: "between", from: point(3), to: point(1), share: 0.5 });
    expect(styleAt(path, 6)).toEqual(point(1));
    const line = { ...path, isLoop: false };
    expect(styleAt(line, 99)).toEqual(point(3));
    expect([durationOf(path), durationOf(line)]).toEqual([6, 4]);
  });

  it("is slow at the ends of each part", () => {
    const early = styleAt(path, 0.2);
    expect(early.kind === "between" && early.share).toBeCloseTo(0.028, 10);
  });

  it("has a frame for each 24th of a second, the last point only where it ends there", () => {
    expect(frameTimes(path)).toHaveLength(144);
    expect(frameTimes({ ...path, isLoop: false }).at(-1)).toBe(4);
    expect(frameTimes({ ...path, points: [point(1)] })).toEqual([]);
    expect(styleAt({ ...path, points: [point(7)] }, 3)).toEqual(point(7));
  });
});

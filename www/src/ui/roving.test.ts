import { describe, expect, it } from "vitest";
import { indexAfter, indexInNextRow } from "./roving.js";

describe("indexAfter", () => {
  it("goes round at both ends", () => {
    expect(indexAfter("ArrowRight", 2, 3)).toBe(0);
    expect(indexAfter("ArrowUp", 0, 3)).toBe(2);
  });

  it("jumps with Home and End", () => {
    expect(indexAfter("Home", 2, 3)).toBe(0);
    expect(indexAfter("End", 0, 3)).toBe(2);
  });

  it("leaves other keys alone", () => {
    expect(indexAfter("b", 0, 3)).toBeUndefined();
  });
});

describe("indexInNextRow", () => {
  // A row of three, one of one under another heading, and one of two.
  const rows = [[0, 10, 20], [0], [0, 10]].map((lefts, row) =>
    lefts.map((left, place) => ({ index: ([0, 3, 4][row] ?? 0) + place, left })),
  );

  it("goes to what lies nearest below and above", () => {
    expect([0, 2, 3].map((at) => indexInNextRow(rows, at, 1))).toEqual([3, 3, 4]);
    expect([5, 4, 3].map((at) => indexInNextRow(rows, at, -1))).toEqual([3, 3, 0]);
  });

  it("goes no further than the first and the last row", () => {
    expect([indexInNextRow(rows, 1, -1), indexInNextRow(rows, 5, 1)]).toEqual([1, 5]);
  });

  it("stays where it does not know the item", () => {
    expect(indexInNextRow(rows, -1, 1)).toBe(-1);
  });
});

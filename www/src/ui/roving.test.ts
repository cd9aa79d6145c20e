import { describe, expect, it } from "vitest";
import { indexAfter } from "./roving.js";

describe("indexAfter", () => {
  it("goes round at both ends", () => {
    expect(indexAfter("ArrowRight", 2, 3)).toBe(0);
    expect(indexAfter("ArrowUp", 0, 3)).toBe(2);
  });

  it("jumps with Home and End", () => {
    expect(indexAfter("Home", 2, 3)).toBe(0);
    expect(indexAfter("End", 0, 3)).toBe(2);
  });

  it("goes to the next row and back where there are rows, and no further than the last", () => {
    expect(indexAfter("ArrowDown", 1, 10, 4)).toBe(5);
    expect(indexAfter("ArrowUp", 5, 10, 4)).toBe(1);
    expect(indexAfter("ArrowDown", 8, 10, 4)).toBe(8);
    expect(indexAfter("ArrowUp", 2, 10, 4)).toBe(2);
    expect(indexAfter("ArrowRight", 9, 10, 4)).toBe(0);
  });

  it("goes round in one column", () => {
    expect(indexAfter("ArrowDown", 2, 3, 1)).toBe(0);
  });

  it("leaves other keys alone", () => {
    expect(indexAfter("b", 0, 3)).toBeUndefined();
  });
});

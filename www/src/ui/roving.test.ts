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

  it("leaves other keys alone", () => {
    expect(indexAfter("b", 0, 3)).toBeUndefined();
  });
});

// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { positionFromSize, sizeFromPosition } from "./size-slider.js";

describe("brush size on the slider", () => {
  it("reaches both ends", () => {
    expect(sizeFromPosition(0, 128)).toBe(1);
    expect(sizeFromPosition(1, 128)).toBe(128);
  });

  it("comes back to the size it shows", () => {
    for (const size of [1, 2, 7, 24, 63, 128]) expect(sizeFromPosition(positionFromSize(size, 128), 128)).toBe(size);
  });

  it("never leaves the range", () => {
    expect(sizeFromPosition(-1, 128)).toBe(1);
    expect(sizeFromPosition(2, 128)).toBe(128);
  });
});

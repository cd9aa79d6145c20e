import { describe, expect, it } from "vitest";
import { colorPixels, paletteWords, rgbaFromLabelMap } from "./color-layer.js";
import { LabelMap, type LabelClass } from "./label-map.js";

const classes: LabelClass[] = [
  { id: 0, name: "background", color: [1, 2, 3] },
  { id: 1, name: "sky", color: [10, 20, 30] },
];

describe("label colours", () => {
  it("gives every pixel its class colour, opaque", () => {
    const map = new LabelMap(2, 1, Uint8Array.of(1, 0));
    expect([...rgbaFromLabelMap(map, classes)]).toEqual([10, 20, 30, 255, 1, 2, 3, 255]);
  });

  it("shows ids that the palette lacks in magenta", () => {
    expect([...rgbaFromLabelMap(new LabelMap(1, 1, Uint8Array.of(9)), classes)]).toEqual([255, 0, 255, 255]);
  });

  it("colours only the asked rectangle", () => {
    const map = new LabelMap(3, 3, new Uint8Array(9).fill(1));
    const words = new Uint32Array(9);
    colorPixels(map, paletteWords(classes), { x: 1, y: 1, width: 2, height: 1 }, words);
    expect([...words].map((word) => (word === 0 ? 0 : 1))).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0]);
  });
});

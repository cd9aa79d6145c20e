import { describe, expect, it } from "vitest";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import { testModel } from "./test-model.js";
import { THUMBNAIL_SIDE, thumbnailOfMap, thumbnailOfPicture } from "./thumbnail.js";

describe("thumbnails", () => {
  it("of a map have its classes' colours and its shape", () => {
    const map = new LabelMap(640, 320);
    clearLabelMap(map, 2);
    const { width, height, data } = thumbnailOfMap(map, testModel.classes);
    expect([width, height, [...data.slice(-4)]]).toEqual([THUMBNAIL_SIDE, THUMBNAIL_SIDE / 2, [20, 120, 40, 255]]);
  });

  it("of a map with objects show their edges, and nothing more", () => {
    const map = new LabelMap(4, 1, Uint8Array.of(2, 2, 2, 2), Uint16Array.of(1, 1, 2, 2));
    const { data } = thumbnailOfMap(map, testModel.classes);
    expect([0, 1, 2, 3].map((pixel) => data[4 * pixel + 1])).toEqual([120, 60, 120, 120]);
  });

  it("of a picture are means, and never larger than it", () => {
    const stripes = new Uint8ClampedArray(320 * 2 * 4).map((_, at) => ((at >> 2) % 2 === 0 ? 0 : 200));
    const { width, height, data } = thumbnailOfPicture({ width: 320, height: 2, data: stripes });
    expect([width, height, [...data.slice(0, 4)]]).toEqual([160, 1, [100, 100, 100, 255]]);
    const small = thumbnailOfPicture({ width: 1, height: 1, data: new Uint8ClampedArray([1, 2, 3, 4]) });
    expect([small.width, [...small.data]]).toEqual([1, [1, 2, 3, 255]]);
  });
});

import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { LabelMap, type LabelClass } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { FileError } from "./file-error.js";
import { COLOR_TOLERANCE } from "./label-colors.js";
import { encodeColorPng, encodeLabelMapPng, openLabelMapPng, readLabelMapPng } from "./label-map-png.js";
import { decodePng } from "./png-reader.js";
import { encodePng } from "./png-writer.js";

const classes: LabelClass[] = [
  { id: 0, name: "background", color: [0, 0, 0] },
  { id: 1, name: "sky", color: [120, 180, 240] },
  { id: 2, name: "tree", color: [30, 110, 50] },
  { id: 3, name: "house", color: [200, 60, 40] },
];
const size = { width: 24, height: 16 };

function randomMap(seed: number, width = size.width, height = size.height): LabelMap {
  const random = seededRandom(seed);
  const map = new LabelMap(width, height);
  map.ids.forEach((_, index) => (map.ids[index] = integerBetween(random, 0, 3)));
  return map;
}

const blobOf = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);
const open = (file: Blob) => openLabelMapPng(file, "lake.png", classes, size);

async function failure(file: Blob): Promise<FileError> {
  const opened = await open(file).catch((error: unknown) => error);
  if (opened instanceof FileError) return opened;
  throw new Error("expected a FileError");
}

describe("round trips", () => {
  it("ids saved as indices come back, for any map", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const map = randomMap(seed);
      const opened = await open(await encodeLabelMapPng(map, classes));
      expect(opened.map.equals(map)).toBe(true);
      expect([opened.interpretation, opened.resizedFrom, opened.approximated]).toEqual(["indices", undefined, 0]);
    }
  });

  it("ids saved as colours come back, for any map", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const map = randomMap(seed);
      const opened = await open(await encodeColorPng(map, classes));
      expect(opened.map.equals(map)).toBe(true);
      expect([opened.interpretation, opened.approximated]).toEqual(["colors", 0]);
    }
  });

  it("models with 256 classes and two classes of one colour keep their ids", async () => {
    const many = Array.from({ length: 256 }, (_, id): LabelClass => ({
      id,
      name: `class ${id}`,
      color: [id >> 1, 9, 9],
    }));
    const map = new LabelMap(
      16,
      16,
      Uint8Array.from({ length: 256 }, (_, index) => index),
    );
    const opened = await openLabelMapPng(await encodeLabelMapPng(map, many), "x", many, { width: 16, height: 16 });
    expect(opened.map.equals(map)).toBe(true);
  });

  it("the palette of a saved file holds the classes colours in the order of the ids", async () => {
    const file = await encodeLabelMapPng(randomMap(1), classes);
    const image = await decodePng(new Uint8Array(await file.arrayBuffer()), "x");
    expect(image.palette).toEqual(classes.map((entry) => entry.color));
    expect(file.type).toBe("image/png");
  });
});

describe("opening", () => {
  it("takes 8-bit grey values for ids, as Cityscapes stores them", async () => {
    const map = randomMap(2);
    const opened = await open(blobOf(encode({ ...size, channels: 1, depth: 8, data: map.ids })));
    expect(opened.map.equals(map)).toBe(true);
    expect(opened.interpretation).toBe("grey");
  });

  it("takes the colours of an indexed file whose editor sorted them anew", async () => {
    const map = randomMap(3);
    const order = [2, 0, 3, 1];
    const palette = order.map((id) => classes[id]?.color ?? ([9, 9, 9] as const));
    const samples = map.ids.map((id) => order.indexOf(id));
    const opened = await open(blobOf(await encodePng({ kind: "indexed", ...size, samples, palette })));
    expect(opened.map.equals(map)).toBe(true);
    expect(opened.interpretation).toBe("palette-colors");
  });

  it("takes the indices of an indexed file with colours of its own", async () => {
    const map = randomMap(4);
    const palette = [
      [9, 9, 9],
      [8, 8, 8],
      [7, 7, 7],
      [120, 180, 240],
    ] as const;
    const opened = await open(blobOf(await encodePng({ kind: "indexed", ...size, samples: map.ids, palette })));
    expect(opened.map.equals(map)).toBe(true);
    expect(opened.interpretation).toBe("indices");
  });

  it("resizes to the model and says so", async () => {
    const map = randomMap(5, 48, 32);
    const opened = await open(await encodeLabelMapPng(map, classes));
    expect([opened.map.width, opened.map.height, opened.resizedFrom]).toEqual([24, 16, { width: 48, height: 32 }]);
    expect(opened.map.at(0, 0)).toBe(map.at(1, 1));
  });

  it("takes a colour within the tolerance for the nearest class and counts such pixels", async () => {
    const data = new Uint8Array(size.width * size.height * 4);
    for (let index = 0; index < data.length; index += 4) data.set([120, 180, 240, 255], index);
    data.set([120 + COLOR_TOLERANCE - 1, 180, 240, 255], 0);
    data.set([1, 2, 3, 0], 4);
    const opened = await open(blobOf(encode({ ...size, channels: 4, depth: 8, data })));
    expect([opened.map.at(0, 0), opened.map.at(1, 0), opened.map.at(2, 0), opened.approximated]).toEqual([1, 0, 1, 1]);
  });

  it("names the first colour that no class has, where it is and the nearest class", async () => {
    const data = new Uint8Array(size.width * size.height * 3);
    data.set([200, 60, 120], (3 * size.width + 7) * 3);
    const error = await failure(blobOf(encode({ ...size, channels: 3, depth: 8, data })));
    expect(error.code).toBe("unknown-color");
    expect(error.values).toEqual({ name: "lake.png", color: "#c83c78", x: 7, y: 3, nearest: "house" });
    expect(error.message).toContain("#c83c78 at 7, 3");
  });

  it("names the first id that the model does not have, how many there are, and what the model has", async () => {
    const map = randomMap(6);
    map.ids[2 * size.width + 5] = 33;
    map.ids[9 * size.width + 1] = 255;
    for (const file of [encode({ ...size, channels: 1, depth: 8, data: map.ids }), await indexed(map)]) {
      const error = await failure(blobOf(file));
      expect(error.code).toBe("unknown-class");
      expect(error.values).toMatchObject({ count: 2, id: 33, x: 5, y: 2, classes: 4, ids: "0 to 3" });
      expect(error.message).toContain("2 pixels");
    }
  });

  it("refuses a JPEG that is called PNG", async () => {
    const error = await failure(new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)]));
    expect(error.code).toBe("not-png");
    expect(error.message).toContain("lake.png");
  });
});

function indexed(map: LabelMap): Promise<Uint8Array> {
  const palette = Array.from({ length: 256 }, (_, id) => [id, 255 - id, 7] as const);
  return encodePng({ kind: "indexed", width: map.width, height: map.height, samples: map.ids, palette });
}

describe("soft edges", () => {
  /** Sky on the left, tree on the right, and between them a column of their mean, as smoothing makes it. */
  function softEdge(middle: readonly number[]): Blob {
    const columns = [[120, 180, 240], [120, 180, 240], middle, [30, 110, 50], [30, 110, 50]];
    const samples = Uint8Array.from(Array(3).fill(columns.flat()).flat());
    return blobOf(encode({ width: 5, height: 3, data: samples, channels: 3 }));
  }

  it("are refused, unless the nearest labels are asked for", async () => {
    const file = softEdge([75, 145, 145]);
    expect((await failure(file)).code).toBe("unknown-color");
    const { map, approximated } = await readLabelMapPng(file, "soft.png", classes, "nearest");
    expect([map.width, map.height, approximated]).toEqual([5, 3, 3]);
    expect([...map.ids.slice(0, 2), ...map.ids.slice(3, 5)]).toEqual([1, 1, 2, 2]);
    expect([1, 2]).toContain(map.at(2, 1));
  });

  it("take a label of the two sides, also where the mixed colour is nearer to another class", async () => {
    // Nearest to the house's red, but there is no house around.
    const { map } = await readLabelMapPng(softEdge([150, 90, 60]), "soft.png", classes, "nearest");
    expect([...map.ids]).not.toContain(3);
  });

  it("a picture of quite other colours takes the nearest of all", async () => {
    const data = Uint8Array.from(
      Array(40 * 40)
        .fill([255, 0, 0])
        .flat(),
    );
    const file = blobOf(encode({ width: 40, height: 40, data, channels: 3 }));
    const { map, approximated } = await readLabelMapPng(file, "red.png", classes, "nearest");
    expect([new Set(map.ids), approximated]).toEqual([new Set([3]), 1600]);
  });
});

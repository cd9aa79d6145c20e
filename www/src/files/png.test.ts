import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { crc32 } from "./crc32.js";
import { deflate, inflate } from "./deflate.js";
import { FileError } from "./file-error.js";
import { PNG_COLOR, PNG_LAYOUT, PNG_SIGNATURE, type PngColorType } from "./png-format.js";
import { decodePng } from "./png-reader.js";
import { encodePng } from "./png-writer.js";

// Files are made here chunk by chunk, as the PNG specification says, so that the library does not judge itself.

function chunk(type: string, content: Uint8Array): number[] {
  const named = Uint8Array.from([...new TextEncoder().encode(type), ...content]);
  return [...bigEndian(content.length), ...named, ...bigEndian(crc32(named))];
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

interface Parts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: PngColorType;
  readonly interlaced?: boolean;
  readonly rows: Uint8Array;
  readonly extra?: readonly (readonly [string, Uint8Array])[];
}

async function pngFile({ width, height, depth, colorType, interlaced = false, rows, extra = [] }: Parts) {
  const header = Uint8Array.from([...bigEndian(width), ...bigEndian(height), depth, colorType, 0, 0, +interlaced]);
  const data = await deflate(new Uint8Array(rows), "deflate");
  const half = data.length >> 1;
  return Uint8Array.from([
    ...PNG_SIGNATURE,
    ...chunk("IHDR", header),
    ...extra.flatMap(([type, content]) => chunk(type, content)),
    ...chunk("IDAT", data.subarray(0, half)),
    ...chunk("IDAT", data.subarray(half)),
    ...chunk("IEND", new Uint8Array(0)),
  ]);
}

/** Filters rows as the PNG specification says (9.2), each in its own way. */
function filteredRows(rows: readonly (readonly number[])[], bytesPerPixel: number, random: () => number): number[] {
  const at = (x: number, y: number) => rows[y]?.[x] ?? 0;
  return rows.flatMap((row, y) => {
    const filter = integerBetween(random, 0, 4);
    const predicted = row.map((_, x) => {
      const [left, above, corner] = [at(x - bytesPerPixel, y), at(x, y - 1), at(x - bytesPerPixel, y - 1)];
      const estimate = left + above - corner;
      const distances = [left, above, corner].map((value) => Math.abs(estimate - value));
      const paeth = [left, above, corner][distances.indexOf(Math.min(...distances))] ?? 0;
      return [0, left, above, (left + above) >> 1, paeth][filter] ?? 0;
    });
    return [filter, ...row.map((value, x) => (value - (predicted[x] ?? 0)) & 255)];
  });
}

function packed(samples: readonly number[], depth: number): number[] {
  const bits = samples.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
}

const ADAM7 = ["x.......", "....x...", "x...x...", "..x...x.", "x.x.x.x.", ".x.x.x.x", "xxxxxxxx"];
const ADAM7_ROWS = ["x.......", "x.......", "....x...", "x...x...", "..x...x.", "x.x.x.x.", ".x.x.x.x"];

interface Samples {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: PngColorType;
  readonly samples: readonly number[];
}

/** The filtered rows of an image; in seven passes when interlaced, drawn above as the specification draws them (8.2). */
function rowsOf({ width, height, depth, colorType, samples }: Samples, interlaced: boolean, random: () => number) {
  const { channels } = PNG_LAYOUT[colorType];
  const passes = interlaced ? ADAM7.map((columns, pass) => [columns, ADAM7_ROWS[pass] ?? ""] as const) : [["x", "x"]];
  const bytes = passes.flatMap(([columns = "", lines = ""]) => {
    const xs = Array.from({ length: width }, (_, x) => x).filter((x) => columns[x % columns.length] === "x");
    const ys = Array.from({ length: height }, (_, y) => y).filter((y) => lines[y % lines.length] === "x");
    if (xs.length === 0) return [];
    const rows = ys.map((y) =>
      packed(
        xs.flatMap((x) => samples.slice((y * width + x) * channels, (y * width + x + 1) * channels)),
        depth,
      ),
    );
    return filteredRows(rows, Math.max(1, (channels * depth) / 8), random);
  });
  return Uint8Array.from(bytes);
}

function randomSamples(random: () => number, colorType: PngColorType, depth: number): Samples {
  const width = integerBetween(random, 1, 33);
  const height = integerBetween(random, 1, 33);
  const length = width * height * PNG_LAYOUT[colorType].channels;
  const samples = Array.from({ length }, () => integerBetween(random, 0, 2 ** depth - 1));
  return { width, height, depth, colorType, samples };
}

const palette = Uint8Array.from({ length: 256 * 3 }, (_, index) => (index * 7) & 255);

function extraOf({ colorType, depth }: Samples): [string, Uint8Array][] {
  return colorType === PNG_COLOR.indexed ? [["PLTE", palette.subarray(0, 3 * 2 ** depth)]] : [];
}

async function failure(bytes: Uint8Array<ArrayBuffer>): Promise<FileError> {
  try {
    await decodePng(bytes, "lake.png");
  } catch (error) {
    if (error instanceof FileError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

/** An indexed file of 20 by 15 pixels, and its rows. */
async function smallFile(change: Partial<Parts> = {}) {
  const random = seededRandom(35);
  const samples = Array.from({ length: 300 }, () => integerBetween(random, 0, 3));
  const image: Samples = { width: 20, height: 15, depth: 8, colorType: PNG_COLOR.indexed, samples };
  const rows = rowsOf(image, false, random);
  return { rows, file: await pngFile({ ...image, rows, extra: extraOf(image), ...change }) };
}

describe("crc32", () => {
  it("is that of the standard", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });
});

describe("encodePng", () => {
  /** What the one IDAT chunk of a file holds, and what comes before it. */
  async function contents(file: Uint8Array<ArrayBuffer>) {
    const view = new DataView(file.buffer);
    const chunks = new Map<string, Uint8Array<ArrayBuffer>>();
    for (let offset = 8; offset < file.length; offset += 12 + view.getUint32(offset)) {
      const end = offset + 8 + view.getUint32(offset);
      expect(crc32(file.subarray(offset + 4, end))).toBe(view.getUint32(end));
      chunks.set(String.fromCharCode(...file.subarray(offset + 4, offset + 8)), file.slice(offset + 8, end));
    }
    const rows = await inflate(chunks.get("IDAT") ?? new Uint8Array(0), "deflate", 10_000);
    return { names: [...chunks.keys()], header: [...(chunks.get("IHDR") ?? [])], plte: chunks.get("PLTE"), rows };
  }

  it("writes indices and colours as the format says", async () => {
    const colors = [[1, 2, 3] as const, [4, 5, 6] as const];
    const file = await encodePng({
      kind: "indexed",
      width: 3,
      height: 2,
      samples: Uint8Array.of(0, 1, 1, 0, 0, 1),
      palette: colors,
    });
    const { names, header, plte, rows } = await contents(file);
    expect([...file.subarray(0, 8)]).toEqual([...PNG_SIGNATURE]);
    expect(names).toEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
    expect(header).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
    expect([...(plte ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...rows]).toEqual([0, 0, 1, 1, 0, 0, 0, 1]);
  });

  it("writes red, green and blue as the format says", async () => {
    const samples = Uint8Array.of(9, 8, 7, 6, 5, 4);
    const { header, rows } = await contents(await encodePng({ kind: "rgb", width: 1, height: 2, samples }));
    expect(header).toEqual([0, 0, 0, 1, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
    expect([...rows]).toEqual([0, 9, 8, 7, 0, 6, 5, 4]);
  });
});

describe("decodePng", () => {
  const kinds = Object.values(PNG_COLOR).flatMap((colorType) =>
    PNG_LAYOUT[colorType].depths.filter((depth) => depth <= 8).map((depth) => [colorType, depth] as const),
  );

  it.each(kinds)(
    "reads the stored values of colour type %i with %i bits, under every filter",
    async (colorType, depth) => {
      const random = seededRandom(32 + 10 * colorType + depth);
      for (let round = 0; round < 12; round += 1) {
        const image = randomSamples(random, colorType, depth);
        const file = await pngFile({ ...image, rows: rowsOf(image, false, random), extra: extraOf(image) });
        const read = await decodePng(file, "x");
        expect([read.width, read.height, read.depth, read.colorType]).toEqual([
          image.width,
          image.height,
          depth,
          colorType,
        ]);
        expect(read.channels).toBe(PNG_LAYOUT[colorType].channels);
        expect([...read.samples]).toEqual(image.samples);
      }
    },
  );

  it.each(kinds.filter(([, depth]) => depth === 8))("reads interlaced files of colour type %i", async (colorType) => {
    const random = seededRandom(33 + colorType);
    for (let round = 0; round < 12; round += 1) {
      const image = randomSamples(random, colorType, 8);
      const rows = rowsOf(image, true, random);
      const file = await pngFile({ ...image, interlaced: true, rows, extra: extraOf(image) });
      expect([...(await decodePng(file, "x")).samples]).toEqual(image.samples);
    }
  });

  it("refuses interlaced files with less than 8 bits, saying what to do", async () => {
    for (const depth of [1, 2, 4]) {
      const image = randomSamples(seededRandom(depth), PNG_COLOR.indexed, depth);
      const rows = rowsOf(image, true, seededRandom(1));
      const error = await failure(await pngFile({ ...image, interlaced: true, rows, extra: extraOf(image) }));
      expect(error.code).toBe("png-interlaced");
      expect(error.message).toContain("lake.png");
      expect(error.message).toContain("without interlacing");
    }
  });

  it("reads colours of a palette without their opacity", async () => {
    const plte = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const { file } = await smallFile({
      extra: [
        ["PLTE", plte],
        ["tRNS", Uint8Array.of(0, 128)],
      ],
    });
    const expected = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
      [10, 11, 12],
    ];
    expect((await decodePng(file, "x")).palette).toEqual(expected);
  });

  it("reads back what it writes", async () => {
    const random = seededRandom(33);
    const samples = Uint8Array.from({ length: 70 * 50 }, () => integerBetween(random, 0, 9));
    const colors = Array.from({ length: 10 }, (_, id) => [id, 0, 0] as const);
    const file = await encodePng({ kind: "indexed", width: 70, height: 50, samples, palette: colors });
    const image = await decodePng(file, "x");
    expect(image.colorType).toBe(PNG_COLOR.indexed);
    expect(image.palette).toEqual(colors);
    expect([...image.samples]).toEqual([...samples]);
  });

  it("refuses 16 bits, saying what to do", async () => {
    const file = encode({ width: 2, height: 2, channels: 1, depth: 16, data: new Uint16Array(4) });
    const error = await failure(new Uint8Array(file));
    expect(error.code).toBe("png-16-bit");
    expect(error.message).toContain("lake.png");
    expect(error.message).toContain("8-bit");
  });

  it("refuses what is no PNG", async () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0xff, 0xd8, 0xff), new Uint8Array(100)]) {
      expect((await failure(bytes)).code).toBe("not-png");
    }
  });

  it("refuses sizes that would take all memory, before taking it", async () => {
    const { file } = await smallFile({ width: 100_000, height: 100_000 });
    expect((await failure(file)).code).toBe("too-large-image");
  });

  it("refuses pixel data that are shorter or longer than the header says: never zeros for them, never all memory", async () => {
    const { rows } = await smallFile();
    for (const wrong of [rows.subarray(0, -1), rows.subarray(0, 21), Uint8Array.of(), new Uint8Array(50_000_000)]) {
      const error = await failure((await smallFile({ rows: wrong })).file);
      expect(error.code).toBe("png-damaged");
      expect(error.message).toContain("315 bytes of pixels");
    }
  });

  it("refuses a second header, which could ask for another size", async () => {
    const plte: [string, Uint8Array] = ["PLTE", palette];
    const header = Uint8Array.from([...bigEndian(60_000), ...bigEndian(60_000), 8, 3, 0, 0, 0]);
    const error = await failure((await smallFile({ extra: [plte, ["IHDR", header]] })).file);
    expect([error.code, error.values["what"]]).toEqual(["png-damaged", "it has two headers"]);
  });

  it("refuses an indexed file without a palette, and rows filtered in a way that does not exist", async () => {
    expect((await failure((await smallFile({ extra: [] })).file)).message).toContain("no palette");
    const rows = (await smallFile()).rows.map((value, index) => (index === 42 ? 5 : value));
    expect((await failure((await smallFile({ rows })).file)).code).toBe("png-damaged");
  });

  it("says that a file cut off anywhere, or changed anywhere, is damaged: never wrong pixels, never a hang", async () => {
    const random = seededRandom(36);
    const { file } = await smallFile();
    for (let length = 8; length < file.length; length += 1) {
      expect((await failure(file.slice(0, length))).code).toBe("png-damaged");
    }
    for (let round = 0; round < 300; round += 1) {
      const changed = file.slice();
      const place = integerBetween(random, 8, file.length - 1);
      changed[place] = (changed[place] ?? 0) ^ integerBetween(random, 1, 255);
      const error = await failure(changed);
      expect(error.code).toBe("png-damaged");
      expect(error.message).toContain("lake.png");
    }
  });
});

/**
 * Damaged links and files, as `tests/fuzz` does it natively: whatever they hold, they are read or refused with words.
 *
 * Every input follows from a seed and a number. `cargo xtask fuzz` sets `VITE_FUZZ_SEED`, `VITE_FUZZ_SECONDS` and
 * `VITE_FUZZ_ITERATION`; without them a fixed number of inputs of seed 1 is tried.
 */

import { describe, expect, it } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { UnderpaintError } from "../engine/errors.js";
import { manifestWith } from "../engine/fixtures.js";
import { parseManifest } from "../engine/manifest.js";
import { crc32 } from "./crc32.js";
import { deflate, inflate } from "./deflate.js";
import { FileError } from "./file-error.js";
import { encodeColorPng, encodeLabelMapPng, openLabelMapPng } from "./label-map-png.js";
import { PNG_SIGNATURE } from "./png-format.js";
import { decodeShareLink, encodeShareLink } from "./share-link.js";

const INPUTS = 600;
/** Longest that one input may take: everything here is a few kilobytes, or refused for its size. */
const PATIENCE_MS = 5_000;
/** Values that lengths, counts and sizes go wrong at. */
const EDGES = [0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
const WORDS = ["", "-1", "0", "1e999", "NaN", "null", "[]", "{}", '""', "%", "%00", "\u{1F3DE}", "9".repeat(40), "a"];

const asked: Record<string, unknown> = import.meta.env;
const numberAsked = (name: string) => (asked[name] === undefined ? undefined : Number(asked[name]));
const seed = numberAsked("VITE_FUZZ_SEED") ?? 1;
const seconds = numberAsked("VITE_FUZZ_SECONDS");
const only = numberAsked("VITE_FUZZ_ITERATION");

type Random = () => number;
type Bytes = Uint8Array<ArrayBuffer>;

const classes = ["sky", "sea", "sand"].map((name, id) => {
  const color: [number, number, number] = [id * 80, 255 - id * 60, 30];
  return { id, name, color };
});
const size = { width: 24, height: 16 };

function painting(): LabelMap {
  const ids = Uint8Array.from({ length: size.width * size.height }, (_, index) => (index >> 5) % classes.length);
  return new LabelMap(size.width, size.height, ids);
}

const bytesOf = async (blob: Blob): Promise<Bytes> => new Uint8Array(await blob.arrayBuffer());

/** Any text that a change of a few characters makes. */
function damagedText(random: Random, text: string): string {
  let damaged = text;
  for (let changes = integerBetween(random, 1, 3); changes > 0; changes -= 1) {
    const at = integerBetween(random, 0, damaged.length);
    const length = integerBetween(random, 0, 12);
    const word = WORDS[integerBetween(random, 0, WORDS.length - 1)] ?? "";
    const letter = String.fromCharCode(integerBetween(random, 32, 126));
    const insert = [word, letter, damaged.slice(at, at + length).repeat(2), "["][integerBetween(random, 0, 3)] ?? "";
    const rest = integerBetween(random, 0, 9) === 0 ? "" : damaged.slice(at + length);
    damaged = damaged.slice(0, at) + insert + rest;
  }
  return damaged;
}

/** Any bytes that a few changes make. */
function damagedBytes(random: Random, bytes: Bytes): Bytes {
  let damaged = bytes.slice();
  for (let changes = integerBetween(random, 1, 4); changes > 0 && damaged.length > 0; changes -= 1) {
    const at = integerBetween(random, 0, damaged.length - 1);
    const end = Math.min(damaged.length, at + integerBetween(random, 1, 16));
    const edge = EDGES[integerBetween(random, 0, EDGES.length - 1)] ?? 0;
    const byte = integerBetween(random, 0, 255);
    const change = integerBetween(random, 0, 5);
    if (change === 0) damaged[at] = (damaged[at] ?? 0) ^ (1 << integerBetween(random, 0, 7));
    else if (change === 1) damaged.fill(byte, at, end);
    else if (change === 2 && at + 4 <= damaged.length) new DataView(damaged.buffer).setUint32(at, edge);
    else if (change === 3) damaged = Uint8Array.from([...damaged.subarray(0, at), ...damaged.subarray(end)]);
    else if (change === 4) damaged = Uint8Array.from([...damaged.subarray(0, end), ...damaged.subarray(at)]);
    else damaged = damaged.slice(0, at);
  }
  return damaged;
}

/** A PNG with one chunk damaged inside, whose checksums are right: most readers look at them first. */
async function damagedPng(random: Random, png: Bytes): Promise<Bytes> {
  const chunks: { type: Bytes; content: Bytes }[] = [];
  for (let at = PNG_SIGNATURE.length; at + 12 <= png.length;) {
    const length = new DataView(png.buffer).getUint32(at);
    chunks.push({ type: png.slice(at + 4, at + 8), content: png.slice(at + 8, at + 8 + length) });
    at += length + 12;
  }
  const chosen = chunks[integerBetween(random, 0, chunks.length - 1)];
  if (chosen && String.fromCharCode(...chosen.type) === "IDAT" && random() < 0.7) {
    const rows = await inflate(chosen.content, "deflate", 1 << 20);
    chosen.content = await deflate(damagedBytes(random, new Uint8Array(rows)), "deflate");
  } else if (chosen) {
    chosen.content = damagedBytes(random, chosen.content);
  }
  const parts = chunks.flatMap(({ type, content }) => {
    const named = Uint8Array.from([...type, ...content]);
    return [bigEndian(content.length), named, bigEndian(crc32(named))];
  });
  return Uint8Array.from([...PNG_SIGNATURE, ...parts.flatMap((part) => [...part])]);
}

function bigEndian(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A kind of input: its good ones, what damages one, and what reads one. */
interface Format<Input> {
  readonly samples: () => Promise<readonly Input[]>;
  readonly damage: (random: Random, sample: Input) => Promise<Input> | Input;
  readonly read: (input: Input) => Promise<unknown>;
}

const shareLink: Format<string> = {
  async samples() {
    const page = "https://example.org/studio/";
    const listed = { kind: "listed", id: "landscapes" } as const;
    const address = { kind: "address", url: "https://example.org/models/" } as const;
    return Promise.all([
      encodeShareLink(page, { origin: listed, seed: 7, map: painting() }),
      encodeShareLink(page, { origin: address, seed: 4294967295, map: undefined }),
    ]);
  },
  damage: damagedText,
  async read(link) {
    const map = (await decodeShareLink(link))?.map;
    if (map && map.ids.length !== map.width * map.height) throw new Error(`${map.ids.length} ids for ${map.width}`);
  },
};

const labelPng: Format<Bytes> = {
  async samples() {
    const files = [encodeLabelMapPng(painting(), classes), encodeColorPng(painting(), classes)];
    return Promise.all((await Promise.all(files)).map(bytesOf));
  },
  damage: (random, png) => (random() < 0.6 ? damagedPng(random, png) : damagedBytes(random, png)),
  async read(png) {
    const { map } = await openLabelMapPng(new Blob([png]), "file.png", classes, size);
    const known = map.ids.every((id) => classes.some((entry) => entry.id === id));
    if (!known || map.width !== size.width || map.height !== size.height) throw new Error("another map than asked for");
  },
};

const pageManifest: Format<string> = {
  samples: () =>
    Promise.resolve([
      JSON.stringify(manifestWith()),
      JSON.stringify(manifestWith({ input: { kind: "latent", channels: 4 } })),
    ]),
  damage: damagedText,
  read: (text) => Promise.resolve().then(() => parseManifest(new TextEncoder().encode(text), "manifest.json")),
};

/** Tries the inputs of a format; the first that is neither read nor refused with words fails. */
async function fuzz<Input>(name: string, { samples, damage, read }: Format<Input>): Promise<void> {
  const good = await samples();
  const until = seconds === undefined ? undefined : performance.now() + seconds * 1000;
  const goesOn = (number: number) => (until === undefined ? number < INPUTS : performance.now() < until);
  for (let number = only ?? 0; only === undefined ? goesOn(number) : number === only; number += 1) {
    const random = seededRandom(seed * 1_000_003 + number);
    const sample = good[number] ?? good[integerBetween(random, 0, good.length - 1)];
    if (sample === undefined) throw new Error("a format without samples");
    const intact = number < good.length;
    const input = intact ? sample : await damage(random, sample);
    const started = performance.now();
    const error = await read(input).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const again = `cargo xtask fuzz --format ${name} --seed ${seed} --iteration ${number}`;
    if (intact) expect(error, `a good one is refused: ${again}`).toBeUndefined();
    const isForPeople = error === undefined || error instanceof FileError || error instanceof UnderpaintError;
    expect(isForPeople, `${String(error)}: ${again}`).toBe(true);
    expect(performance.now() - started, `too slow: ${again}`).toBeLessThan(PATIENCE_MS);
  }
}

describe("damaged inputs are read or refused with words", () => {
  const limit = (seconds ?? 0) * 1000 + 60_000;
  it("share-link", () => fuzz("share-link", shareLink), limit);
  it("label-png", () => fuzz("label-png", labelPng), limit);
  it("page-manifest", () => fuzz("page-manifest", pageManifest), limit);
});

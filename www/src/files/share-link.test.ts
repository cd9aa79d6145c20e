import { describe, expect, it } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { strokeSegment } from "../canvas/stroke.js";
import { base64urlFromBytes, bytesFromBase64url } from "./base64url.js";
import { FileError } from "./file-error.js";
import { decodeShareLink, encodeShareLink, MAX_LINK_LENGTH, type SharedScene } from "./share-link.js";

const page = "https://example.org/studio/?theme=dark#old";
const listed = { kind: "listed", id: "landscapes" } as const;

function painting(seed: number, width: number, height: number, strokes = 40): LabelMap {
  const random = seededRandom(seed);
  const map = new LabelMap(width, height);
  for (let index = 0; index < strokes; index += 1) {
    const sample = () => ({
      pointInImage: { x: random() * width, y: random() * height },
      size: integerBetween(random, 4, 40),
    });
    strokeSegment(map, sample(), sample(), integerBetween(random, 0, 15));
  }
  return map;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const result = await promise.catch((error: unknown) => error);
  if (result instanceof FileError) return result.code;
  throw new Error(`expected a FileError, found ${String(result)}`);
}

describe("share links", () => {
  it("restore model, seed and painting, for any painting", async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const random = seededRandom(seed);
      const map = painting(
        seed,
        integerBetween(random, 1, 256),
        integerBetween(random, 1, 256),
        integerBetween(random, 0, 25),
      );
      const link = await encodeShareLink(page, { origin: listed, seed: 4294967295 - seed, map });
      const scene = await decodeShareLink(link);
      expect(scene?.origin).toEqual(listed);
      expect(scene?.seed).toBe(4294967295 - seed);
      expect(scene?.map?.equals(map)).toBe(true);
    }
  });

  it("restore objects, for any painting, and say nothing of them where there are none", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const random = seededRandom(seed);
      const map = painting(seed, integerBetween(random, 1, 90), integerBetween(random, 1, 90), 10);
      map.addObjects().forEach((_, index, objects) => {
        objects[index] = Math.floor(index / 97) % 3 === 0 ? 65_535 - (seed % 5) : 0;
      });
      const link = await encodeShareLink(page, { origin: listed, seed: 1, map });
      expect((await decodeShareLink(link))?.map?.equals(map)).toBe(true);
      map.objects?.fill(0);
      expect(await encodeShareLink(page, { origin: listed, seed: 1, map })).not.toContain("objects");
    }
  });

  it("with objects that were cut off or changed are refused", async () => {
    const map = painting(3, 60, 40, 10);
    map.addObjects().fill(7, 100, 900);
    const link = await encodeShareLink(page, { origin: listed, seed: 1, map });
    expect(await codeOf(decodeShareLink(link.slice(0, -4)))).toBe("share-damaged");
    const other = painting(3, 60, 40, 10);
    other.addObjects().fill(8, 100, 900);
    const fields = new URLSearchParams(new URL(link).hash.slice(1));
    const changed = new URLSearchParams(
      new URL(await encodeShareLink(page, { origin: listed, seed: 1, map: other })).hash.slice(1),
    );
    // The check of one painting before the objects of another.
    const packed = (fields.get("objects") ?? "").slice(0, 5) + (changed.get("objects") ?? "").slice(5);
    fields.set("objects", packed);
    expect(await codeOf(decodeShareLink(`#${fields.toString()}`))).toBe("share-damaged");
  });

  it("keep page and query, replace the fragment, and send nothing to the server", async () => {
    const link = new URL(await encodeShareLink(page, { origin: listed, seed: 7, map: undefined }));
    expect(link.origin + link.pathname + link.search).toBe("https://example.org/studio/?theme=dark");
    expect(link.hash).toBe("#share=1&model=landscapes&seed=7");
    expect(await decodeShareLink(link.hash)).toEqual({ origin: listed, seed: 7, map: undefined });
  });

  it("of a painted 256×256 scene are a few thousand characters", async () => {
    const link = await encodeShareLink(page, { origin: listed, seed: 0, map: painting(1, 256, 256) });
    expect(link.length).toBeLessThan(8000);
  });

  it("restore models by web address", async () => {
    const origin = { kind: "address", url: "https://models.example.org/city/?v=2&x=ü" } as const;
    const scene = await decodeShareLink(await encodeShareLink(page, { origin, seed: 1, map: undefined }));
    expect(scene?.origin).toEqual({ kind: "address", url: new URL(origin.url).href });
  });

  it("cannot bring a model from this computer", async () => {
    const scene: SharedScene = { origin: { kind: "local" }, seed: 0, map: undefined };
    expect(await codeOf(encodeShareLink(page, scene))).toBe("share-local-model");
  });

  it("say when a painting is too detailed, rather than being cut off", async () => {
    const map = new LabelMap(256, 256);
    const random = seededRandom(3);
    map.ids.forEach((_, index) => (map.ids[index] = integerBetween(random, 0, 15)));
    const error = await encodeShareLink(page, { origin: listed, seed: 0, map }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ code: "share-too-large", values: { limit: MAX_LINK_LENGTH } });
  });

  it("are none when the fragment is something else", async () => {
    for (const link of ["https://example.org/", "https://example.org/#", "#about", "#model=landscapes", ""]) {
      expect(await decodeShareLink(link)).toBeUndefined();
    }
  });

  it("cut off or changed anywhere give an error, never another painting", async () => {
    const random = seededRandom(4);
    const map = painting(5, 96, 64);
    const link = await encodeShareLink("https://a.example/", { origin: listed, seed: 3, map });
    const start = link.indexOf("map=") + 4;
    for (let round = 0; round < 150; round += 1) {
      const place = integerBetween(random, start, link.length - 1);
      const cut = link.slice(0, place);
      expect(await codeOf(decodeShareLink(cut))).toBe("share-damaged");
      const letter = "abcXYZ019-_"[integerBetween(random, 0, 10)] ?? "a";
      const changed = link.slice(0, place) + letter + link.slice(place + 1);
      const result = await decodeShareLink(changed).catch((error: unknown) => error);
      if (result instanceof FileError) expect(result.code).toBe("share-damaged");
      else expect(result).toMatchObject({ map: { width: 96, height: 64, ids: map.ids } });
    }
  });

  it("of garbage give an error", async () => {
    const bad = [
      "#share=2&model=landscapes",
      "#share=&model=landscapes",
      "#share=1",
      "#share=1&model=../../etc",
      "#share=1&model=javascript:alert(1)",
      "#share=1&model=file:///etc/passwd",
      "#share=1&model=a&seed=-1",
      "#share=1&model=a&seed=1.5",
      "#share=1&model=a&seed=x",
      "#share=1&model=a&map=AAAAAAAA",
      "#share=1&model=a&size=0x4&map=AAAAAAAA",
      "#share=1&model=a&size=99999x99999&map=AAAAAAAA",
      "#share=1&model=a&size=4x4&map=",
      "#share=1&model=a&size=4x4&map=%00%ff",
      "#share=1&model=a&size=4x4&map=A",
    ];
    for (const link of bad) expect(await codeOf(decodeShareLink(link))).toBe("share-damaged");
    const random = seededRandom(6);
    for (let round = 0; round < 200; round += 1) {
      const bytes = Uint8Array.from({ length: integerBetween(random, 0, 80) }, () => integerBetween(random, 0, 255));
      const link = `#share=1&model=a&size=8x8&map=${base64urlFromBytes(bytes)}`;
      expect(await codeOf(decodeShareLink(link))).toBe("share-damaged");
    }
  });

  it("that unpack to far more than they say take no more memory than they say", async () => {
    const zeros = new LabelMap(2048, 2048);
    const link = await encodeShareLink(page, { origin: listed, seed: 0, map: zeros });
    const scene = await codeOf(decodeShareLink(link.replace("size=2048x2048", "size=16x16")));
    expect(scene).toBe("share-damaged");
  });
});

describe("base64url", () => {
  it("gives any bytes back", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 100; round += 1) {
      const bytes = Uint8Array.from({ length: integerBetween(random, 0, 100) }, () => integerBetween(random, 0, 255));
      const text = base64urlFromBytes(bytes);
      expect(text).toMatch(/^[\w-]*$/);
      expect([...(bytesFromBase64url(text) ?? [])]).toEqual([...bytes]);
    }
    expect(bytesFromBase64url("a+b")).toBeUndefined();
  });
});

import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { inkOf, LabelMap, type LabelClass } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { FileError } from "./file-error.js";
import { encodeInstancesPng, readInstancesPng } from "./instance-map-png.js";
import { encodeColorPng, encodeLabelMapPng, readLabelMapPng } from "./label-map-png.js";

const classes: LabelClass[] = [0, 1, 2, 26].map((id) => ({ id, name: `class ${id}`, color: [id, 2 * id, 3 * id] }));

function randomMap(random: () => number, width = integerBetween(random, 1, 40)): LabelMap {
  const map = new LabelMap(width, integerBetween(random, 1, 30));
  map.addObjects();
  for (let index = 0; index < map.ids.length; index += 1) {
    const id = classes[integerBetween(random, 0, 3)]?.id ?? 0;
    map.fill(inkOf(id, id === 0 ? 0 : integerBetween(random, 0, 4)), index, index + 1);
  }
  return map;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const result = await promise.catch((error: unknown) => error);
  if (result instanceof FileError) return result.code;
  throw new Error(`expected a FileError, found ${String(result)}`);
}

describe("maps of objects as PNG files", () => {
  it("are 16-bit grey, and come back exactly beside the label map", async () => {
    const random = seededRandom(71);
    for (let round = 0; round < 20; round += 1) {
      const map = randomMap(random);
      const file = await encodeInstancesPng(map, "cityscapes");
      const png = decode(new Uint8Array(await file.arrayBuffer()));
      expect([png.depth, png.channels, png.width]).toEqual([16, 1, map.width]);
      expect(png.data[0]).toBe(map.objects?.[0] ? (map.ids[0] ?? 0) * 1000 + map.objects[0] - 1 : map.ids[0]);
      expect(await readInstancesPng(file, "objects.png", map)).toEqual({ objects: map.objects, rule: "cityscapes" });
      const plain = await readInstancesPng(await encodeInstancesPng(map, "plain"), "plain.png", map);
      // Numbers within a class may be others: the same pixels belong together.
      const again = new LabelMap(map.width, map.height, map.ids, plain.objects);
      const pairs = new Set(Array.from(map.ids, (_, index) => `${map.inkAt(index)} ${again.inkAt(index)}`));
      expect(pairs.size).toBe(new Set(Array.from(map.ids, (_, index) => map.inkAt(index))).size);
    }
  });

  it("by Cityscapes' rule are label maps too, where the model tells objects apart", async () => {
    const map = randomMap(seededRandom(72), 33);
    const file = await encodeInstancesPng(map, "cityscapes");
    const read = await readLabelMapPng(file, "both.png", classes, "exact", true);
    expect(read.interpretation).toBe("cityscapes");
    expect(read.map.equals(map)).toBe(true);
    expect(await codeOf(readLabelMapPng(file, "both.png", classes))).toBe("png-16-bit");
    const plain = await encodeInstancesPng(map, "plain");
    expect(await codeOf(readLabelMapPng(plain, "plain.png", classes, "exact", true))).toBe("unknown-class");
  });

  it("never take a number above 255 for one of its low bits", async () => {
    const map = new LabelMap(2, 1, Uint8Array.of(1, 1), Uint16Array.of(0, 1));
    const plain = await encodeInstancesPng(map, "plain");
    const known: LabelClass[] = [...classes, { id: 255, name: "no class", color: [9, 9, 9] }];
    const thrown: unknown = await readLabelMapPng(plain, "p.png", known, "exact", true).catch(
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code: "unknown-class", values: { id: 256, x: 1, y: 0 } });
  });

  it("are resized with the label map's shape, and refused with another", async () => {
    const small = new LabelMap(2, 1, Uint8Array.of(1, 1), Uint16Array.of(3, 4));
    const large = new LabelMap(4, 2, new Uint8Array(8).fill(1));
    const file = await encodeInstancesPng(small, "cityscapes");
    expect([...(await readInstancesPng(file, "s.png", large)).objects]).toEqual([3, 3, 4, 4, 3, 3, 4, 4]);
    expect(await codeOf(readInstancesPng(file, "s.png", new LabelMap(4, 4)))).toBe("instances-other-shape");
  });

  it("may be 8-bit grey or indices, and are no pictures in colours", async () => {
    const map = new LabelMap(2, 1, Uint8Array.of(1, 26));
    const numbers = await readInstancesPng(await encodeLabelMapPng(map, classes), "i.png", new LabelMap(2, 1));
    expect([...numbers.objects]).toEqual([1, 2]);
    expect(await codeOf(readInstancesPng(await encodeColorPng(map, classes), "c.png", map))).toBe("instances-not-grey");
  });

  it("are refused by Cityscapes' rule where that has no numbers for them", async () => {
    const map = new LabelMap(1, 1, Uint8Array.of(0), Uint16Array.of(1));
    expect(await codeOf(encodeInstancesPng(map, "cityscapes"))).toBe("instances-no-rule");
    expect((await encodeInstancesPng(map, "plain")).size).toBeGreaterThan(0);
  });

  it("cut off or changed anywhere are refused, or read as some numbers; never anything else", async () => {
    const random = seededRandom(73);
    const map = randomMap(random, 20);
    const bytes = new Uint8Array(await (await encodeInstancesPng(map, "cityscapes")).arrayBuffer());
    for (let round = 0; round < 150; round += 1) {
      const damaged = bytes.slice(0, random() < 0.3 ? integerBetween(random, 0, bytes.length - 1) : bytes.length);
      for (let count = integerBetween(random, 1, 4); count > 0; count -= 1) {
        damaged[integerBetween(random, 0, damaged.length - 1)] = integerBetween(random, 0, 255);
      }
      const read = await readInstancesPng(new Blob([damaged]), "damaged.png", map).catch((error: unknown) => error);
      if (!(read instanceof FileError)) expect(read).toMatchObject({ objects: expect.any(Uint16Array) as unknown });
    }
  });
});

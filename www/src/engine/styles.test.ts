import { beforeAll, describe, expect, it, vi } from "vitest";
import { loadWith, type LoadOptions } from "./client.js";
import {
  FakeModule,
  FakeServer,
  FakeWorker,
  FOLDER,
  LABELS,
  SHA256,
  WEIGHTS,
  bytesOfJson,
  manifestWith,
  rejection,
  type FakeWorkerOptions,
} from "./fixtures.js";
import type { Generator } from "./generator.js";
import type { Manifest } from "./manifest.js";

beforeAll(() => {
  vi.stubGlobal(
    "ImageData",
    class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  );
});

const ENCODER = { file: "encoder.safetensors", dtype: "f32", bytes: WEIGHTS.length, sha256: SHA256 } as const;
const ENCODER_URL = `${FOLDER}encoder.safetensors`;
const SPADE = {
  model: { family: "spade", generator: { architecture: { kind: "spade", latent_channels: 2 } } },
  encoder_weights: ENCODER,
};
const PGAN: Partial<Manifest> = {
  model: { family: "pgan", generator: { depths: [8, 4, 2] } },
  input: { kind: "latent", channels: 2 },
  size: { width: 16, height: 16, multiple: 16 },
};
const PICTURE = new Uint8ClampedArray([40, 50, 60, 255]);

function serverOf(changes: Partial<Manifest>): FakeServer {
  const server = FakeServer.withBundle(manifestWith(changes));
  server.files.set(ENCODER_URL, new Uint8Array(WEIGHTS));
  return server;
}

async function loadFake(options: FakeWorkerOptions, loadOptions: LoadOptions = {}): Promise<Generator> {
  return loadWith(() => new FakeWorker(options), FOLDER, loadOptions);
}

const map = () => ({ ids: new Uint8Array([1, 0]), width: 2, height: 1 });
const photo = () => new ImageData(PICTURE, 1, 1);

describe("styles", () => {
  it("become latents: of seeds, of numbers, between and near others", async () => {
    const generator = await loadFake({ server: serverOf(PGAN), module: new FakeModule() });
    const numbers = async (style: Parameters<Generator["latent"]>[0]) => [...(await generator.latent(style))];
    expect(await numbers({ seed: 7 })).toEqual([7]);
    expect(await numbers({ latent: [2, 4] })).toEqual([2, 4]);
    expect(await numbers({ between: [{ latent: [2, 4] }, { latent: [4, 8] }, 0.5] })).toEqual([3, 6]);
    expect(await numbers({ near: [{ latent: [2, 4] }, 10, 0.5] })).toEqual([7, 9]);
  });

  it("are refused by models without latents, and where they make no sense", async () => {
    const without = await loadFake({ server: serverOf({}) });
    const refused = async (generator: Generator, style: unknown) =>
      (await rejection(generator.generate(map(), { style: style as { seed: number } }))).message;
    expect(await refused(without, { seed: 1 })).toBe("style: Lake has no latents, and no use for a style.");
    const generator = await loadFake({ server: serverOf(SPADE) });
    expect(await refused(generator, { latent: [1] })).toBe("style: expected 2 numbers, found 1");
    expect(await refused(generator, { latent: [1, NaN] })).toBe("style: expected numbers, found NaN");
    expect(await refused(generator, { between: [{ seed: 1 }, { seed: 2 }, 1.5] })).toContain("found 1.5");
    expect(await refused(generator, {})).toContain("expected ImageData, seed, latent");
    let deep: object = { seed: 1 };
    for (let depth = 0; depth < 20; depth += 1) deep = { near: [deep, 1, 0.1] };
    expect(await refused(generator, deep)).toContain("at most 16 styles");
    const unread = await loadFake({ server: serverOf(PGAN) });
    expect(await refused(unread, photo())).toContain("no encoder");
  });

  it("of pictures bring the encoder, when they are first asked for and only once", async () => {
    const [server, module] = [serverOf(SPADE), new FakeModule()];
    const generator = await loadFake({ server, module });
    expect(server.requests).not.toContain(ENCODER_URL);
    const style = await generator.encodeStyle(photo());
    expect([[...style.mean], [...style.logVariance]]).toEqual([
      [40, 50],
      [60, 255],
    ]);
    await generator.generate(map(), { style: photo() });
    expect(server.requests.filter((url) => url === ENCODER_URL)).toHaveLength(1);
    expect(module.encoders).toEqual([[...WEIGHTS]]);
  });

  it("say what is wrong with an encoder, and fetch it again when asked again", async () => {
    const [server, module] = [serverOf(SPADE), new FakeModule()];
    server.files.delete(ENCODER_URL);
    const generator = await loadFake({ server, module });
    expect((await rejection(generator.loadEncoder())).message).toContain("encoder.safetensors");
    server.files.set(ENCODER_URL, new Uint8Array(WEIGHTS));
    await generator.loadEncoder();
    expect(module.encoders).toHaveLength(1);
    const early = new FakeModule();
    await loadFake({ server, module: early }, { encoder: true });
    expect(early.encoders).toHaveLength(1);
  });

  it("of pictures need the encoder's file where the bundle came as files", async () => {
    const manifest = bytesOfJson(manifestWith(SPADE));
    const files = { manifest, weights: WEIGHTS };
    const module = new FakeModule();
    const start = () => new FakeWorker({ module });
    const without = await loadWith(start, files, {});
    expect(await rejection(without.encodeStyle(photo()))).toMatchObject({ code: "bad-input" });
    const generator = await loadWith(start, { ...files, encoder: WEIGHTS }, {});
    await generator.encodeStyle(photo());
    expect(module.encoders).toHaveLength(1);
  });
});

describe("smaller pictures", () => {
  it("are those of a scale, by its side", async () => {
    const generator = await loadFake({ server: serverOf(PGAN) });
    const { image } = await generator.generate(null, { scale: 8 });
    expect([image.width, image.height]).toEqual([8, 8]);
    expect((await rejection(generator.generate(null, { scale: 9 }))).message).toBe("scale: expected 4, 8, 16; found 9");
    const labels = await loadFake({ server: serverOf({}) });
    expect((await rejection(labels.generate(map(), { scale: 8 }))).message).toContain("no smaller pictures");
  });

  it("come in the background one after the other, behind what a person waits for", async () => {
    const done: string[] = [];
    const generator = await loadFake({ server: serverOf(PGAN) });
    const ask = async (name: string, seed: number, background: boolean) => {
      await generator.generate(null, { seed, background });
      done.push(name);
    };
    await Promise.all([ask("b1", 1, true), ask("b2", 2, true), ask("b3", 3, true), ask("now", 4, false)]);
    expect(done).toEqual(["b1", "now", "b2", "b3"]);
    const stop = new AbortController();
    const waiting = [1, 2].map((seed) => generator.generate(null, { seed, background: true, signal: stop.signal }));
    const ends = Promise.all(waiting.map(rejection));
    stop.abort();
    expect((await ends).map(({ code }) => code)).toEqual(["aborted", "aborted"]);
  });
});

describe("looks of objects", () => {
  const FEATURES: Partial<Manifest> = {
    model: { family: "pix2pixhd", generator: {}, feature_channels: 2 },
    input: LABELS,
    clusters: { 1: [[0.5, -0.5]] },
    encoder_weights: ENCODER,
  };

  it("are chosen by cluster or by numbers, and refused where there are none", async () => {
    const generator = await loadFake({ server: serverOf(FEATURES) });
    await generator.generate(map(), {
      objects: [
        { label: 1, cluster: 0 },
        { label: 0, instance: 3, feature: [1, 2] },
      ],
    });
    const refused = async (objects: Parameters<Generator["generate"]>[1]) =>
      (await rejection(generator.generate(map(), objects))).message;
    expect(await refused({ objects: [{ label: 0, cluster: 2 }] })).toContain("class 0 has 0 typical looks");
    expect(await refused({ objects: [{ label: 1, feature: [1] }] })).toContain("a feature of 2 numbers");
    expect(await refused({ objects: [{ label: -1, cluster: 0 }] })).toContain("0 to 65535");
    const without = await loadFake({ server: serverOf({}) });
    const error = await rejection(without.generate(map(), { objects: [{ label: 1, cluster: 0 }] }));
    expect(error.message).toContain("takes no features");
  });

  it("are read off a photo as large as the map", async () => {
    const generator = await loadFake({ server: serverOf(FEATURES) });
    const same = new ImageData(new Uint8ClampedArray(8), 2, 1);
    expect(await generator.looksOf(map(), same)).toContainEqual({ label: 1, instance: 0, feature: [9, 9] });
    expect((await rejection(generator.looksOf(map(), photo()))).message).toContain("expected 2×1");
  });
});

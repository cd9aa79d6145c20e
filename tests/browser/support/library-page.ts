/** The library in a page of its own, as tests call it. */

import type { Page } from "@playwright/test";

import type * as Library from "../../../www/src/index";
import type { LoadOptions } from "../../../www/src/index";
import type { LabelScene } from "../../../www/src/engine/wasm";
import type { Labels } from "./scenes";
import type { Tensor } from "./tensors.mjs";

/** The builds of the wasm module, as `www/pkg/modules.js` names them. */
export type ModuleBuild = "plain" | "relaxed";

/** The part of the wasm module that tests call (www/pkg/underpaint_web.d.ts). */
interface WasmModule {
  Session: {
    load(
      manifest: Uint8Array,
      weights: Uint8Array,
      device: string,
      onStage: (stage: string) => void,
    ): Promise<WasmSession>;
  };
}
export interface WasmSession {
  generate_tensor(planes: Float32Array, width: number, height: number, seed: number): Promise<Float32Array>;
  generate_tensor_from_latent(latent: Float32Array, scale?: number): Promise<Float32Array>;
  generate_tensor_from_labels(labels: LabelScene, seed: number): Promise<Float32Array>;
  add_encoder(weights: Uint8Array): void;
  style_latent(rgba: Uint8Array, width: number, height: number, seed: number): Promise<Float32Array>;
  style_distribution(rgba: Uint8Array, width: number, height: number): Promise<Float32Array>;
  latent_of_style(distribution: Float32Array, seed: number): Float32Array;
  latent_of_seed(seed: number, classes: string[]): Float32Array;
  latent_between(from: Float32Array, to: Float32Array, share: number): Float32Array;
  latent_near(latent: Float32Array, seed: number, step: number): Float32Array;
  object_looks(labels: LabelScene, rgba: Uint8Array): Promise<Float32Array>;
  free(): void;
}

declare global {
  // eslint-disable-next-line no-var
  var library: typeof Library;
  // eslint-disable-next-line no-var
  var startModule: (build: ModuleBuild) => Promise<WasmModule>;
  // eslint-disable-next-line no-var
  var generator: Library.Generator | undefined;
}

/** What came of a call: a value, or an error's code and message. */
export type Outcome<T> = { value: T } | { code: string; message: string };

/** What a test wants to know of a loaded generator. */
export interface LoadedReport {
  device: { kind: string; adapter: string; reason: string; code: string };
  name: string;
  bytes: number;
  loadMilliseconds: number;
  stages: string[];
  fractions: number[];
}

/** Where the bundles of `support/models.ts` are, seen from the page. */
export const modelUrl = (name: string): string => `models/${name}/`;

/** Opens the page and waits for the library. */
export async function openLibrary(page: Page): Promise<void> {
  await page.goto("/library/");
  await page.waitForFunction(() => "library" in globalThis);
}

/** Loads a bundle into `globalThis.generator`. */
export async function load(
  page: Page,
  url: string,
  options: Pick<LoadOptions, "device" | "cache" | "workerUrl"> = {},
): Promise<Outcome<LoadedReport>> {
  return page.evaluate(
    async ({ url, options }) => {
      const stages: string[] = [];
      const fractions: number[] = [];
      try {
        const generator = await library.load(url, {
          ...options,
          onProgress: ({ stage, fraction }) => {
            if (stages.at(-1) !== stage) stages.push(stage);
            fractions.push(fraction);
          },
        });
        globalThis.generator = generator;
        const { device, manifest, bytes, loadMilliseconds } = generator;
        return { value: { device, name: manifest.name, bytes, loadMilliseconds, stages, fractions } };
      } catch (thrown) {
        if (!(thrown instanceof library.UnderpaintError)) throw thrown;
        return { code: thrown.code, message: thrown.message };
      }
    },
    { url, options },
  );
}

/** {@link load} for bundles that must load. */
export async function mustLoad(...args: Parameters<typeof load>): Promise<LoadedReport> {
  return valueOf(await load(...args));
}

/** The value, or an error with the code that came instead. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if ("code" in outcome) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.value;
}

/** Generates from a label map, or from the seed alone, with `globalThis.generator`; the picture's RGBA samples. */
export async function generate(page: Page, labels: Labels | null, seed = 0): Promise<Outcome<number[]>> {
  return page.evaluate(
    async ({ labels, seed }) => {
      try {
        if (!globalThis.generator) throw new Error("no generator is loaded");
        const input = labels && { ...labels, ids: Uint8Array.from(labels.ids) };
        const { image } = await globalThis.generator.generate(input, { seed });
        return { value: Array.from(image.data) };
      } catch (thrown) {
        if (!(thrown instanceof library.UnderpaintError)) throw thrown;
        return { code: thrown.code, message: thrown.message };
      }
    },
    { labels: labels && { ...labels, ids: Array.from(labels.ids) }, seed },
  );
}

/** Generates from a picture with `globalThis.generator`; the picture's RGBA samples. */
export async function generateFromPicture(
  page: Page,
  rgba: Uint8Array,
  width: number,
  height: number,
): Promise<number[]> {
  return page.evaluate(
    async ({ rgba, width, height }) => {
      if (!globalThis.generator) throw new Error("no generator is loaded");
      const input = new ImageData(Uint8ClampedArray.from(rgba), width, height);
      return Array.from((await globalThis.generator.generate(input)).image.data);
    },
    { rgba: Array.from(rgba), width, height },
  );
}

/** Runs the module itself on raw planes, or on a latent: what the generator gives before any rounding. */
export async function generateTensor(
  page: Page,
  url: string,
  device: "webgpu" | "cpu",
  { shape, values }: Tensor,
  seed: number,
  build: ModuleBuild,
): Promise<number[]> {
  const [, , height = 0, width = 0] = shape;
  const isLatent = shape.length === 2;
  return page.evaluate(
    async ({ url, device, values, isLatent, width, height, seed, build }) => {
      const bytes = async (name: string) => {
        const response = await fetch(url + name);
        return new Uint8Array(await response.arrayBuffer());
      };
      const { Session } = await startModule(build);
      const [manifest, weights] = await Promise.all([bytes("manifest.json"), bytes("weights.safetensors")]);
      const session = await Session.load(manifest, weights, device, () => undefined);
      const given = Float32Array.from(values);
      const output = isLatent
        ? await session.generate_tensor_from_latent(given)
        : await session.generate_tensor(given, width, height, seed);
      session.free();
      return Array.from(output);
    },
    { url, device, values: Array.from(values), isLatent, width, height, seed, build },
  );
}

/** Calls the module itself: `work` is given a session of the bundle, its encoder with it, and `given`. */
export async function withSession<Given, Result>(
  page: Page,
  url: string,
  given: Given,
  work: (session: WasmSession, given: Given) => Promise<Result>,
): Promise<Result> {
  const handle = await page.evaluateHandle(
    async ({ url }) => {
      const bytes = async (name: string) => {
        const response = await fetch(url + name);
        return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
      };
      const { Session } = await startModule("plain");
      const names = ["manifest.json", "weights.safetensors"];
      const [manifest, weights] = await Promise.all(names.map(bytes));
      if (!manifest || !weights) throw new Error(`${url} is no bundle`);
      const session = await Session.load(manifest, weights, "cpu", () => undefined);
      if (new TextDecoder().decode(manifest).includes("encoder_weights")) {
        const encoder = await bytes("encoder.safetensors");
        if (encoder) session.add_encoder(encoder);
      }
      return session;
    },
    { url },
  );
  try {
    return await handle.evaluate(work as (session: WasmSession, given: unknown) => Promise<Result>, given as unknown);
  } finally {
    await handle.evaluate((session) => session.free());
  }
}

/** Runs the module itself on a square label map in the style of a picture as large. */
export async function generateStyled(
  page: Page,
  url: string,
  device: "webgpu" | "cpu",
  ids: Uint8Array,
  picture: Uint8Array,
  side: number,
  seed: number,
): Promise<number[]> {
  return page.evaluate(
    async ({ url, device, ids, picture, side, seed }) => {
      const bytes = async (name: string) => {
        const response = await fetch(url + name);
        return new Uint8Array(await response.arrayBuffer());
      };
      const { Session } = await startModule("plain");
      const [manifest, weights, encoder] = await Promise.all([
        bytes("manifest.json"),
        bytes("weights.safetensors"),
        bytes("encoder.safetensors"),
      ]);
      const session = await Session.load(manifest, weights, device, () => undefined);
      session.add_encoder(encoder);
      const latent = await session.style_latent(Uint8Array.from(picture), side, side, seed);
      const output = await session.generate_tensor_from_labels(
        { ids: Uint8Array.from(ids), width: side, height: side, latent },
        seed,
      );
      session.free();
      return Array.from(output);
    },
    { url, device, ids: Array.from(ids), picture: Array.from(picture), side, seed },
  );
}

/** Runs the module itself on a label map with instances: what the generator gives before any rounding. */
export async function generateFromInstances(
  page: Page,
  url: string,
  device: "webgpu" | "cpu",
  { ids, width, height }: Labels,
  instances: Uint16Array | undefined,
): Promise<number[]> {
  return page.evaluate(
    async ({ url, device, ids, width, height, instances }) => {
      const bytes = async (name: string) => {
        const response = await fetch(url + name);
        return new Uint8Array(await response.arrayBuffer());
      };
      const { Session } = await startModule("plain");
      const [manifest, weights] = await Promise.all([bytes("manifest.json"), bytes("weights.safetensors")]);
      const session = await Session.load(manifest, weights, device, () => undefined);
      const scene = { ids: Uint8Array.from(ids), width, height };
      const given = instances ? { ...scene, instances: Uint16Array.from(instances) } : scene;
      const output = await session.generate_tensor_from_labels(given, 0);
      session.free();
      return Array.from(output);
    },
    { url, device, ids: Array.from(ids), width, height, instances: instances && Array.from(instances) },
  );
}

/** RGBA without alpha, which must be opaque. */
export function opaqueRgb(rgba: number[]): number[] {
  if (rgba.some((sample, at) => at % 4 === 3 && sample !== 255)) {
    throw new Error("expected an opaque picture");
  }
  return rgba.filter((_, at) => at % 4 !== 3);
}

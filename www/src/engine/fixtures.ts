/** Stand-ins for the engine's tests: a bundle, a module, a cache, and a worker in the same thread. */

import type { WorkerLike } from "./connection.js";
import type { AdapterView, Surroundings } from "./device.js";
import { UnderpaintError } from "./errors.js";
import type { LabelsInput, Manifest } from "./manifest.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { WorkerHost, type HostEnvironment } from "./worker-host.js";
import type { WasmModule, WasmSession } from "./wasm.js";
import type { CacheStore } from "./weight-cache.js";

export const WEIGHTS = new Uint8Array([1, 2, 3, 4, 5]);
/** SHA-256 of {@link WEIGHTS}. */
export const SHA256 = "74f81fe167d99b4cb41d6d0ccda82278caee9f3e2f25d5e5a3936ff3dcec60d0";
export const FOLDER = "https://models.test/lake/";

/** Label maps of two classes. */
export const LABELS: LabelsInput = {
  kind: "labels",
  num_classes: 2,
  classes: [
    { id: 0, name: "sky", color: [10, 20, 30] },
    { id: 1, name: "water", color: [0, 0, 255] },
  ],
};

/** A manifest of a small label generator with two classes; `changes` replace whole fields. */
export function manifestWith(changes: Partial<Manifest> = {}): Manifest {
  return {
    format_version: 1,
    name: "Lake",
    model: { family: "pix2pix", generator: { architecture: "unet_256", input_channels: 2, base_channels: 4 } },
    input: LABELS,
    output: { channels: 3, value_range: [-1, 1] },
    size: { height: 256, width: 256, multiple: 256 },
    test_time: { statistics: "batch", dropout: false },
    weights: { file: "weights.safetensors", dtype: "f32", bytes: WEIGHTS.length, sha256: SHA256 },
    provenance: { producer: "test" },
    ...changes,
  };
}

export function bytesOfJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A server: address → bytes; counts what is asked for. Anything else is 404. */
export class FakeServer {
  readonly requests: string[] = [];
  online = true;

  constructor(readonly files: Map<string, Uint8Array<ArrayBuffer>>) {}

  static withBundle(manifest: Manifest = manifestWith(), weights = WEIGHTS): FakeServer {
    return new FakeServer(
      new Map([
        [`${FOLDER}manifest.json`, bytesOfJson(manifest)],
        [`${FOLDER}weights.safetensors`, new Uint8Array(weights)],
      ]),
    );
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.requests.push(url);
    init.signal?.throwIfAborted();
    if (!this.online) throw new TypeError("Failed to fetch");
    const bytes = this.files.get(url);
    return bytes === undefined ? new Response("", { status: 404 }) : new Response(inParts(bytes));
  };
}

/** A body that arrives in parts of two bytes. */
function inParts(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(start, start + 2));
      start += 2;
    },
  });
}

/** A browser's cache storage in memory. */
export class FakeCaches {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();

  async open(): Promise<Cache> {
    const { entries } = this;
    const store: CacheStore = {
      async match(key) {
        const bytes = entries.get(String(key));
        return bytes === undefined ? undefined : new Response(bytes);
      },
      async put(key, response) {
        entries.set(String(key), new Uint8Array(await response.arrayBuffer()));
      },
      async delete(key) {
        return entries.delete(String(key));
      },
    };
    return store as Cache;
  }
}

/** A graphics adapter that can run everything; `changes` take that away. */
export function adapterWith(changes: Partial<AdapterView> = {}): AdapterView {
  return {
    info: { vendor: "acme", architecture: "roadrunner", description: "" },
    ...changes,
  };
}

export function surroundingsWith(adapter: AdapterView | null): Surroundings {
  return { isSecureContext: true, gpu: { requestAdapter: async () => adapter } };
}

/** How {@link FakeModule} behaves. */
export interface Behaviour {
  /** Thrown by `Session.load` on this device. */
  failOn?: { device: string; error: unknown };
  /** Thrown by `check_bundle_fits`. */
  tooLarge?: unknown;
  /** Called for each generation; may throw or wait. */
  onGenerate?: (ids: Uint8Array) => Promise<void>;
  /** The graphics device's `lost`. */
  lost?: Promise<{ message: string }>;
  /** What `last_panic` says. */
  panic?: string;
}

/** Bundles in one file are read by the real module only: tests of the browser see to them. */
class NoParts {
  readonly manifest = new Uint8Array();
  readonly weights = new Float64Array();
  readonly encoder = undefined;
}

/**
 * A module whose pictures hold each input byte as red and the seed as blue; those from latents hold the names of
 * their classes as red.
 */
export class FakeModule implements WasmModule {
  readonly loads: string[] = [];
  readonly checks: string[] = [];
  readonly generated: number[][] = [];
  /** Weights of encoders, as they were added. */
  readonly encoders: number[][] = [];
  /** What was given beside the label maps, in order. */
  readonly instances: (number[] | undefined)[] = [];

  constructor(private readonly behaviour: Behaviour = {}) {}

  readonly Session = {
    load_from: async (): Promise<WasmSession> => {
      throw new UnderpaintError("internal", "tests of the browser see to this");
    },
    load: async (
      manifestBytes: Uint8Array,
      weights: Uint8Array | Blob,
      device: string,
      onStage: (stage: string, share: number) => void,
    ): Promise<WasmSession> => {
      this.loads.push(device);
      onStage("verify", 0);
      const digest = new Uint8Array(
        await crypto.subtle.digest("SHA-256", await new Response(weights as BodyInit).arrayBuffer()),
      );
      const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const manifest = JSON.parse(new TextDecoder().decode(manifestBytes)) as Manifest;
      const { sha256 } = manifest.weights;
      if (found !== sha256) throw new UnderpaintError("integrity", `expected ${sha256}, found ${found}`);
      onStage("upload", 0);
      if (this.behaviour.failOn?.device === device) throw this.behaviour.failOn.error;
      onStage("compile", 0);
      onStage("first-picture", 0);
      return this.session(device, manifest);
    },
  };

  readonly BundleParts = NoParts;

  async check_bundle_fits(_manifest: Uint8Array, device: string): Promise<void> {
    this.checks.push(device);
    if (this.behaviour.tooLarge !== undefined) throw this.behaviour.tooLarge;
  }

  last_panic(): string | undefined {
    return this.behaviour.panic;
  }

  private session(device: string, { size }: Manifest): WasmSession {
    const paint = async (bytes: Uint8Array, pixels: number, seed: number): Promise<Uint8ClampedArray> => {
      this.generated.push([...bytes]);
      await this.behaviour.onGenerate?.(bytes);
      const rgba = new Uint8ClampedArray(pixels * 4).fill(255);
      for (let pixel = 0; pixel < pixels; pixel += 1) rgba.set([bytes[pixel] ?? 0, 0, seed], pixel * 4);
      return rgba;
    };
    return {
      device,
      adapter: "",
      add_encoder_from: () => undefined,
      gpu_device: this.behaviour.lost && { lost: this.behaviour.lost },
      generate_labels: ({ ids, width, height, instances }, seed) => {
        this.instances.push(instances && [...instances]);
        return paint(ids, width * height, seed);
      },
      generate_image: (rgba, width, height, seed) => paint(rgba, width * height, seed),
      generate_latent: async (latent, scale) => {
        const side = scale === undefined ? undefined : 4 * 2 ** scale;
        const pixels = side === undefined ? size.width * size.height : side * side;
        return paint(Uint8Array.from(latent), pixels, latent[0] ?? 0);
      },
      latent_of_seed: (seed, classes) => Float32Array.from([seed, ...new TextEncoder().encode(classes.join())]),
      latent_between: (from, to, share) => from.map((number, at) => (1 - share) * number + share * (to[at] ?? 0)),
      latent_near: (latent, seed, step) => latent.map((number) => number + step * seed),
      latent_of_style: (distribution, seed) => distribution.map((number) => number + seed),
      add_encoder: (weights) => void this.encoders.push([...(weights instanceof Blob ? [] : weights)]),
      style_distribution: async (rgba) => Float32Array.from(rgba.subarray(0, 4)),
      object_looks: async ({ ids }) => Float32Array.from([...ids].flatMap((id) => [id, 0, 9, 9])),
    };
  }
}

/** What a {@link FakeWorker} runs. */
export interface FakeWorkerOptions {
  server?: FakeServer;
  module?: FakeModule;
  adapter?: AdapterView | null;
  caches?: FakeCaches;
  startModule?: HostEnvironment["startModule"];
}

/** A worker in this thread: a real {@link WorkerHost}, messages cloned and delivered later, as between threads. */
export class FakeWorker implements WorkerLike {
  terminated = false;
  readonly sent: ToWorker[] = [];
  readonly host: WorkerHost;
  private readonly listeners = new Map<string, (event: { data: FromWorker; message?: string }) => void>();

  constructor({ server = FakeServer.withBundle(), module = new FakeModule(), ...rest }: FakeWorkerOptions = {}) {
    this.host = new WorkerHost({
      post: (message, transfer) => this.deliver("message", structuredClone(message, { transfer })),
      startModule: rest.startModule ?? (async () => module),
      startReader: async () => {
        throw new UnderpaintError("internal", "tests of the browser see to this");
      },
      fetch: server.fetch,
      caches: rest.caches,
      surroundings: surroundingsWith(rest.adapter ?? null),
      now: () => performance.now(),
    });
  }

  postMessage(message: ToWorker, transfer: Transferable[]): void {
    this.sent.push(message);
    const received = structuredClone(message, { transfer });
    setTimeout(() => {
      if (!this.terminated) this.host.receive(received);
    });
  }

  addEventListener(type: string, listener: (event: { data: FromWorker; message?: string }) => void): void {
    this.listeners.set(type, listener);
  }

  terminate(): void {
    this.terminated = true;
  }

  /** Dies as a worker does whose script throws. */
  die(message: string): void {
    this.deliver("error", undefined, message);
  }

  private deliver(type: string, data: FromWorker | undefined, message = ""): void {
    setTimeout(() => {
      if (!this.terminated) this.listeners.get(type)?.({ data: data as FromWorker, message });
    });
  }
}

/** Thrown by a WebAssembly module that traps. */
export function trap(message = "unreachable"): Error {
  return Object.assign(new Error(message), { name: "RuntimeError" });
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<UnderpaintError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof UnderpaintError) return thrown;
    throw thrown;
  }
  throw new Error("expected a rejection, found a value");
}

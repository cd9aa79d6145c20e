/** Loads a generator into a worker of its own. */

import { nameOf } from "./bundle.js";
import type { CheckpointAnswers, CheckpointSource } from "./checkpoint.js";
import { Connection, type WorkerLike } from "./connection.js";
import type { DeviceKind, DeviceReason, DeviceReport } from "./device.js";
import { UnderpaintError, errorFromWire, type ErrorCode } from "./errors.js";
import { Generator, type LoadedModel } from "./generator.js";
import type { Manifest } from "./manifest.js";
import type { BundleSource, FromWorker, LoadProgress, LoadRequest } from "./protocol.js";

/** A bundle's files. */
export interface BundleFiles {
  readonly manifest: Blob | ArrayBuffer | Uint8Array;
  readonly weights: Blob | ArrayBuffer | Uint8Array;
  /** The encoder's weights, where the bundle has one and pictures are to be read. */
  readonly encoder?: Blob | ArrayBuffer | Uint8Array | undefined;
}

/** What {@link load} takes: an address, a bundle's files, or one file: a bundle, or weights of the authors. */
export type ModelFiles = string | URL | BundleFiles | Blob | CheckpointSource;

/** Options of {@link load}. */
export interface LoadOptions {
  /**
   * What to run on. `auto`, the default, takes WebGPU where it can run the model and the CPU otherwise; `webgpu` fails
   * with `webgpu-unavailable` instead.
   */
  device?: "auto" | DeviceKind | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Called when the manifest is read, before the weights are there: what can be painted is known from then on. Again when
   * loading starts over on the CPU.
   */
  onManifest?: ((manifest: Manifest) => void) | undefined;
  /** Of a weight file of the authors: what its weights do not tell. */
  answers?: CheckpointAnswers | undefined;
  /** Cancels: the promise rejects with `aborted`. */
  signal?: AbortSignal | undefined;
  /** Whether the weights are kept in the browser's cache, by their hash. Default true. */
  cache?: boolean | undefined;
  /**
   * Whether the encoder that reads styles and looks from pictures is loaded at once, where the model has one. By default
   * it is when a picture is first to be read. Beside a weight file of the authors: the encoder's file.
   */
  encoder?: boolean | Blob | undefined;
  /** Address of `worker.js`, where a bundler has moved it. */
  workerUrl?: string | URL | undefined;
  /**
   * Address of one build of the module, where they are not beside the worker: `underpaint_web_bg.wasm`, which runs
   * everywhere, or `underpaint_web_relaxed_bg.wasm`. It is taken as it is; nothing is chosen then.
   */
  wasmUrl?: string | URL | undefined;
}

/** Starts a worker, from `url` or from beside the library. */
export type StartWorker = (url: string | undefined) => WorkerLike;

/** After these, `auto` tries the CPU. */
const WEBGPU_FAILURES: readonly ErrorCode[] = ["webgpu-unavailable", "device-lost", "out-of-memory", "internal"];

/** A failed attempt to load, with the device that it was on, if it came so far. */
class FailedAttempt {
  constructor(
    readonly error: UnderpaintError,
    readonly device: DeviceReport | undefined,
  ) {}
}

/**
 * Loads a bundle: downloads, verifies, starts the generator on a device and runs it once.
 *
 * @param bundle the address of the bundle (its folder, its `manifest.json`, or one file `x.underpaint`), relative to the
 *   page; its two files; or a `File`: a bundle in one file, or weights of the original authors (`.pth`, `.pt`,
 *   safetensors), of which {@link LoadOptions.answers} says what they do not tell themselves
 * @throws UnderpaintError `webgpu-unavailable`, `device-lost`, `out-of-memory`, `bad-bundle`, `integrity`,
 *   `unsupported`, `bad-input`, `network`, `aborted` or `internal`
 */
export async function load(bundle: ModelFiles, options: LoadOptions = {}): Promise<Generator> {
  return loadWith(startWorker, bundle, options);
}

/** {@link load} with a worker of the caller's. */
export async function loadWith(start: StartWorker, bundle: ModelFiles, options: LoadOptions): Promise<Generator> {
  const started = performance.now();
  const request: LoadRequest = {
    type: "load",
    source: sourceOf(bundle, options),
    device: options.device ?? "auto",
    cache: options.cache ?? true,
    ...(options.wasmUrl === undefined ? {} : { wasmUrl: absolute(options.wasmUrl) }),
    ...(options.encoder === true ? { encoder: true } : {}),
  };
  const risingOptions = { ...options, onProgress: rising(options.onProgress) };
  try {
    return await attempt(start, request, risingOptions, started);
  } catch (thrown) {
    if (!(thrown instanceof FailedAttempt)) throw thrown;
    const because = reasonForCpu(request, thrown);
    if (because === undefined) throw thrown.error;
    // A module that trapped must not be called again, so the CPU gets a worker of its own.
    return await attempt(start, { ...request, device: "cpu", because }, risingOptions, started).catch(unwrap);
  }
}

function unwrap(thrown: unknown): never {
  throw thrown instanceof FailedAttempt ? thrown.error : thrown;
}

function reasonForCpu(request: LoadRequest, { error, device }: FailedAttempt): DeviceReason | undefined {
  if (request.device !== "auto" || device?.kind !== "webgpu") return undefined;
  return WEBGPU_FAILURES.includes(error.code) ? { code: "webgpu-failed", detail: error.message } : undefined;
}

async function attempt(
  start: StartWorker,
  request: LoadRequest,
  { onProgress, onManifest, signal, workerUrl }: LoadOptions,
  started: number,
): Promise<Generator> {
  if (signal?.aborted === true) throw aborted();
  const connection = new Connection(start(workerUrl === undefined ? undefined : absolute(workerUrl)));
  const stop = new AbortController();
  try {
    const model = await new Promise<LoadedModel>((resolve, reject) => {
      let device: DeviceReport | undefined;
      const fail = (error: UnderpaintError): void => reject(new FailedAttempt(error, device));
      signal?.addEventListener("abort", () => reject(aborted()), { signal: stop.signal });
      const message = (received: FromWorker): void => {
        if (received.type === "progress") onProgress?.(received.progress);
        if (received.type === "manifest") onManifest?.(received.manifest);
        if (received.type === "device") device = received.device;
        if (received.type === "load-failed") fail(errorFromWire(received.error));
        if (received.type === "loaded") {
          resolve({ ...received, loadMilliseconds: performance.now() - started });
        }
      };
      connection.listener = { message, death: fail };
      connection.post(request);
    });
    onProgress?.({ stage: "first-picture", fraction: 1 });
    return Generator.over(connection, model);
  } catch (thrown) {
    connection.close();
    throw thrown;
  } finally {
    stop.abort();
  }
}

function aborted(): UnderpaintError {
  return new UnderpaintError("aborted", "Loading was cancelled.");
}

/** Progress that never falls, also when loading starts over on the CPU. */
function rising(onProgress: LoadOptions["onProgress"]): LoadOptions["onProgress"] {
  let highest = 0;
  return (progress) => {
    highest = Math.max(highest, progress.fraction);
    onProgress?.({ ...progress, fraction: highest });
  };
}

function sourceOf(bundle: ModelFiles, { answers = {}, encoder }: LoadOptions): BundleSource {
  if (typeof bundle === "string" || bundle instanceof URL) return { kind: "url", url: absolute(bundle) };
  if (bundle instanceof Blob) {
    const source = { file: bundle, name: nameOf(bundle, "weights"), answers };
    if (!(encoder instanceof Blob)) return { kind: "file", source };
    return { kind: "file", source: { ...source, encoder: { file: encoder, name: nameOf(encoder, "encoder") } } };
  }
  if ("file" in bundle) return { kind: "file", source: bundle };
  const files = { kind: "files", manifest: fileOf(bundle.manifest), weights: fileOf(bundle.weights) } as const;
  return bundle.encoder === undefined ? files : { ...files, encoder: fileOf(bundle.encoder) };
}

function fileOf(file: Blob | ArrayBuffer | Uint8Array): Blob | ArrayBuffer {
  return file instanceof Uint8Array ? new Uint8Array(file).buffer : file;
}

function absolute(url: string | URL): string {
  const base = typeof document === "undefined" ? undefined : document.baseURI;
  try {
    return new URL(url, base).href;
  } catch {
    throw new UnderpaintError("bad-input", `expected an address, found ${JSON.stringify(String(url))}`);
  }
}

/** Starts the worker beside the library, or at `url`. */
export function startWorker(url: string | undefined): WorkerLike {
  if (typeof Worker === "undefined") {
    throw new UnderpaintError(
      "unsupported",
      "Underpaint generates in a web worker; there is none here. Load it in a browser.",
    );
  }
  try {
    return url === undefined
      ? new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })
      : new Worker(url, { type: "module" });
  } catch (thrown) {
    const hint = "It has to come from the page's own origin; workerUrl says where it is.";
    throw new UnderpaintError("unsupported", `Underpaint's worker could not be started (${String(thrown)}). ${hint}`);
  }
}

/** What happens in the worker: loads a bundle into the module, and generates. Knows no global scope. */

import {
  readManifest,
  readWeights,
  type BundleEnvironment,
  type PartedSource,
  type ReadManifest,
  type ReadWeights,
} from "./bundle.js";
import { downloadBundleFile, isBundleFile, isBundleFileUrl, takeApart } from "./bundle-file.js";
import type { CheckpointSource } from "./checkpoint.js";
import { CheckpointHost } from "./checkpoint-host.js";
import { openCheckpoint, readersOf, reportOf } from "./checkpoint-report.js";
import { chooseDevice, cpuReport, probeWebGpu, webGpuReport, type DeviceReport, type Surroundings } from "./device.js";
import { DownloadProgress } from "./download-progress.js";
import { EncoderSupply } from "./encoder-supply.js";
import { UnderpaintError, errorFrom, isTrap, wireFromError } from "./errors.js";
import { hasEncoder } from "./manifest.js";
import type { OnModuleBytes } from "./module-download.js";
import {
  LOAD_STAGES,
  type AskRequest,
  type FromWorker,
  type GenerateRequest,
  type LoadRequest,
  type LoadStage,
  type ToWorker,
} from "./protocol.js";
import { answerTo, makePicture, type LoadedBundle } from "./scene-run.js";
import type { ReaderModule, WasmModule, WasmSession } from "./wasm.js";
import { WeightCache } from "./weight-cache.js";

/** Where each stage begins in the whole of loading. */
const STAGE_FRACTION: Record<LoadStage, number> = {
  download: 0,
  verify: 0.5,
  upload: 0.55,
  compile: 0.7,
  "first-picture": 0.95,
};

/** What the host needs of the worker's global scope. */
export interface HostEnvironment {
  post(message: FromWorker, transfer: Transferable[]): void;
  /** Fetches, compiles and starts the module. */
  startModule(wasmUrl: string | undefined, signal: AbortSignal, onBytes: OnModuleBytes): Promise<WasmModule>;
  /** The module that reads weight files of the authors. */
  startReader(): Promise<ReaderModule>;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Undefined where the browser has none. */
  caches: Pick<CacheStorage, "open"> | undefined;
  surroundings: Surroundings;
  /** Milliseconds. */
  now(): number;
}

/** A request whose source has parts. */
type PartedRequest = Omit<LoadRequest, "source"> & { source: PartedSource };

/** Owns the module and its one session. */
export class WorkerHost {
  private readonly stop = new AbortController();
  private state: "fresh" | "loading" | "lost" | LoadedBundle = "fresh";
  private readonly running = new Set<number>();
  private module: WasmModule | undefined;
  private readonly download = new DownloadProgress(({ loaded, total, share }) => {
    const fraction = share * STAGE_FRACTION.verify;
    const known = total === undefined ? { loaded } : { loaded, total };
    this.post({ type: "progress", progress: { stage: "download", ...known, fraction } });
  });

  private readonly files = new CheckpointHost(
    () => this.environment.startReader(),
    (message) => this.post(message),
  );

  constructor(private readonly environment: HostEnvironment) {}

  /** Acts on a message; answers come through the environment's `post`. */
  receive(message: ToWorker): void {
    switch (message.type) {
      case "load":
        void this.load(message);
        break;
      case "generate":
        void this.generate(message);
        break;
      case "inspect":
      case "pack":
        void this.files.receive(message);
        break;
      case "ask":
        void this.ask(message);
        break;
    }
  }

  /** Something was thrown outside any call, as by a trap in a task of the module's own: nothing works after that. */
  crash(thrown: unknown): void {
    const error = this.explained(thrown);
    if (this.state === "fresh" || this.state === "loading") {
      this.failLoad(error);
    } else if (this.state !== "lost") {
      this.lose(error);
    }
  }

  private async load(request: LoadRequest): Promise<void> {
    if (this.state !== "fresh") return;
    this.state = "loading";
    try {
      const loaded = await this.loadSession(request);
      // A crash may have come in between, and ended it.
      if (this.hasEnded()) return;
      this.state = loaded;
      const { session, manifest, device } = loaded;
      const adapter = device.adapter === "" ? session.adapter : device.adapter;
      this.post({ type: "loaded", manifest, device: device.kind === "webgpu" ? webGpuReport(adapter) : device });
      void session.gpu_device?.lost.then(({ message }) => this.lose(lostDevice(message)));
    } catch (thrown) {
      this.failLoad(this.explained(thrown));
    }
  }

  private async loadSession(request: LoadRequest): Promise<LoadedBundle & { device: DeviceReport }> {
    const { signal } = this.stop;
    const bundle: BundleEnvironment = {
      fetch: (url, init) => this.environment.fetch(url, init),
      cache: request.cache ? await WeightCache.open(this.environment.caches) : undefined,
      signal,
    };
    this.progress("download");
    const starting = this.environment.startModule(request.wasmUrl, signal, (loaded, total) =>
      this.download.module(loaded, total),
    );
    const source = await this.partedSource(request, bundle, starting);
    if (!("kind" in source)) return this.loadCheckpoint(await starting, request, source);
    const parted = { ...request, source };
    const [module, { read, weights, device }] = await Promise.all([
      starting,
      this.readBundle(parted, bundle, starting),
    ]);
    const session = await this.startSession(module, parted, bundle, read, weights, device);
    const encoder = EncoderSupply.of(session, read.manifest, source, bundle);
    if (request.encoder === true && hasEncoder(read.manifest)) await encoder.ready();
    return { session, manifest: read.manifest, encoder, device };
  }

  /** The parts of a bundle that is one file; or weights of the authors, as they are. */
  private async partedSource(
    { source }: LoadRequest,
    bundle: BundleEnvironment,
    starting: Promise<WasmModule>,
  ): Promise<PartedSource | CheckpointSource> {
    if (source.kind === "url" && isBundleFileUrl(source.url)) {
      const downloading = downloadBundleFile(source.url, bundle, this.weightsProgress());
      const [module, file] = await Promise.all([starting, downloading]);
      return takeApart(file, module);
    }
    if (source.kind !== "file") return source;
    const { file, name } = source.source;
    const [module, isBundle] = await Promise.all([starting, isBundleFile(file, name)]);
    return isBundle ? takeApart(file, module) : source.source;
  }

  /** Loads weights of the authors from where they lie, tensor by tensor. */
  private async loadCheckpoint(
    module: WasmModule,
    request: LoadRequest,
    source: CheckpointSource,
  ): Promise<LoadedBundle & { device: DeviceReport }> {
    this.module = module;
    const checkpoint = openCheckpoint(await this.environment.startReader(), source);
    const { report, bytes } = reportOf(checkpoint, source.name);
    const { manifest } = report;
    this.post({ type: "manifest", manifest });
    const device = await this.chooseDevice(request);
    this.post({ type: "device", device });
    await module.check_bundle_fits(bytes, device.kind);
    const { generator, encoder } = readersOf(checkpoint.open());
    const enter = (stage: string, share: number): void => this.enter(stage, share);
    const session = await module.Session.load_from(bytes, generator, device.kind, enter);
    if (encoder !== undefined) session.add_encoder_from(encoder);
    return { session, manifest, encoder: EncoderSupply.given(manifest, encoder !== undefined), device };
  }

  /** Weights are on their way while the module is; what does not fit ends both as soon as that is known. */
  private async readBundle(
    request: PartedRequest,
    bundle: BundleEnvironment,
    starting: Promise<WasmModule>,
  ): Promise<{ read: ReadManifest; weights: ReadWeights; device: DeviceReport }> {
    const read = await readManifest(request.source, bundle);
    this.post({ type: "manifest", manifest: read.manifest });
    const device = await this.chooseDevice(request);
    this.post({ type: "device", device });
    const [weights] = await Promise.all([
      readWeights(request.source, read, bundle, this.weightsProgress()),
      starting.then((module) => module.check_bundle_fits(read.bytes, device.kind)),
    ]);
    return { read, weights, device };
  }

  private async chooseDevice(request: Pick<LoadRequest, "device" | "because">): Promise<DeviceReport> {
    if (request.device === "cpu") return cpuReport(request.because ?? { code: "asked", detail: "" });
    return chooseDevice(request.device, await probeWebGpu(this.environment.surroundings));
  }

  /** Loads the session; weights that fail the integrity check are fetched once more, past every cache. */
  private async startSession(
    module: WasmModule,
    request: PartedRequest,
    bundle: BundleEnvironment,
    read: ReadManifest,
    weights: ReadWeights,
    device: DeviceReport,
  ): Promise<WasmSession> {
    this.module = module;
    const start = (given: ReadWeights): Promise<WasmSession> =>
      module.Session.load(read.bytes, given.bytes, device.kind, (stage, share) => {
        this.enter(stage, share);
        if (stage === "upload" && share === 0) this.keep(request, bundle, read, given);
      });
    try {
      return await start(weights);
    } catch (thrown) {
      if (errorFrom(thrown).code !== "integrity") throw thrown;
      if (request.source.kind === "files") throw damaged(thrown, weights);
      await bundle.cache?.forget(read.manifest.weights.sha256);
      const fresh = await readWeights(request.source, read, bundle, this.weightsProgress(), true);
      return await start(fresh).catch((again: unknown) => {
        throw errorFrom(again).code === "integrity" ? damaged(again, fresh) : again;
      });
    }
  }

  /** Caches weights that have passed verification. */
  private keep(request: PartedRequest, { cache }: BundleEnvironment, read: ReadManifest, weights: ReadWeights): void {
    if (request.source.kind === "files" || weights.cached || weights.bytes instanceof Blob) return;
    void cache?.keep(read.name, read.bytes, read.manifest.weights.sha256, weights.bytes);
  }

  private async generate({ id, input, seed }: GenerateRequest): Promise<void> {
    await this.answer(id, async (bundle) => {
      const started = this.environment.now();
      const { rgba: made, width, height } = await makePicture(bundle, input, seed);
      const rgba = ownPixels(made, width, height);
      const latency = this.environment.now() - started;
      return [{ type: "generated", id, rgba, width, height, latency, seed }, rgba.buffer];
    });
  }

  private async ask({ id, question }: AskRequest): Promise<void> {
    await this.answer(id, async (bundle) => {
      const numbers = new Float32Array(await answerTo(bundle, question));
      return [{ type: "answered", id, numbers }, numbers.buffer];
    });
  }

  private async answer(
    id: number,
    work: (bundle: LoadedBundle) => Promise<[message: FromWorker, transfer: ArrayBuffer]>,
  ): Promise<void> {
    const { state } = this;
    if (typeof state === "string") {
      const error = new UnderpaintError("internal", `generate came before the model was loaded (${state})`);
      this.post({ type: "generate-failed", id, error: wireFromError(error) });
      return;
    }
    this.running.add(id);
    try {
      const [message, transfer] = await work(state);
      if (this.running.delete(id)) this.post(message, [transfer]);
    } catch (thrown) {
      this.failGenerate(id, thrown);
    }
  }

  private failGenerate(id: number, thrown: unknown): void {
    const error = this.explained(thrown);
    if (isTrap(thrown) || error.code === "device-lost") {
      this.lose(error);
    } else if (this.running.delete(id)) {
      this.post({ type: "generate-failed", id, error: wireFromError(error) });
    }
  }

  private failLoad(error: UnderpaintError): void {
    if (this.hasEnded()) return;
    this.state = "lost";
    this.stop.abort();
    this.post({ type: "load-failed", error: wireFromError(error) });
  }

  private lose(error: UnderpaintError): void {
    if (this.hasEnded()) return;
    this.state = "lost";
    this.running.clear();
    this.post({ type: "lost", error: wireFromError(error) });
  }

  /** The error of a trap says nothing; the panic before it does. */
  private explained(thrown: unknown): UnderpaintError {
    const panic = isTrap(thrown) ? this.module?.last_panic() : undefined;
    if (panic === undefined) return errorFrom(thrown);
    const { code } = errorFrom(Object.assign(new Error(panic), { name: "RuntimeError" }));
    return new UnderpaintError(code, `Underpaint's module stopped: ${panic}`, { cause: thrown });
  }

  private hasEnded(): boolean {
    return this.state === "lost";
  }

  private enter(stage: string, share: number): void {
    const known = LOAD_STAGES.find((name) => name === stage);
    if (known !== undefined) this.progress(known, share);
  }

  private progress(stage: LoadStage, share = 0): void {
    const next = LOAD_STAGES[LOAD_STAGES.indexOf(stage) + 1];
    const begin = STAGE_FRACTION[stage];
    const end = next === undefined ? 1 : STAGE_FRACTION[next];
    this.post({ type: "progress", progress: { stage, fraction: begin + share * (end - begin) } });
  }

  private weightsProgress(): (loaded: number, total: number) => void {
    return (loaded, total) => this.download.weights(loaded, total);
  }

  private post(message: FromWorker, transfer: Transferable[] = []): void {
    this.environment.post(message, transfer);
  }
}

function damaged(thrown: unknown, { name }: ReadWeights): UnderpaintError {
  const { message } = errorFrom(thrown);
  const advice = "The file is damaged, or belongs to another manifest; export the bundle or copy it again.";
  return new UnderpaintError("integrity", `${name}: ${message}. ${advice}`, { cause: thrown });
}

function lostDevice(message: string): UnderpaintError {
  const detail = message === "" ? "" : ` (${message})`;
  return new UnderpaintError("device-lost", `The graphics device was lost${detail}. Load the model again.`);
}

/** The pixels in a buffer of their own, so that it can be handed over. */
function ownPixels(rgba: Uint8ClampedArray, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const expected = width * height * 4;
  if (rgba.length !== expected) {
    throw new UnderpaintError(
      "internal",
      `the module gave ${rgba.length} bytes for ${width}×${height}, not ${expected}`,
    );
  }
  const { buffer } = rgba;
  return buffer instanceof ArrayBuffer && buffer.byteLength === expected
    ? new Uint8ClampedArray(buffer)
    : new Uint8ClampedArray(rgba);
}

/** The model in use: loads it, connects it to live generation, replaces it, and brings it back when it was lost. */
import type { ModelFiles, LoadOptions } from "../engine/client.js";
import { errorFrom, type UnderpaintError } from "../engine/errors.js";
import type { Generator } from "../engine/generator.js";
import type { Manifest } from "../engine/manifest.js";
import * as commands from "../state/commands.js";
import type { LiveGeneration } from "../state/live.js";
import type { Studio } from "../state/studio.js";
import { studioModel, type ModelOrigin, type StudioModel } from "../state/studio-model.js";
import { pictureMaker } from "./picture-maker.js";
import { StyleShelf, type StyleSource } from "./style-shelf.js";

/** A model to load. */
export interface ModelSource {
  /** Shown while it loads. */
  readonly name: string;
  readonly origin: ModelOrigin;
  readonly bundle: ModelFiles;
  /** Addresses of its scenes, as PNG label maps. */
  readonly scenes: readonly string[];
  /** Where its style pictures are listed; beside the bundle where this is absent. */
  readonly styles?: StyleSource;
}

/** What a session works with. */
export interface SessionParts {
  readonly studio: Studio;
  readonly live: LiveGeneration;
  /** Of the model in use. */
  readonly shelf?: StyleShelf;
  readonly load: (bundle: ModelFiles, options: LoadOptions) => Promise<Generator>;
}

/** Where a model is asked to run. */
export type DeviceWish = "auto" | "webgpu" | "cpu";

/** Decides what is painted on, once the model is known. */
export type OpenPainting = (model: StudioModel) => Promise<commands.PaintingStart>;

const wishKey = "underpaint.device";

/** Owns the generator in use, and the one that is being loaded. */
export class ModelSession {
  /** The model in use or, after a failure, the one asked for. */
  source: ModelSource | undefined;
  private wish: DeviceWish = storedWish();
  /** Whether the wish comes from an earlier visit: then it is no reason to stop when it cannot be met. */
  private isWishOld = true;
  /** Told that a wish of an earlier visit could not be met, and why. */
  onFallback: ((error: UnderpaintError) => void) | undefined;
  private generator: Generator | undefined;
  private loading: AbortController | undefined;

  constructor(private readonly parts: SessionParts) {}

  /** Where models are asked to run. */
  get deviceWish(): DeviceWish {
    return this.wish;
  }

  /** The generator in use, for pictures beside the one that is shown. */
  get current(): Generator | undefined {
    return this.generator;
  }

  /** Whether a model can paint now, whatever became of the one asked for. */
  get isUsable(): boolean {
    return this.generator !== undefined;
  }

  /** Whether the next load would run on the CPU without being told to. */
  get runsOnCpu(): boolean {
    const falls = this.wish === "auto" || (this.wish === "webgpu" && this.isWishOld);
    return this.wish === "cpu" || (falls && this.parts.studio.state.device?.kind === "cpu");
  }

  /** Asks for a device from now on, and remembers it. Takes effect at the next load. */
  set deviceWish(wish: DeviceWish) {
    this.wish = wish;
    this.isWishOld = false;
    try {
      localStorage.setItem(wishKey, wish);
    } catch {
      // Storage may be forbidden; the wish then lasts until the page closes.
    }
  }

  /**
   * Loads a model and puts it to use. As long as no other model is in use, it is painted for from when it is known.
   * False when that failed or was cancelled; the studio's state says why.
   */
  async load(source: ModelSource, openPainting: OpenPainting): Promise<boolean> {
    const { studio } = this.parts;
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    const before = this.source;
    this.source = source;
    commands.modelLoading(studio, source.name);
    let opening: Promise<commands.PaintingStart> | undefined;
    const open = (model: StudioModel): Promise<commands.PaintingStart> => (opening ??= openPainting(model));
    const known = (manifest: Manifest): void => {
      if (this.isUsable || opening) return;
      const model = modelOf(manifest, source);
      void open(model).then((start) => {
        if (this.loading === loading && !loading.signal.aborted) commands.modelKnown(studio, model, start);
      });
    };
    try {
      const generator = await this.request(source, loading, known);
      const model = modelOf(generator.manifest, source);
      const start = await open(model);
      if (loading.signal.aborted) {
        generator.dispose();
        return false;
      }
      this.use(generator, model, start);
      return true;
    } catch (thrown) {
      if (this.loading === loading) this.fail(errorFrom(thrown), before);
      return false;
    } finally {
      if (this.loading === loading) this.loading = undefined;
    }
  }

  /** Gives up the load under way; the model in use stays. */
  cancel(): void {
    this.loading?.abort();
  }

  private async request(
    { bundle }: ModelSource,
    loading: AbortController,
    onManifest: (manifest: Manifest) => void,
  ): Promise<Generator> {
    const options: LoadOptions = {
      signal: loading.signal,
      onManifest,
      onProgress: (progress) => {
        if (this.loading === loading) commands.modelProgress(this.parts.studio, progress);
      },
    };
    try {
      return await this.parts.load(bundle, { ...options, device: this.wish });
    } catch (thrown) {
      const error = errorFrom(thrown);
      if (error.code !== "webgpu-unavailable" || !this.isWishOld || loading.signal.aborted) throw error;
      const generator = await this.parts.load(bundle, { ...options, device: "auto" });
      if (!loading.signal.aborted) this.onFallback?.(error);
      return generator;
    }
  }

  private use(generator: Generator, model: StudioModel, start: commands.PaintingStart): void {
    const { studio, live, shelf = new StyleShelf() } = this.parts;
    this.generator?.dispose();
    this.generator = generator;
    commands.modelReady(studio, model, generator.device, start);
    generator.onLost = (error) => this.lose(generator, error);
    shelf.use(generator, model, stylesOf(this.source));
    live.use(pictureMaker(generator, model, shelf));
  }

  private lose(generator: Generator, error: UnderpaintError): void {
    if (this.generator !== generator) return;
    this.generator = undefined;
    this.parts.live.use(undefined);
    commands.modelFailed(this.parts.studio, { code: error.code, message: error.message });
  }

  private fail(error: UnderpaintError, before: ModelSource | undefined): void {
    const { studio } = this.parts;
    if (error.code !== "aborted") {
      commands.modelFailed(studio, { code: error.code, message: error.message });
      return;
    }
    this.source = before;
    commands.modelFailed(studio);
  }
}

/** Where style pictures are listed: beside the bundle, where that has an address. */
function stylesOf(source: ModelSource | undefined): StyleSource {
  if (source?.styles) return source.styles;
  return typeof source?.bundle === "string" ? source.bundle : async () => [];
}

/** The model as the studio shows it; those of the page's list have the name that the list gives them. */
function modelOf(manifest: Manifest, { name, origin }: ModelSource): StudioModel {
  const model = studioModel(manifest, origin);
  return origin.kind === "listed" ? { ...model, name } : model;
}

function storedWish(): DeviceWish {
  try {
    const stored = localStorage.getItem(wishKey);
    return stored === "cpu" || stored === "webgpu" ? stored : "auto";
  } catch {
    return "auto";
  }
}

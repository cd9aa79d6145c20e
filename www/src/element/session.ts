/** The element's generator: loads it, feeds it, lets it go. */

import type { LabelMap } from "../canvas/label-map.js";
import { load, type LoadOptions } from "../engine/client.js";
import { UnderpaintError, errorFrom } from "../engine/errors.js";
import type { Generator, Picture } from "../engine/generator.js";
import type { InputExtras } from "../engine/input.js";
import { copyLooks } from "../engine/looks.js";
import { copyStyle } from "../engine/style.js";
import { FileError } from "../files/file-error.js";
import { openLabelMapPng } from "../files/label-map-png.js";
import * as commands from "../state/commands.js";
import { LiveGeneration } from "../state/live.js";
import { isPainted, studioModel, type ModelOrigin, type StudioModel } from "../state/studio-model.js";
import type { Studio } from "../state/studio.js";
import { SettingError, checkIds, checkObjects } from "./settings.js";

/** What is to be loaded. */
export interface Wish extends Omit<LoadOptions, "signal"> {
  /** Address of the bundle, relative to the page; or a model's file. */
  readonly model: string | Blob;
  /** Address of a label map to begin with. */
  readonly scene: string | undefined;
}

/** Owns the generator of one element. */
export class ElementSession {
  /** What to paint on at first, set before the model was there. */
  firstMap: LabelMap | undefined;
  /** Called with failures that nobody waits for: the generator is lost, or the first scene cannot be opened. */
  onError: ((error: UnderpaintError) => void) | undefined;
  private readonly live: LiveGeneration;
  /** What stands beside what is painted. */
  private chosen: Pick<InputExtras, "style" | "objects"> = {};
  private current: Generator | undefined;
  private stop: AbortController | undefined;

  constructor(
    private readonly studio: Studio,
    private readonly loadGenerator: typeof load = load,
  ) {
    this.live = new LiveGeneration(studio);
  }

  /** The loaded generator. */
  get generator(): Generator | undefined {
    return this.current;
  }

  /**
   * Loads a model in place of the one before; the studio shows how far it is.
   *
   * @throws UnderpaintError as `load` does
   */
  async open(wish: Wish): Promise<Generator> {
    this.release();
    const stop = new AbortController();
    this.stop = stop;
    commands.modelLoading(this.studio, nameOf(wish.model));
    let generator: Generator | undefined;
    try {
      const onProgress: LoadOptions["onProgress"] = (progress) => {
        commands.modelProgress(this.studio, progress);
        wish.onProgress?.(progress);
      };
      generator = await this.loadGenerator(wish.model, { ...wish, onProgress, signal: stop.signal });
      const model = studioModel(generator.manifest, originOf(wish.model));
      const start = this.mapFor(model) ?? (await this.firstScene(wish.scene, model, stop.signal));
      stop.signal.throwIfAborted();
      this.use(generator, model, start);
      return generator;
    } catch (thrown) {
      generator?.dispose();
      const error = errorFrom(thrown);
      if (this.stop === stop) this.fail(error);
      throw error;
    }
  }

  /** Opens a label map from an address, as one undoable step. Does nothing without a model to paint for. */
  async openScene(address: string): Promise<void> {
    const { model } = this.studio.state;
    const { stop } = this;
    if (model === undefined || stop === undefined) return;
    const map = await this.readScene(address, model, stop.signal);
    if (map !== undefined) commands.openLabelMap(this.studio, map, "scene");
  }

  /** Shows a label map: now, or once there is a model. */
  show(map: LabelMap): void {
    if (this.studio.painting === undefined) this.firstMap = map;
    else commands.openLabelMap(this.studio, map);
  }

  /**
   * Generates from what is shown now; where painting goes on meanwhile, resolves with a newer picture.
   *
   * @throws UnderpaintError `bad-input` without a model or a photo; others as `Generator.generate`, but not `superseded`
   */
  async generate(): Promise<Picture> {
    const { model, photo } = this.studio.state;
    if (this.current === undefined) {
      throw new UnderpaintError("bad-input", "There is no model yet: call load() first, or wait for the event ready.");
    }
    if (model?.input === "photo" && photo === undefined) {
      throw new UnderpaintError(
        "bad-input",
        "This model takes photos, and there is none yet: give one to openPhoto().",
      );
    }
    return this.live.now();
  }

  /**
   * Chooses a style, or looks of objects, for the model that is loaded, and generates a picture with them. Another model
   * begins without.
   *
   * @throws UnderpaintError `bad-input` without a model, or if it has no use for them; others as {@link generate}
   */
  async choose(chosen: Pick<InputExtras, "style" | "objects">): Promise<Picture> {
    const generator = this.current;
    if (generator === undefined) return this.generate();
    if (chosen.style !== undefined) copyStyle(chosen.style, generator.manifest);
    if (chosen.objects !== undefined) copyLooks(chosen.objects, generator.manifest);
    // A picture is read once, not for every stroke.
    const { style } = chosen;
    const read = style !== undefined && "data" in style ? { style: await generator.encodeStyle(style) } : {};
    this.chosen = { ...this.chosen, ...chosen, ...read };
    return this.generate();
  }

  /** Lets the generator go, and gives up loading one. The painting stays. */
  close(): void {
    this.release();
    this.studio.store.update({ loading: { phase: "none" } });
  }

  private release(): void {
    this.stop?.abort();
    this.stop = undefined;
    this.live.use(undefined);
    this.current?.dispose();
    this.current = undefined;
  }

  private use(generator: Generator, model: StudioModel, start: LabelMap | undefined): void {
    this.current = generator;
    generator.onLost = (error) => {
      this.fail(error);
      this.onError?.(error);
    };
    commands.modelReady(this.studio, model, generator.device, start);
    this.chosen = {};
    this.live.use(({ input, seed, classes }) => generator.generate(input, { seed, classes, ...this.chosen }));
  }

  private fail(error: UnderpaintError): void {
    this.live.use(undefined);
    this.current = undefined;
    this.stop = undefined;
    commands.modelFailed(this.studio, { code: error.code, message: error.message });
  }

  /** What was set before the model was there, as far as the model has it. */
  private mapFor(model: StudioModel): LabelMap | undefined {
    const map = this.firstMap;
    this.firstMap = undefined;
    if (map === undefined) return undefined;
    try {
      if (!isPainted(model)) throw unpainted(model);
      checkIds(map, model.classes);
      checkObjects(map, model);
      return map;
    } catch (thrown) {
      this.onError?.(errorFrom(thrown));
      return undefined;
    }
  }

  private async firstScene(
    address: string | undefined,
    model: StudioModel,
    signal: AbortSignal,
  ): Promise<LabelMap | undefined> {
    try {
      return await this.readScene(address, model, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      this.onError?.(errorFrom(thrown));
      return undefined;
    }
  }

  private async readScene(
    address: string | undefined,
    model: StudioModel,
    signal: AbortSignal,
  ): Promise<LabelMap | undefined> {
    if (address === undefined || address === "" || !isPainted(model)) return undefined;
    const url = new URL(address, document.baseURI).href;
    const file = await fetchBlob(url, signal);
    try {
      return (await openLabelMapPng(file, url, model.classes, model.size, model.usesObjects)).map;
    } catch (thrown) {
      if (!(thrown instanceof FileError)) throw thrown;
      throw new UnderpaintError("bad-input", thrown.message, { cause: thrown });
    }
  }
}

/** Label maps are for models that are painted for. */
export function unpainted({ input }: StudioModel): SettingError {
  const takes = input === "photo" ? "photos" : "nothing but a seed";
  return new SettingError("labelMap", "a model that label maps are painted for", `one that takes ${takes}`);
}

async function fetchBlob(url: string, signal: AbortSignal): Promise<Blob> {
  let found: string;
  try {
    const response = await fetch(url, { signal });
    if (response.ok) return await response.blob();
    found = `HTTP status ${response.status}`;
  } catch (thrown) {
    signal.throwIfAborted();
    found = errorFrom(thrown).message;
  }
  throw new UnderpaintError("network", `The scene ${url} could not be downloaded: ${found}.`);
}

function nameOf(model: string | Blob): string {
  if (typeof model === "string") return model;
  return model instanceof File ? model.name : "";
}

function originOf(model: string | Blob): ModelOrigin {
  return typeof model === "string" ? { kind: "address", url: model } : { kind: "local" };
}

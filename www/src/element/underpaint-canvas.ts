/** `<underpaint-canvas>`: a painting surface with a generator behind it. */

import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { instancesOf } from "../canvas/instance-map.js";
import type { CheckpointAnswers } from "../engine/checkpoint.js";
import type { DeviceKind, DeviceReport } from "../engine/device.js";
import { UnderpaintError, errorFrom } from "../engine/errors.js";
import type { Picture } from "../engine/generator.js";
import type { LabelMapInput } from "../engine/input.js";
import type { ObjectLook } from "../engine/looks.js";
import type { Manifest } from "../engine/manifest.js";
import type { Style } from "../engine/style.js";
import { openPhoto } from "../files/photo.js";
import { encodePicturePng } from "../files/picture.js";
import { saveBlob, suggestedName } from "../files/save.js";
import * as commands from "../state/commands.js";
import {
  DEFAULT_PREFERENCES,
  classesOf,
  shownLayout,
  type Layout,
  type ShownError,
  type StudioState,
} from "../state/studio-state.js";
import { isPainted } from "../state/studio-model.js";
import { Studio } from "../state/studio.js";
import { cssVars } from "../ui/css-vars.js";
import { toolBar, type ToolBarActions } from "./controls.js";
import { cover } from "./cover.js";
import type { ElementEventMap } from "./events.js";
import { whenNear } from "./lazy.js";
import { mainCanvas, noticeCard, photoPrompt, status } from "./panes.js";
import { PaintingEvents } from "./painting-events.js";
import { PhotoIntake } from "./photo-intake.js";
import { PaletteView } from "./palette.js";
import { ElementSession, unpainted } from "./session.js";
import { SettingKeeper } from "./setting-keeper.js";
import {
  SETTING_NAMES,
  SettingError,
  checkObjects,
  labelMapFrom,
  numberFromAttribute,
  type ElementSettings,
  type ElementTool,
} from "./settings.js";
import { elementStyles } from "./styles.js";
import { SurfaceController } from "./surface-controller.js";
import { languageOfTag, textIn, type ElementLanguage, type ElementText } from "./text.js";

/** The attribute follows the property, but is not added for a default. */
const REFLECTED = { reflect: true, useDefault: true } as const;

/** A text that is no number must not become one. */
const NUMBER = { type: Number, converter: { fromAttribute: numberFromAttribute } } as const;

/** Listeners get the events of {@link ElementEventMap} with their details. */
export interface UnderpaintCanvas {
  addEventListener<Name extends keyof ElementEventMap>(
    type: Name,
    listener: (this: this, event: CustomEvent<ElementEventMap[Name]>) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends Exclude<keyof HTMLElementEventMap, keyof ElementEventMap>>(
    type: Name,
    listener: (this: this, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/**
 * A label map that is painted on, and the picture that a generator makes of it while it is painted; for models that
 * take photos, a photo and its picture; for those that take nothing but a seed, the picture alone.
 *
 * Attributes and events are described in the package's README. Loading begins when the element comes near the window,
 * or at once with `loading="eager"`, or with {@link load}.
 */
export class UnderpaintCanvas extends LitElement implements ElementSettings {
  static override readonly properties = {
    model: { type: String },
    file: { attribute: false },
    encoder: { attribute: false },
    answers: { attribute: false },
    device: { type: String, ...REFLECTED },
    scene: { type: String },
    label: { ...NUMBER, reflect: true },
    brushSize: { ...NUMBER, attribute: "brush-size", ...REFLECTED },
    tool: { type: String, ...REFLECTED },
    layout: { type: String, ...REFLECTED },
    seed: { ...NUMBER, ...REFLECTED },
    controls: { type: Boolean, ...REFLECTED },
    readOnly: { type: Boolean, attribute: "readonly", ...REFLECTED },
    loading: { type: String, ...REFLECTED },
    workerUrl: { type: String, attribute: "worker-url" },
    wasmUrl: { type: String, attribute: "wasm-url" },
  };

  static override readonly styles = elementStyles;

  /** Address of the bundle: its folder, its manifest.json, or one file, x.underpaint. */
  declare model: string | undefined;
  /**
   * A model's file in place of an address: a bundle in one file, or weights of the original authors (`.pth`, `.pt`,
   * safetensors).
   */
  declare file: Blob | undefined;
  /** The encoder's file beside weights of the authors; set it before {@link file}. */
  declare encoder: Blob | undefined;
  /** What weights of the authors do not tell; set it before {@link file}. */
  declare answers: CheckpointAnswers | undefined;
  /** What to run on; `auto` by default. */
  declare device: "auto" | DeviceKind;
  /** Address of a label map (PNG) to begin with. */
  declare scene: string | undefined;
  /** Class to paint with. */
  declare label: number | undefined;
  /** Diameter of the brush in label-map pixels, 1 to 512. */
  declare brushSize: number;
  /** Tool to paint with. */
  declare tool: ElementTool;
  /** What is shown. */
  declare layout: Layout;
  /** Seed, for models that draw latents or dropout. */
  declare seed: number;
  /** Whether the tool bar and the palette are shown. */
  declare controls: boolean;
  /** Whether painting is prevented. */
  declare readOnly: boolean;
  /** When to begin loading. */
  declare loading: "lazy" | "eager";
  /** Address of `worker.js`, where a bundler has moved it. */
  declare workerUrl: string | undefined;
  /**
   * Address of one build of the module, where they are not beside the worker: `underpaint_web_bg.wasm`, which runs
   * everywhere, or `underpaint_web_relaxed_bg.wasm`. It is taken as it is; nothing is chosen then.
   */
  declare wasmUrl: string | undefined;

  private readonly studio = new Studio();
  private readonly session = new ElementSession(this.studio);
  private readonly palette = new PaletteView(this, this.studio);
  private readonly paintingEvents = new PaintingEvents(this);
  private readonly settings: SettingKeeper;
  private readonly photos = new PhotoIntake({
    takesPhotos: () => this.studio.state.model?.input === "photo" && !this.readOnly,
    open: (file) => this.openPhoto(file),
    opened: () => this.paintingEvents.deed(() => undefined),
    failed: (thrown) => this.tellError(errorFrom(thrown)),
  });
  private surface: SurfaceController | undefined;
  private opening: Promise<void> | undefined;
  private stopWaiting: (() => void) | undefined;
  /** What failed last, until something succeeds. */
  private notice: ShownError | undefined;
  /** Whether a key was the last thing used: only then the canvas shows that it has the focus. */
  private usesKeys = false;

  constructor() {
    super();
    const { brushSize, layout } = DEFAULT_PREFERENCES;
    const defaults = { device: "auto", loading: "lazy", tool: "brush", brushSize, layout, seed: 0 } as const;
    this.settings = new SettingKeeper(this, this.studio, defaults);
    Object.assign(this, { controls: false, readOnly: false });
    this.studio.store.subscribe((state, before) => this.follow(state, before));
    this.session.onError = (error) => this.tellError(error);
  }

  /** What is painted, as a copy; undefined while there is no model that is painted for. */
  get labelMap(): LabelMapInput | undefined {
    const { map } = this.studio.state;
    const instances = map && instancesOf(map);
    return (
      map && { ids: new Uint8Array(map.ids), width: map.width, height: map.height, ...(instances && { instances }) }
    );
  }

  /**
   * Shows a label map, resized to the model's size; one undoable step. Before the model is there, it waits for it. One that
   * the model cannot have is not taken: the event `error` says why.
   */
  set labelMap(map: LabelMapInput) {
    const { model } = this.studio.state;
    try {
      if (model !== undefined && !isPainted(model)) throw unpainted(model);
      const labels = labelMapFrom(map, classesOf(this.studio.state));
      if (model !== undefined) checkObjects(labels, model);
      this.session.show(labels);
    } catch (thrown) {
      this.tellError(errorFrom(thrown));
    }
  }

  /** The last picture. */
  get picture(): ImageData | undefined {
    return this.studio.state.picture?.image;
  }

  /** Describes the loaded model. */
  get manifest(): Manifest | undefined {
    return this.session.generator?.manifest;
  }

  /** What the loaded model runs on, and why. */
  get deviceReport(): DeviceReport | undefined {
    return this.session.generator?.device;
  }

  /**
   * Loads the model, if that has not happened; resolves when it is ready.
   *
   * @throws UnderpaintError
   */
  load(): Promise<void> {
    if (this.session.generator !== undefined) return Promise.resolve();
    if (this.opening !== undefined) return this.opening;
    const opening = this.open().finally(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    this.opening = opening;
    return opening;
  }

  /**
   * Generates a picture of what is shown now. While painting this happens by itself; where it goes on meanwhile, the
   * picture may be of something newer.
   *
   * @throws UnderpaintError `bad-input` without a model or a photo, `aborted` when the model is let go meanwhile; others
   *   as `Generator.generate`, but not `superseded`
   */
  async generate(): Promise<Picture> {
    return this.session.generate();
  }

  /** Frees the model. The painting stays; {@link load} brings the model back. */
  dispose(): void {
    this.stopWaiting?.();
    this.opening = undefined;
    this.session.close();
  }

  /** Takes the last step back. False when there was nothing. */
  undo(): boolean {
    return commands.undo(this.studio);
  }

  /** Makes the last undone step again. False when there was nothing. */
  redo(): boolean {
    return commands.redo(this.studio);
  }

  /** Paints everything with the background; one undoable step. */
  clear(): void {
    commands.clear(this.studio);
  }

  /**
   * Shows a photo, cropped to the model's shape; for models that take photos.
   *
   * @throws UnderpaintError `bad-input` without such a model, or when the file is no picture
   */
  async openPhoto(file: Blob): Promise<void> {
    const { model } = this.studio.state;
    if (model?.input !== "photo") {
      throw new UnderpaintError("bad-input", "A photo needs a loaded model that takes photos.");
    }
    const name = file instanceof File ? file.name : "photo";
    try {
      commands.openPhoto(this.studio, await openPhoto(file, name, model.size));
    } catch (thrown) {
      throw new UnderpaintError("bad-input", errorFrom(thrown).message, { cause: thrown });
    }
  }

  /**
   * Shows what is painted in another style, from now on: that of a picture, of a seed, or of the numbers of a latent, or one
   * between others; undefined for the one that `seed` draws. For models with latents; another model begins without.
   *
   * @throws UnderpaintError `bad-input` for other models, and for a style that makes no sense; others as {@link generate}
   */
  async setStyle(style: Style | undefined): Promise<Picture> {
    return this.session.choose({ style });
  }

  /**
   * Gives objects looks of their own, from now on, in place of those chosen before; the seed draws the others. For models
   * with features; another model begins without.
   *
   * @throws UnderpaintError as {@link setStyle}
   */
  async setLooks(looks: readonly ObjectLook[]): Promise<Picture> {
    return this.session.choose({ objects: looks });
  }

  /** The last picture as a PNG file; undefined while there is none. */
  async toBlob(): Promise<Blob | undefined> {
    const { picture } = this;
    return picture && encodePicturePng(picture);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.beginWaiting();
    if (this.hasUpdated) this.connectSurface();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopWaiting?.();
    this.surface?.stop();
    this.surface = undefined;
    // Moved within the page, it comes back at once and keeps its model.
    queueMicrotask(() => {
      if (!this.isConnected) this.dispose();
    });
  }

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, "lang"];
  }

  override attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    super.attributeChangedCallback(name, before, value);
    if (name === "lang") this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    for (const name of SETTING_NAMES) if (changed.has(name)) this.settings.take(name);
    const { device } = this;
    const isOther = changed.has("model") || changed.has("file");
    if (this.hasUpdated && (isOther || (changed.has("device") && changed.get("device") !== device))) {
      this.reload();
    } else if (this.hasUpdated && changed.has("scene")) this.changeScene();
  }

  protected override firstUpdated(): void {
    this.connectSurface();
  }

  protected override updated(): void {
    this.surface?.repaint();
    for (const error of this.settings.takeRefusals()) this.tellError(error);
  }

  protected override render(): TemplateResult {
    const { studio, text, readOnly } = this;
    const { state } = studio;
    const { width, height } = state.map ?? state.model?.size ?? { width: 1, height: 1 };
    const controls = this.controls && !readOnly;
    const { choosePhoto } = this.actions;
    const layout = shownLayout(state);
    const isSideBySide = layout === "side-by-side";
    const shownStatus = this.controls ? status(state, text) : nothing;
    return html`<div
      class="frame"
      part="frame"
      role="group"
      aria-label=${text.surface}
      ?data-keys=${this.usesKeys}
      @pointerdown=${() => this.noteKeys(false)}
      @input=${this.keepInside}
      @keydown=${this.onKeyDown}
      @keyup=${this.onKeyUp}
      @dragover=${this.photos.dragOver}
      @drop=${this.photos.dropped}
    >
      ${controls ? toolBar(studio, text, this.actions) : nothing}
      <div class="panes" part="panes" data-layout=${layout} ${cssVars({ "--aspect": `${width} / ${height}` })}>
        <div class="pane" part="labels">
          ${mainCanvas(state, text, readOnly, () => this.surface?.blur())}
          ${readOnly ? nothing : photoPrompt(state, text, choosePhoto, this.photos.chosen)}
          ${isSideBySide ? nothing : shownStatus}
        </div>
        <div class="pane" part="picture" ?hidden=${!isSideBySide}>
          <canvas class="side" role="img" aria-label=${text.picture}></canvas>
          ${shownStatus}
        </div>
        ${cover(state.loading, text, () => void this.load().catch(() => undefined))}
      </div>
      ${noticeCard(state.loading.phase === "failed" ? undefined : this.notice, text)}
      ${controls ? this.palette.render(text, this.language) : nothing}
      <span class="unseen" role="status">${state.loading.phase === "ready" ? text.ready : ""}</span>
    </div>`;
  }

  private get language(): ElementLanguage {
    const lang = this.closest("[lang]")?.getAttribute("lang") ?? "";
    return languageOfTag(lang === "" ? navigator.language : lang);
  }

  private get text(): ElementText {
    return textIn(this.language);
  }

  private connectSurface(): void {
    const main = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.main");
    const side = this.renderRoot.querySelector<HTMLCanvasElement>("canvas.side");
    if (!main || !side || this.surface !== undefined) return;
    const isPaintable = (): boolean => this.studio.painting !== undefined && !this.readOnly;
    this.surface = new SurfaceController(this.studio, main, side, isPaintable);
  }

  private beginWaiting(): void {
    this.stopWaiting?.();
    this.stopWaiting = undefined;
    const begin = (): void => {
      if ((this.model ?? this.file) !== undefined && this.isConnected) void this.load().catch(() => undefined);
    };
    if (this.loading === "eager") queueMicrotask(begin);
    else this.stopWaiting = whenNear(this, begin);
  }

  private reload(): void {
    this.dispose();
    this.beginWaiting();
  }

  private changeScene(): void {
    if (this.scene === undefined || this.session.generator === undefined) return;
    void this.session.openScene(this.scene).catch((thrown) => this.tellError(errorFrom(thrown)));
  }

  private async open(): Promise<void> {
    const { model, file, encoder, answers, device, scene, workerUrl, wasmUrl } = this;
    const { state } = this.studio;
    const followed = state.model === undefined ? undefined : state.classId;
    try {
      const found = file ?? model;
      if (found === undefined) throw new UnderpaintError("bad-input", "<underpaint-canvas> needs the attribute model.");
      const onProgress = (progress: ElementEventMap["progress"]): void => this.tell("progress", progress);
      const generator = await this.session.open({
        model: found,
        encoder,
        answers,
        device,
        scene,
        workerUrl,
        wasmUrl,
        onProgress,
      });
      this.settings.takeLabel(followed);
      this.tell("ready", { manifest: generator.manifest, device: generator.device });
    } catch (thrown) {
      const error = errorFrom(thrown);
      if (error.code !== "aborted") this.tellError(error);
      throw error;
    }
  }

  /** Takes over what painting and keys have changed, and tells the page. */
  private follow(state: Readonly<StudioState>, before: Readonly<StudioState>): void {
    this.paintingEvents.follow(this.studio.painting);
    if (state.tool !== before.tool && state.tool !== "pan") this.tool = state.tool;
    if (state.brushSize !== before.brushSize) this.brushSize = state.brushSize;
    if (state.layout !== before.layout) this.layout = state.layout;
    if (state.seed !== before.seed) this.seed = state.seed;
    // With another model, what was asked for is looked at first.
    if (state.model === before.model && state.classId !== before.classId) this.label = state.classId;
    if (state.picture !== undefined && state.picture !== before.picture) {
      this.notice = undefined;
      this.tell("generated", { image: state.picture.image, latency: state.picture.latency });
    }
    const { generation } = state;
    if (generation !== before.generation && generation.phase === "failed") this.tellError(generation.error);
    const moved = state.preview !== before.preview || state.revision !== before.revision;
    if (!moved || state.undoKind !== before.undoKind || state.map !== before.map) this.requestUpdate();
  }

  private tell<Name extends keyof ElementEventMap>(name: Name, detail: ElementEventMap[Name]): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private tellError(error: ShownError): void {
    const { code, message } = error;
    if (error instanceof SettingError) {
      // The page's own mistake: nothing that who looks at it could mend.
      console.warn(`<underpaint-canvas>: ${message}`);
      this.tell("error", { code, message, attribute: error.attribute });
      return;
    }
    this.notice = { code, message };
    this.requestUpdate();
    this.tell("error", this.notice);
  }

  private readonly actions: ToolBarActions = {
    choosePhoto: () => this.renderRoot.querySelector<HTMLInputElement>('input[type="file"]')?.click(),
    setSeed: (seed) => this.paintingEvents.deed(() => commands.changeSeed(this.studio, seed)),
    rollSeed: () => this.paintingEvents.deed(() => commands.rollSeed(this.studio)),
    save: () => void this.save().catch((thrown) => this.tellError(errorFrom(thrown))),
  };

  private async save(): Promise<void> {
    const file = await this.toBlob();
    const name = suggestedName(this.manifest?.name ?? "", "picture");
    if (file !== undefined) saveBlob(file, name);
  }

  /** A slider's or field's own `input` is no painting; what the page has put into the slot is the page's. */
  private keepInside(event: Event): void {
    if (event.target instanceof Node && event.target.getRootNode() === this.renderRoot) event.stopPropagation();
  }

  private onKeyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || this.surface?.keyDown(event) !== true) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private onKeyUp(event: KeyboardEvent): void {
    this.noteKeys(true);
    if (this.surface?.keyUp(event) === true) event.preventDefault();
  }

  private noteKeys(usesKeys: boolean): void {
    if (usesKeys === this.usesKeys) return;
    this.usesKeys = usesKeys;
    this.requestUpdate();
  }
}

/** The two canvases: what is painted, and the picture of it. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { MessageKey } from "../i18n/en.js";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { shownLayout, type Layout } from "../state/studio-state.js";
import { attachPointer } from "../tools/attach-pointer.js";
import { KeyboardBrush } from "../tools/keyboard-brush.js";
import { shortcutKeys } from "../tools/shortcuts.js";
import type { studioTools } from "../tools/studio-host.js";
import { glyph } from "./glyph.js";
import { objectName } from "./object-names.js";
import { StagePainter } from "./stage-painter.js";
import { stageStyles } from "./stage-styles.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** How long the brush rests before it is said what it is on. */
const REST_MILLISECONDS = 150;

/**
 * `<up-stage>`: shows `studio` and lets it be painted on. The `message` slot lies over the picture.
 *
 * Emits `save-labels`, `save-picture`, `open-photo` and `paint-now`.
 */
export class Stage extends StudioElement {
  static override readonly properties = {
    studio: { attribute: false },
    tools: { attribute: false },
    preview: {},
    underBrush: { state: true },
  };

  static override readonly styles = [base, buttons, stageStyles];

  declare studio: Studio | undefined;
  declare tools: ReturnType<typeof studioTools> | undefined;
  /** Address of the label map that will be painted on first, shown until there is a model; may be empty. */
  declare preview: string;
  /** Whether the space bar is held, which moves the view. */
  isSpaceHeld: () => boolean = () => false;
  /** What the brush is on, for those who do not see it; empty unless it is moved by keys. */
  declare private underBrush: string;
  private speaking: ReturnType<typeof setTimeout> | undefined;
  private painter: StagePainter | undefined;
  private stop: (() => void)[] = [];

  constructor() {
    super();
    this.underBrush = "";
  }

  /** Where the painted canvas or the picture lies in the window. */
  boxOf(what: "main" | "side"): DOMRect | undefined {
    const canvas = this.canvas(what);
    const box = canvas?.getBoundingClientRect();
    return box && box.width > 0 ? box : this.canvas("main")?.getBoundingClientRect();
  }

  /** Focuses the painted canvas. */
  focusCanvas(): void {
    this.canvas("main")?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.stop) stop();
    this.stop = [];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { studio } = this;
    if (!studio) return nothing;
    const { model, map } = studio.state;
    const layout = shownLayout(studio.state);
    const photo = model?.input === "photo";
    return html`<div class="panes" data-layout=${layout}>
      <figure class="main">
        ${model ? html`<figcaption>${this.mainCaption(studio, layout, photo)}</figcaption>` : this.placeholder()}
        <canvas
          class="main"
          tabindex="0"
          role="img"
          aria-roledescription=${t("region.canvases")}
          aria-label=${mainName(studio)}
          aria-description=${map ? t("canvas.keys") : nothing}
        ></canvas>
      </figure>
      <figure class="side" ?hidden=${layout !== "side-by-side"}>
        ${
          model
            ? html`<figcaption><span class="title">${t("pane.picture")}</span>${this.pictureTools(studio)}</figcaption>`
            : nothing
        }
        <canvas class="side" role="img" aria-label=${t("canvas.picture")}></canvas>
      </figure>
      <div class="busy" ?hidden=${studio.state.generation.phase !== "running"}></div>
      <div class="sr-only" role="status" aria-live="polite">${this.underBrush}</div>
      <div
        class="message"
        data-over=${isPhotoAwaited(studio) ? "main" : "side"}
        ?data-aside=${map !== undefined && studio.state.loading.phase === "loading"}
      >
        <slot name="message"></slot>
      </div>
    </div>`;
  }

  protected override firstUpdated(): void {
    const main = this.canvas("main");
    const side = this.canvas("side");
    if (!this.studio || !this.tools || !main || !side) return;
    this.painter = new StagePainter(this.studio, main, side);
    this.connectTools(this.tools, main, side);
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(main);
    observer.observe(side);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => this.painter?.themeChanged();
    scheme.addEventListener("change", repaint);
    this.stop.push(
      () => observer.disconnect(),
      () => scheme.removeEventListener("change", repaint),
      this.studio.store.subscribe((state, previous) => {
        this.painter?.schedule();
        const shown = [
          "layout",
          "model",
          "view",
          "seed",
          "overlayOpacity",
          "picture",
          "map",
          "generation",
          "liveEnabled",
          "photo",
          "viewIsFitted",
          "loading",
        ] as const;
        if (shown.some((field) => state[field] !== previous[field])) this.requestUpdate();
        if (state.theme !== previous.theme) repaint();
        if (state.tool !== previous.tool || state.model !== previous.model) this.showCursor();
      }),
    );
    this.measure();
  }

  protected override updated(_changed: PropertyValues): void {
    this.painter?.schedule();
  }

  private connectTools(tools: ReturnType<typeof studioTools>, main: HTMLCanvasElement, side: HTMLCanvasElement): void {
    const keyboard = new KeyboardBrush(tools.controller, tools.host);
    main.addEventListener("keydown", (event) => {
      if (!keyboard.keyDown(event)) return;
      delete main.dataset["pointed"];
      this.speakSoon(keyboard);
      event.preventDefault();
      event.stopPropagation();
    });
    main.addEventListener("keyup", (event) => {
      if (!keyboard.keyUp(event)) return;
      this.speakSoon(keyboard);
      event.preventDefault();
    });
    main.addEventListener("blur", () => {
      keyboard.blur();
      clearTimeout(this.speaking);
      this.underBrush = "";
      delete main.dataset["pointed"];
    });
    main.addEventListener("pointerdown", () => (main.dataset["pointed"] = ""), { capture: true });
    const attachment = { ...tools, isSpaceHeld: () => this.isSpaceHeld() };
    for (const canvas of [main, side]) {
      this.stop.push(attachPointer(canvas, attachment));
      for (const type of ["pointermove", "pointerdown", "pointerup"]) {
        canvas.addEventListener(type, () => this.showCursor());
      }
    }
  }

  /** Shows the chosen tool's cursor; to be called when the space bar is pressed or released. */
  showCursor(): void {
    const cursor = this.tools?.controller.cursor(this.isSpaceHeld()) ?? "default";
    for (const which of ["main", "side"] as const) {
      const canvas = this.canvas(which);
      if (canvas && canvas.style.cursor !== cursor) canvas.style.cursor = cursor;
    }
  }

  /** Says where the brush is once it rests: held arrow keys would make a list of everything on the way. */
  private speakSoon(keyboard: KeyboardBrush): void {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      const { map } = this.studio?.state ?? {};
      const point = keyboard.position;
      if (!this.studio || !map || !point) return;
      const label = objectName(this.studio.state, map.at(point.x, point.y) ?? 0, map.objectAt(point.x, point.y) ?? 0);
      this.underBrush = t("canvas.cursor", { label, x: Math.floor(point.x), y: Math.floor(point.y) });
    }, REST_MILLISECONDS);
  }

  private measure(): void {
    const { studio } = this;
    const main = this.canvas("main");
    if (!studio || !main || main.clientWidth === 0) return;
    const size = { width: main.clientWidth, height: main.clientHeight };
    const before = studio.state.canvasSize;
    this.painter?.resize();
    if (before.width !== size.width || before.height !== size.height) commands.setCanvasSize(studio, size);
    this.painter?.drawNow();
  }

  private mainCaption(studio: Studio, layout: Layout, photo: boolean): TemplateResult {
    const title = layout === "picture" ? "pane.picture" : photo ? "pane.photo" : "pane.labels";
    return html`<span class="title">${layout === "overlay" ? t("view.overlay") : t(title)}</span>
      ${layout === "overlay" ? this.opacity(studio) : nothing}
      ${
        photo
          ? html`<button class="quiet" @click=${() => this.emit("open-photo", undefined)}>
              ${glyph("photo")}<span>${t("action.openPhoto")}</span>
            </button>`
          : nothing
      }
      ${
        studio.state.viewIsFitted
          ? nothing
          : html`<button
              class="icon refit"
              aria-label=${t("action.fit")}
              title=${withKeys("action.fit", "view.fit")}
              @click=${() => commands.fitToView(studio)}
            >
              ${glyph("fit")}
            </button>`
      }
      <span class="zoom">
        <button
          class="icon"
          aria-label=${t("action.zoomOut")}
          title=${withKeys("action.zoomOut", "view.zoomOut")}
          @click=${() => commands.zoomStep(studio, -1)}
        >
          ${glyph("minus")}
        </button>
        <button
          class="value"
          aria-label="${t("action.fit")}, ${this.percent(studio)}"
          title=${withKeys("action.fit", "view.fit")}
          @click=${() => commands.fitToView(studio)}
        >
          ${this.percent(studio)}
        </button>
        <button
          class="icon"
          aria-label=${t("action.zoomIn")}
          title=${withKeys("action.zoomIn", "view.zoomIn")}
          @click=${() => commands.zoomStep(studio, 1)}
        >
          ${glyph("plus")}
        </button>
      </span>
      ${layout === "side-by-side" || layout === "label" ? this.labelTools(photo) : this.pictureTools(studio)}`;
  }

  private placeholder(): TemplateResult | typeof nothing {
    return this.preview ? html`<img class="preview" src=${this.preview} alt="" />` : nothing;
  }

  private percent(studio: Studio): string {
    return t("zoom.value", { percent: Math.round(studio.state.view.zoom * 100) });
  }

  private labelTools(photo: boolean): TemplateResult | typeof nothing {
    if (photo) return nothing;
    return html`<button
      class="icon"
      aria-label=${t("action.saveLabels")}
      title=${t("action.saveLabels")}
      @click=${() => this.emit("save-labels", undefined)}
    >
      ${glyph("save")}
    </button>`;
  }

  private pictureTools(studio: Studio): TemplateResult {
    const { seed, picture, model, liveEnabled } = studio.state;
    return html`${
        liveEnabled || model?.input === "latent"
          ? nothing
          : html`<button class="outline" @click=${() => this.emit("paint-now", undefined)}>
              ${t("live.nowShort")}
            </button>`
      }${
        model?.usesSeed
          ? html`<button
                class="icon"
                aria-label="${t("seed.roll")}. ${t("seed.label", { seed })}"
                title="${t("seed.roll")} · ${t("seed.label", { seed })}"
                @click=${() => commands.rollSeed(studio)}
              >
                ${glyph("dice")}
              </button>
              <span class="of-seed" aria-hidden="true">${t("seed.field")}</span>
              <up-seed-field
                .seed=${seed}
                @seed-change=${(event: CustomEvent<number>) => commands.changeSeed(studio, event.detail)}
              ></up-seed-field>`
          : nothing
      }
      <button
        class="icon"
        ?disabled=${picture === undefined}
        aria-label=${t("action.savePicture")}
        title=${t("action.savePicture")}
        @click=${() => this.emit("save-picture", undefined)}
      >
        ${glyph("save")}
      </button>`;
  }

  private opacity(studio: Studio): TemplateResult {
    const percent = Math.round(studio.state.overlayOpacity * 100);
    return html`<input
      class="opacity"
      type="range"
      min="0"
      max="100"
      .value=${String(percent)}
      aria-label=${t("view.opacity")}
      title=${t("view.opacity")}
      aria-valuetext=${t("zoom.value", { percent })}
      @input=${(event: Event) => {
        if (event.target instanceof HTMLInputElement)
          commands.setOverlayOpacity(studio, event.target.valueAsNumber / 100);
      }}
    />`;
  }

  private canvas(which: "main" | "side"): HTMLCanvasElement | null {
    return this.renderRoot.querySelector<HTMLCanvasElement>(`canvas.${which}`);
  }
}

/** Whether a photo is what is missing: then the message belongs over its pane. */
function isPhotoAwaited({ state }: Studio): boolean {
  return state.model?.input === "photo" && state.photo === undefined && state.loading.phase === "ready";
}

/** A button's name with its key. */
function withKeys(label: MessageKey, shortcut: string): string {
  return `${t(label)} (${shortcutKeys(shortcut)})`;
}

function mainName(studio: Studio): string {
  const input = studio.state.model?.input;
  if (input === "photo") return t("pane.photo");
  if (input === "latent") return t("pane.picture");
  const { width, height } = commands.imageSizeOf(studio) ?? { width: 0, height: 0 };
  return t("canvas.labels", { width, height });
}

customElements.define("up-stage", Stage);

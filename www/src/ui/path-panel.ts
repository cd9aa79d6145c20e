/** A path through pictures that were chosen: played in the picture's place, and saved. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { errorFrom } from "../engine/errors.js";
import { saveBlob, suggestedName } from "../files/save.js";
import { t } from "../i18n/language.js";
import type { Look, SceneStyle } from "../state/look.js";
import { recordLook, showLook } from "../state/look-commands.js";
import { FRAMES_PER_SECOND, MOST_FRAMES, frameTimes, partsOf, styleAt, type Path } from "../state/path.js";
import { choiceFor } from "../state/studio-model.js";
import type { StudioState } from "../state/studio-state.js";
import { thumbnailOfPicture } from "../state/thumbnail.js";
import type { StudioContext } from "./context.js";
import { glyph } from "./glyph.js";
import { filmFrames, videoOfFrames, videoType, zipOfFrames } from "./path-film.js";
import { SmallPictures } from "./small-pictures.js";
import { tileStyles } from "./strip-styles.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** Pictures on a path, at most. */
const MOST_POINTS = 12;
/** Seconds from one picture to the next that are offered. */
const SECONDS = [1, 2, 3, 5] as const;

/** What is being saved. */
interface Saving {
  readonly stop: AbortController;
  readonly words: string;
}

/** `<up-path-panel>`: `current` is the style of what is shown; set `state` to draw again. */
export class PathPanel extends StudioElement {
  static override readonly properties = {
    context: { attribute: false },
    state: { attribute: false },
    current: { attribute: false },
    points: { state: true },
    seconds: { state: true },
    isLoop: { state: true },
    playing: { state: true },
    saving: { state: true },
    problem: { state: true },
  };

  static override readonly styles = [
    base,
    buttons,
    tileStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 12px;
      }
      p {
        font: 400 15px/1.45 var(--serif);
      }
      .tiles {
        flex-wrap: wrap;
        padding: 6px 6px 0 0;
        gap: 12px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
      }
      .problem {
        color: var(--danger);
      }
      progress {
        flex: 1 1 100%;
        accent-color: var(--cool);
      }
    `,
  ];

  declare context: StudioContext | undefined;
  declare state: Readonly<StudioState> | undefined;
  declare current: SceneStyle | undefined;
  declare private points: readonly SceneStyle[];
  declare private seconds: number;
  declare private isLoop: boolean;
  declare private playing: { readonly began: number; readonly before: Look; readonly frame: number } | undefined;
  declare private saving: Saving | undefined;
  declare private problem: string;
  private readonly pictures = new SmallPictures();
  private asked = "";
  private shownModel = "";

  constructor() {
    super();
    this.points = [];
    this.seconds = 2;
    this.isLoop = true;
    this.problem = "";
    this.pictures.onChange = () => this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop();
    this.saving?.stop.abort();
    this.pictures.cancel();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const key = this.state?.model?.paintingKey ?? "";
    if (changed.has("state") && key !== this.shownModel) {
      this.shownModel = key;
      this.stop();
      this.saving?.stop.abort();
      this.points = [];
    }
  }

  protected override render(): TemplateResult {
    const isPath = partsOf(this.path) > 0;
    const isFull = this.points.length >= MOST_POINTS;
    return html`<p>${t("chance.pathText")}</p>
      <div class="tiles">${this.points.map((style, index) => this.tile(style, index))}</div>
      <div class="row">
        <button class="outline" ?disabled=${isFull || this.playing !== undefined} @click=${() => this.add()}>
          ${glyph("plus")}${t("chance.addPoint")}
        </button>
        <button class="primary" ?disabled=${!isPath} @click=${() => (this.playing ? this.stop() : this.play())}>
          ${this.playing ? glyph("stop") : glyph("play")}${t(this.playing ? "chance.stop" : "chance.play")}
        </button>
      </div>
      <div class="row">
        <label class="field"
          >${t("chance.seconds")}
          <select @change=${({ target }: Event) => (this.seconds = Number((target as HTMLSelectElement).value))}>
            ${SECONDS.map((one) => html`<option value=${one} ?selected=${one === this.seconds}>${one}</option>`)}
          </select></label
        >
        <label class="field"
          ><input
            type="checkbox"
            .checked=${this.isLoop}
            @change=${({ target }: Event) => (this.isLoop = (target as HTMLInputElement).checked)}
          />${t("chance.loop")}</label
        >
      </div>
      ${this.saves(isPath)}
      <div class="problem" role="alert">${this.problem}</div>`;
  }

  protected override updated(): void {
    const { context, state } = this;
    const generator = context?.session.current;
    const asked = JSON.stringify([this.points, state?.model?.paintingKey]);
    if (!generator || !state?.model || asked === this.asked || this.points.length === 0) return;
    this.asked = asked;
    const { seed } = state;
    const wanted = this.points.map((style) => ({
      key: JSON.stringify(style),
      seed,
      style: context?.shelf.resolve(style, seed),
    }));
    void this.pictures.want(generator, state.model, wanted, choiceFor(state.model, state.choice));
  }

  private tile(style: SceneStyle, index: number): TemplateResult {
    const number = index + 1;
    const picture = this.pictures.get(JSON.stringify(style));
    const remove = t("chance.removePoint", { number });
    return html`<div class="tile">
      <button
        class="face"
        aria-label=${t("chance.point", { number })}
        title=${t("chance.point", { number })}
        @click=${() => this.show(style)}
      >
        ${picture ? html`<up-thumbnail .image=${thumbnailOfPicture(picture)}></up-thumbnail>` : nothing}
      </button>
      <span class="name" aria-hidden="true">${number}</span>
      <button class="remove" aria-label=${remove} title=${remove} @click=${() => this.removePoint(index)}>
        ${glyph("close")}
      </button>
    </div>`;
  }

  private saves(isPath: boolean): TemplateResult {
    const { saving } = this;
    if (saving) {
      return html`<div class="row" role="status">
        <span>${saving.words}</span>
        <button class="outline" @click=${() => saving.stop.abort()}>${t("action.cancel")}</button>
      </div>`;
    }
    const video = videoType();
    return html`<div class="row">
        <button class="outline" ?disabled=${!isPath} @click=${() => void this.save(undefined)}>
          ${glyph("save")}${t("chance.saveFrames")}
        </button>
        ${
          video === undefined
            ? nothing
            : html`<button class="outline" ?disabled=${!isPath} @click=${() => void this.save(video)}>
                ${glyph("save")}${t("chance.saveVideo")}
              </button>`
        }
      </div>
      ${video === undefined ? html`<p class="hint">${t("chance.noVideo")}</p>` : nothing}`;
  }

  private get path(): Path {
    const { points, seconds, isLoop } = this;
    return { points, seconds, isLoop: isLoop && points.length > 1 };
  }

  private add(): void {
    if (this.current) this.points = [...this.points, this.current];
  }

  private removePoint(index: number): void {
    this.stop();
    this.points = this.points.filter((_, at) => at !== index);
  }

  private show(style: SceneStyle): void {
    const { studio } = this.context ?? {};
    if (!studio) return;
    this.stop();
    const before = studio.state.look;
    showLook(studio, { ...before, style });
    recordLook(studio, before, "style");
  }

  private play(): void {
    const { studio } = this.context ?? {};
    if (!studio) return;
    const began = performance.now();
    const before = studio.state.look;
    const next = (): void => {
      const time = (performance.now() - began) / 1000;
      // The newest wins: a slow machine shows fewer pictures, not a slower path.
      showLook(studio, { ...studio.state.look, style: styleAt(this.path, time) });
      if (!this.path.isLoop && time > this.path.seconds * partsOf(this.path)) return this.stop();
      this.playing = { began, before, frame: requestAnimationFrame(next) };
    };
    this.playing = { began, before, frame: requestAnimationFrame(next) };
  }

  private stop(): void {
    const { playing } = this;
    if (!playing) return;
    this.playing = undefined;
    cancelAnimationFrame(playing.frame);
    if (this.context) recordLook(this.context.studio, playing.before, "style");
  }

  /** Saves a video of a type, or frames where there is none. */
  private async save(video: string | undefined): Promise<void> {
    const { context, state, path } = this;
    const generator = context?.session.current;
    const times = frameTimes(path);
    if (!context || !generator || !state?.model) return;
    this.stop();
    this.problem = "";
    if (times.length > MOST_FRAMES) {
      this.problem = t("chance.tooLong", { frames: times.length, most: MOST_FRAMES });
      return;
    }
    const stop = new AbortController();
    const tell = (words: string): void => void (this.saving = { stop, words });
    tell(t("chance.frame", { done: 0, of: times.length }));
    try {
      const frames = await filmFrames({
        generator,
        seed: state.seed,
        classes: choiceFor(state.model, state.choice),
        styles: times.map((time) => () => context.shelf.resolve(styleAt(path, time), state.seed)),
        signal: stop.signal,
        onFrame: (done) => tell(t("chance.frame", { done, of: times.length })),
      });
      const name = suggestedName(state.model.name, "picture").replace(/-picture\.png$/, "-path");
      if (video === undefined) saveBlob(await zipOfFrames(frames), `${name}-${FRAMES_PER_SECOND}fps.zip`);
      else {
        tell(t("chance.recording"));
        saveBlob(await videoOfFrames(frames, video, stop.signal, () => undefined), `${name}.webm`);
      }
    } catch (thrown) {
      const { code, message } = errorFrom(thrown);
      if (code !== "aborted" && !stop.signal.aborted) this.problem = t("chance.saveFailed", { reason: message });
    } finally {
      this.saving = undefined;
    }
  }
}

customElements.define("up-path-panel", PathPanel);

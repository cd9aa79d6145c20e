/** The looks that the chosen object can have, as a strip of small pictures, for models whose objects have looks. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { t } from "../i18n/language.js";
import { lookOf, withObject, type Look, type SceneLook } from "../state/look.js";
import { chooseObjectLook } from "../state/look-commands.js";
import { liveRequest } from "../state/live.js";
import { rectOfObject } from "../state/object-looks.js";
import type { StudioState } from "../state/studio-state.js";
import { thumbnailOfPicture } from "../state/thumbnail.js";
import type { StudioContext } from "./context.js";
import { croppedAround } from "./crop.js";
import { glyph } from "./glyph.js";
import { LookPictures } from "./look-pictures.js";
import { objectName } from "./object-names.js";
import { roveWithKeys } from "./roving.js";
import { stripStyles, tileStyles } from "./strip-styles.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** How long after the last change small pictures are made anew, in milliseconds: not while a stroke goes on. */
const REST_MILLISECONDS = 500;

/** What of the state is shown. */
const followed = ["model", "map", "revision", "classId", "object", "look", "seed", "device"] as const;

/** A look to choose. */
interface Choice {
  readonly key: string;
  readonly name: string;
  /** Undefined lets the seed draw it. */
  readonly chosen: SceneLook | undefined;
}

/** `<up-look-strip>`: emits `look-photo` when looks are to be read from a photo. Follows the studio by itself. */
export class LookStrip extends StudioElement {
  static override readonly properties = {
    context: { attribute: false },
    reading: { type: Boolean },
  };

  static override readonly styles = [
    base,
    buttons,
    tileStyles,
    stripStyles,
    css`
      .title {
        flex: none;
        max-width: 160px;
        font-weight: 600;
      }
      .side {
        display: flex;
        align-items: center;
        gap: 8px;
        flex: none;
      }
      @media (max-width: 599px) {
        :host {
          --tile: 56px;
          padding: 0 8px 4px;
        }
      }
    `,
  ];

  declare context: StudioContext | undefined;
  declare reading: boolean;
  private readonly pictures = new LookPictures();
  private stop: (() => void) | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private asked: readonly unknown[] = [];

  constructor() {
    super();
    this.reading = false;
    this.pictures.onChange = () => this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.resting);
    this.pictures.cancel();
    this.asked = [];
    this.stop?.();
    this.stop = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.stop && !changed.has("context")) return;
    this.stop?.();
    this.stop = this.context?.studio.store.subscribe((state, previous) => {
      if (followed.some((field) => state[field] !== previous[field])) this.requestUpdate();
    });
  }

  private get state(): Readonly<StudioState> | undefined {
    return this.context?.studio.state;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { context, state } = this;
    if (!context || !state?.map || !state.model) return nothing;
    const { classId, object, model, look } = state;
    const choices = choicesOf(state);
    const chosen = keyOf(lookOf(look, classId, object));
    const title = objectName(state, classId, object);
    return html`<span class="title">${title}</span>
      <div class="tiles" role="group" aria-label=${`${t("object.region")}: ${title}`} @keydown=${this.onKey}>
        ${repeat(
          choices,
          ({ key }) => key,
          (choice) => this.tile(context, choice, choice.key === chosen),
        )}
      </div>
      ${choices.length === 1 ? html`<span class="hint">${t("object.none")}</span>` : nothing}
      <div class="side">
        ${
          model.hasEncoder === true
            ? html`<button class="outline" @click=${() => this.emit("look-photo", undefined)}>
                ${glyph("photo")}${t("object.fromPhoto")}
              </button>`
            : nothing
        }
        <span class="hint" role="status">${this.reading ? t("object.reading") : ""}</span>
      </div>`;
  }

  protected override updated(): void {
    const { state } = this;
    if (!state?.model || !this.context?.session.current) return;
    const asked = [state.model, state.revision, state.classId, state.object, state.look, state.seed, state.device];
    if (asked.length === this.asked.length && asked.every((one, index) => one === this.asked[index])) return;
    this.asked = asked;
    this.pictures.cancel();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.makePictures(), REST_MILLISECONDS);
  }

  private makePictures(): void {
    const { context } = this;
    const { state } = context?.studio ?? {};
    const generator = context?.session.current;
    if (!context || !state?.map || !generator || !this.isConnected) return;
    const { classId, object, map, look } = state;
    const rect = rectOfObject(map, classId, object);
    if (!rect) return this.pictures.clear();
    const wanted = choicesOf(state).flatMap(({ key, chosen }) => {
      const request = liveRequest({ ...state, look: withObject(look, classId, object, chosen) });
      return request ? [{ key, request }] : [];
    });
    void this.pictures.want(generator, wanted, (image) => croppedAround(image, rect));
  }

  private tile({ studio }: StudioContext, { key, name, chosen }: Choice, isChosen: boolean): TemplateResult {
    const picture = this.pictures.get(key);
    return html`<div class="tile">
      <button
        class="face"
        aria-pressed=${isChosen}
        aria-label=${name}
        title=${name}
        data-look=${key}
        @click=${() => chooseObjectLook(studio, studio.state.classId, studio.state.object, chosen)}
      >
        ${picture ? html`<up-thumbnail .image=${thumbnailOfPicture(picture)}></up-thumbnail>` : glyph("seed")}
      </button>
      <span class="name" aria-hidden="true">${name}</span>
    </div>`;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("button[data-look]")]);
  }
}

/** What the seed draws, the typical looks of the class, and what a photo has brought. */
function choicesOf({ model, look, classId, object }: Readonly<StudioState>): readonly Choice[] {
  const count = model?.typicalLooks?.[classId] ?? 0;
  const typical = Array.from({ length: count }, (_, cluster): Choice => {
    const chosen = { label: classId, object, cluster };
    return { key: keyOf(chosen), name: t("object.look", { number: cluster + 1 }), chosen };
  });
  const found = lookOf(look, classId, object);
  const read = found && "feature" in found ? [{ key: keyOf(found), name: t("object.photoLook"), chosen: found }] : [];
  return [{ key: keyOf(undefined), name: t("object.drawn"), chosen: undefined }, ...typical, ...read];
}

function keyOf(chosen: Look["objects"][number] | undefined): string {
  if (!chosen) return "seed";
  return "cluster" in chosen ? `cluster:${chosen.cluster}` : "photo";
}

customElements.define("up-look-strip", LookStrip);

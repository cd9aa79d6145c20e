/** The styles that a scene can take, as a strip of pictures, and a slider between two of them. */
import { css, html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { language, t } from "../i18n/language.js";
import { PLAIN_LOOK, type Look, type SceneStyle } from "../state/look.js";
import { recordLook, showLook } from "../state/look-commands.js";
import type { Studio } from "../state/studio.js";
import type { StudioState } from "../state/studio-state.js";
import { glyph } from "./glyph.js";
import { roveWithKeys } from "./roving.js";
import { stripStyles, tileStyles } from "./strip-styles.js";
import { StudioElement } from "./studio-element.js";
import { styleOfPhoto, type StyleShelf } from "./style-shelf.js";
import { base, buttons } from "./styles.js";

/** A style to choose. */
interface Choice {
  readonly key: string;
  readonly style: SceneStyle;
  readonly name: string;
  readonly face: TemplateResult;
  /** Id of a photo that can be removed. */
  readonly photo?: string;
}

/** The two ends of a mixed style, or one style twice. */
interface Ends {
  readonly from: SceneStyle;
  readonly to: SceneStyle | undefined;
  readonly share: number;
}

/**
 * `<up-style-strip>`: chooses the style of `studio`'s scene. Emits `style-add` when a photo is to be added.
 *
 * Set `state` to draw again.
 */
export class StyleStrip extends StudioElement {
  static override readonly properties = {
    studio: { attribute: false },
    shelf: { attribute: false },
    state: { attribute: false },
    reading: { type: Boolean },
  };

  static override readonly styles = [
    base,
    buttons,
    tileStyles,
    stripStyles,
    css`
      .mix {
        display: flex;
        align-items: center;
        gap: 8px 12px;
        flex: none;
      }
      .mix input {
        width: 160px;
      }
      .sides {
        display: flex;
        align-items: center;
        gap: 8px;
        font-size: 12px;
        color: var(--soft);
      }
      .reading {
        flex: none;
        font-size: 12px;
        color: var(--soft);
      }
      @media (max-width: 599px) {
        :host {
          --tile: 56px;
          flex-direction: column;
          align-items: stretch;
          gap: 0;
          padding: 0 8px 4px;
          overflow-x: visible;
        }
        .scroller {
          overflow-x: auto;
        }
        .mix {
          flex-wrap: wrap;
          padding: 0 4px;
        }
        .mix input {
          flex: 1 1 120px;
          width: auto;
        }
      }
    `,
  ];

  declare studio: Studio | undefined;
  declare shelf: StyleShelf | undefined;
  declare state: Readonly<StudioState> | undefined;
  declare reading: boolean;
  /** The look before a slider was touched. */
  private untouched: Look | undefined;

  constructor() {
    super();
    this.reading = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { studio, shelf, state } = this;
    if (!studio || !shelf || !state) return nothing;
    const ends = endsOf(state.look.style);
    const choices = this.choices(shelf, ends);
    const chosen = keyOf(ends.from);
    const entry = choices.some(({ key }) => key === chosen) ? chosen : choices[0]?.key;
    return html`<div class="scroller">
        <div class="tiles" role="group" aria-label=${t("style.region")} @keydown=${this.onKey}>
          ${repeat(
            choices,
            ({ key }) => key,
            (choice) => this.tile(choice, choice.key === chosen, choice.key === entry),
          )}
          <div class="tile">
            <button class="face" @click=${() => this.roll(ends)} title=${t("style.roll")} aria-label=${t("style.roll")}>
              ${glyph("dice")}
            </button>
          </div>
          ${
            state.model?.hasEncoder === true
              ? html`<div class="tile">
                  <button
                    class="face"
                    @click=${() => this.emit("style-add", undefined)}
                    title=${t("style.add")}
                    aria-label=${t("style.add")}
                  >
                    ${glyph("plus")}
                  </button>
                </div>`
              : nothing
          }
        </div>
      </div>
      ${this.mix(choices, ends)}
      <span class="reading" role="status">${this.reading ? t("style.reading") : ""}</span>`;
  }

  private tile(choice: Choice, isChosen: boolean, isEntry: boolean): TemplateResult {
    const { name, face, photo, style } = choice;
    return html`<div class="tile">
      <button
        class="face"
        aria-pressed=${isChosen}
        aria-label=${name}
        title=${name}
        tabindex=${isEntry ? 0 : -1}
        data-style=${choice.key}
        @click=${() => this.choose({ ...endsOf(this.look.style), from: style })}
      >
        ${face}
      </button>
      <span class="name" aria-hidden="true">${name}</span>
      ${
        photo === undefined
          ? nothing
          : html`<button
              class="remove"
              aria-label=${t("style.remove", { name })}
              title=${t("style.remove", { name })}
              @click=${() => void this.shelf?.removePhoto(photo)}
            >
              ${glyph("close")}
            </button>`
      }
    </div>`;
  }

  /** A second style and how much of it. */
  private mix(choices: readonly Choice[], ends: Ends): TemplateResult {
    const [from, to] = [keyOf(ends.from), ends.to && keyOf(ends.to)];
    const other = choices.find(({ key }) => key === to);
    const percent = Math.round(100 * ends.share);
    const select = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      const style = choices.find(({ key }) => key === value)?.style;
      this.choose({ from: ends.from, to: style, share: ends.to ? ends.share : 0.5 });
    };
    return html`<div class="mix">
      <label class="field"
        >${t("style.mixWith")}
        <select @change=${select} data-mix>
          <option value="" ?selected=${to === undefined}>${t("style.mixNone")}</option>
          ${choices.map(
            ({ key, name }) =>
              html`<option value=${key} ?selected=${key === to} ?disabled=${key === from}>${name}</option>`,
          )}
        </select></label
      >
      ${
        ends.to === undefined
          ? nothing
          : html`<input
              type="range"
              min="0"
              max="100"
              .value=${String(percent)}
              aria-label=${t("style.share", { name: other?.name ?? t("style.mixed") })}
              aria-valuetext=${t("style.shareValue", { percent })}
              @input=${(event: Event) => this.slide(ends, (event.target as HTMLInputElement).valueAsNumber / 100)}
              @change=${() => this.slid()}
            />`
      }
    </div>`;
  }

  private choices(shelf: StyleShelf, ends: Ends): readonly Choice[] {
    const choices: Choice[] = [
      { key: "seed", style: PLAIN_LOOK.style, name: t("style.seed"), face: glyph("seed") },
      ...shelf.listed.map(({ file, name, nameZh, address }) => ({
        key: `listed:${file}`,
        style: { kind: "listed", file } as const,
        name: language() === "zh" ? (nameZh ?? name) : name,
        face: html`<img src=${address} alt="" loading="lazy" />`,
      })),
      ...shelf.photos.map((photo, index) => ({
        key: `photo:${photo.id}`,
        style: styleOfPhoto(photo),
        name: photo.name || t("style.photo", { number: index + 1 }),
        face: html`<up-thumbnail .image=${photo.thumbnail}></up-thumbnail>`,
        photo: photo.id,
      })),
    ];
    // What a scene has and nothing offers: random ones, removed photos, what a link brought.
    for (const style of [ends.from, ends.to]) {
      if (style && !choices.some(({ key }) => key === keyOf(style))) choices.push(choiceOf(style));
    }
    return choices;
  }

  private get look(): Look {
    return this.studio?.state.look ?? PLAIN_LOOK;
  }

  private choose(ends: Ends): void {
    const { studio } = this;
    if (!studio) return;
    const before = studio.state.look;
    showLook(studio, { ...before, style: styleOf(ends) });
    recordLook(studio, before, "style");
  }

  private roll({ to, share }: Ends): void {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.choose({ from: { kind: "random", seed: seed % 1_000_000 }, to, share });
  }

  private slide(ends: Ends, share: number): void {
    const { studio } = this;
    if (!studio) return;
    this.untouched ??= studio.state.look;
    showLook(studio, { ...studio.state.look, style: styleOf({ ...ends, share }) });
  }

  private slid(): void {
    const { studio, untouched } = this;
    this.untouched = undefined;
    if (studio && untouched) recordLook(studio, untouched, "style");
  }

  private onKey(event: KeyboardEvent): void {
    const faces = [...this.renderRoot.querySelectorAll<HTMLElement>("button[data-style]")];
    if (faces.includes(event.target as HTMLElement)) roveWithKeys(event, faces);
  }
}

function endsOf(style: SceneStyle): Ends {
  if (style.kind === "between") return { from: style.from, to: style.to, share: style.share };
  return { from: style, to: undefined, share: 0.5 };
}

/** Two styles that are the same are one. */
function styleOf({ from, to, share }: Ends): SceneStyle {
  return to === undefined || keyOf(to) === keyOf(from) ? from : { kind: "between", from, to, share };
}

/** Names a style among those that are offered. */
function keyOf(style: SceneStyle): string {
  switch (style.kind) {
    case "seed":
      return "seed";
    case "random":
      return `random:${style.seed}`;
    case "listed":
      return `listed:${style.file}`;
    case "photo":
      return `photo:${style.id}`;
    default:
      return JSON.stringify(style);
  }
}

function choiceOf(style: SceneStyle): Choice {
  const name = style.kind === "random" ? t("style.random", { seed: style.seed }) : t("style.latent");
  return { key: keyOf(style), style, name, face: glyph(style.kind === "random" ? "dice" : "link") };
}

customElements.define("up-style-strip", StyleStrip);

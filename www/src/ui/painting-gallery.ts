/** The paintings that this browser keeps: to open, name, delete, and to begin another. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import type { ListedPainting } from "../state/painting-keeper.js";
import { formatWhen } from "./format.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What the gallery shows. */
export interface GalleryContent {
  readonly paintings: readonly ListedPainting[];
  /** The `paintingKey` of the model in use: its own paintings need no word about the model. */
  readonly modelKey: string;
  /** Why there is no list; undefined where there is one. */
  readonly problem: string | undefined;
  /** The name of what was deleted last, as long as it can be brought back. */
  readonly deleted: string | undefined;
}

/** A painting's new name. */
export interface NamedPainting {
  readonly id: string;
  readonly name: string;
}

/** What a painting is called. */
export function paintingName(name: string): string {
  return name || t("paintings.untitled");
}

/**
 * `<up-painting-gallery>`: shows `content`; emits `painting-new`, `painting-open` (id), `painting-rename`
 * (`NamedPainting`), `painting-delete` (id) and `painting-restore`.
 */
export class PaintingGallery extends StudioElement {
  static override readonly properties = { content: { attribute: false }, renaming: { state: true } };

  static override readonly styles = [
    base,
    buttons,
    css`
      .hint {
        color: var(--soft);
      }
      .deleted {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 12px;
        margin-top: 12px;
        padding: 4px 4px 4px 14px;
        border-radius: var(--radius);
        background: var(--accent-wash);
      }
      .problem {
        display: flex;
        gap: 10px;
        margin-top: 12px;
        color: var(--danger);
        overflow-wrap: anywhere;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(168px, 42%), 1fr));
        gap: 12px;
        margin: 16px 0 0;
        padding: 0;
        list-style: none;
      }
      li {
        position: relative;
        min-width: 0;
        border-radius: var(--radius);
      }
      li[data-shown] {
        background: var(--accent-wash);
      }
      button.open {
        flex-direction: column;
        align-items: stretch;
        gap: 8px;
        width: 100%;
        padding: 6px 6px 0;
        border-radius: var(--radius) var(--radius) 0 0;
        text-align: start;
      }
      button.open:hover {
        background: transparent;
      }
      li:hover:not([data-shown]) {
        background: var(--hover);
      }
      button.new {
        justify-content: start;
        height: 100%;
        padding-bottom: 8px;
        border-radius: var(--radius);
      }
      up-thumbnail,
      .blank {
        aspect-ratio: 1;
        border-radius: 6px;
      }
      .blank {
        display: grid;
        place-items: center;
        border: 2px dashed var(--strong);
        color: var(--soft);
      }
      .blank svg {
        width: 28px;
        height: 28px;
      }
      .new > span:last-child {
        text-align: center;
      }
      .about {
        display: flex;
        align-items: center;
        gap: 4px;
        min-height: var(--target);
        padding: 0 4px 4px 8px;
      }
      .words {
        flex: 1;
        min-width: 0;
      }
      .words > * {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      strong {
        font-weight: 600;
      }
      small {
        font-size: 12px;
        color: var(--soft);
      }
      /* Soft letters on a tinted card would have too little contrast. */
      li[data-shown] small,
      li:hover small {
        color: inherit;
      }
      .about button {
        --target: 36px;
        color: var(--soft);
      }
      li[data-shown] .about button,
      li:hover .about button {
        color: inherit;
      }
      @media (pointer: coarse) {
        .about button {
          --target: 40px;
        }
        .about {
          flex-wrap: wrap;
          justify-content: end;
          gap: 0;
          padding-bottom: 0;
        }
        .words {
          flex: 1 0 100%;
        }
      }
      input {
        width: 100%;
        min-height: 36px;
        padding: 0 8px;
        border: 1px solid var(--strong);
        border-radius: var(--radius-small);
        background: var(--paper);
        color: inherit;
        font: inherit;
        font-size: max(16px, 1em);
      }
      form {
        flex: 1;
        min-width: 0;
      }
    `,
  ];

  declare content: GalleryContent | undefined;
  /** The painting whose name is being typed. */
  declare private renaming: string | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { content } = this;
    if (!content) return nothing;
    const { paintings, problem, deleted } = content;
    return html`<p class="hint">${t("paintings.hint")}</p>
      <div role="status">
        ${
          deleted === undefined
            ? nothing
            : html`<div class="deleted">
                <span>${t("paintings.deleted", { name: paintingName(deleted) })}</span>
                <button @click=${() => this.emit("painting-restore", undefined)}>
                  ${glyph("undo")}${t("paintings.restore")}
                </button>
              </div>`
        }
      </div>
      ${
        problem === undefined
          ? nothing
          : html`<p class="problem" role="alert">${glyph("alert")}${t("paintings.failed", { reason: problem })}</p>`
      }
      <ul>
        <li>
          <button class="open new" data-painting="new" @click=${() => this.emit("painting-new", undefined)}>
            <span class="blank">${glyph("plus")}</span><span>${t("action.newPainting")}</span>
          </button>
        </li>
        ${
          // By their keys: the order may change under a pointer, and what is pressed must stay what it was.
          repeat(
            paintings,
            ({ id }) => id,
            (painting) => this.painting(painting, content.modelKey),
          )
        }
      </ul>`;
  }

  protected override updated(changed: PropertyValues<{ content: GalleryContent; renaming: string }>): void {
    if (changed.has("renaming")) {
      const input = this.renderRoot.querySelector("input");
      input?.focus();
      input?.select();
    }
    // What was deleted had the focus.
    const before = changed.get("content")?.deleted;
    if (changed.has("content") && before === undefined && this.content?.deleted !== undefined) {
      this.renderRoot.querySelector<HTMLElement>(".deleted button")?.focus();
    }
  }

  private painting(painting: ListedPainting, modelKey: string): TemplateResult {
    const { id, thumbnail, isShown } = painting;
    const name = paintingName(painting.name);
    return html`<li ?data-shown=${isShown} data-painting=${id}>
      <button
        class="open"
        aria-label=${t("paintings.open", { name: `${name}, ${this.words(painting, modelKey)}` })}
        aria-current=${isShown ? "true" : nothing}
        @click=${() => this.emit("painting-open", id)}
      >
        <up-thumbnail .image=${thumbnail}></up-thumbnail>
      </button>
      <div class="about">
        ${
          this.renaming === id
            ? this.nameForm(painting)
            : html`<div class="words">
                  <strong title=${name}>${name}</strong><small>${this.words(painting, modelKey)}</small>
                </div>
                ${
                  painting.isKept
                    ? this.action("rename", t("paintings.renameOne", { name }), () => (this.renaming = id))
                    : nothing
                }
                ${
                  painting.isOpenElsewhere || !painting.isKept
                    ? nothing
                    : this.action("delete", t("paintings.deleteOne", { name }), () => this.emit("painting-delete", id))
                }`
        }
      </div>
    </li>`;
  }

  private action(icon: "rename" | "delete", label: string, act: () => void): TemplateResult {
    return html`<button class="icon" aria-label=${label} title=${t(`action.${icon}`)} @click=${act}>
      ${glyph(icon)}
    </button>`;
  }

  private nameForm({ id, name }: ListedPainting): TemplateResult {
    const done = (event: Event): void => {
      event.preventDefault();
      const input = this.renderRoot.querySelector("input");
      if (this.renaming !== id || !input) return;
      this.renaming = undefined;
      if (input.value.trim() !== name) this.emit<NamedPainting>("painting-rename", { id, name: input.value });
    };
    return html`<form @submit=${done}>
      <input
        .value=${name}
        maxlength="80"
        autocomplete="off"
        spellcheck="false"
        aria-label=${t("paintings.name")}
        placeholder=${t("paintings.untitled")}
        @blur=${done}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key !== "Escape") return;
          // Not the dialog, only the name.
          event.preventDefault();
          event.stopPropagation();
          this.renaming = undefined;
        }}
      />
    </form>`;
  }

  private words(
    { isShown, isOpenElsewhere, isKept, savedAt, model, modelKey }: ListedPainting,
    shownKey: string,
  ): string {
    if (isShown) return t("paintings.shown");
    if (isOpenElsewhere) return t("paintings.elsewhere");
    if (!isKept) return t("paintings.unsaved");
    const when = formatWhen(savedAt, language());
    if (modelKey === shownKey || !model) return when;
    return `${when} · ${t("paintings.otherModel", { name: translatedName(model.name, language()) })}`;
  }
}

customElements.define("up-painting-gallery", PaintingGallery);

/** Models to choose from: those served beside the page, an address, a folder or files of one's own. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import type { KeptModel } from "../state/kept-models.js";
import { fetchSummary, type CatalogModel, type ModelSummary } from "./catalog.js";
import { formatBytes } from "./format.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** `<up-model-picker>`: emits `model-pick` (id), `model-address` (URL), `model-local` (`folder` or `files`), and of models that are kept on this computer `model-kept`, `model-save` and `model-remove` (id). */
export class ModelPicker extends StudioElement {
  static override readonly properties = {
    models: { attribute: false },
    kept: { attribute: false },
    current: {},
    summaries: { state: true },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      h3 {
        margin: 8px 0 8px;
        font: 600 13px/1.4 var(--sans);
        color: var(--soft);
      }
      ul {
        display: grid;
        gap: 4px;
        margin: 0 -8px 20px;
        padding: 0;
        list-style: none;
      }
      button.model {
        width: 100%;
        min-height: 72px;
        justify-content: start;
        gap: 14px;
        padding: 8px;
        text-align: start;
        border-radius: var(--radius);
      }
      button.model[aria-current="true"] {
        background: var(--accent-wash);
      }
      img,
      .thumbnail {
        width: 56px;
        height: 56px;
        flex: none;
        border-radius: 6px;
        background: var(--pressed);
      }
      .thumbnail {
        display: grid;
        place-items: center;
        color: var(--soft);
      }
      strong {
        display: block;
        font-weight: 600;
      }
      small {
        font-size: 12px;
        color: var(--soft);
      }
      /* Soft letters on a tinted row would have too little contrast. */
      button.model[aria-current="true"] small,
      button.model:hover small {
        color: inherit;
      }
      .tick {
        margin-inline-start: auto;
        padding-inline-end: 8px;
        color: var(--accent-text);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      form {
        margin-bottom: 12px;
      }
      label {
        display: block;
        margin-bottom: 4px;
        font-size: 13px;
      }
      input[type="url"] {
        flex: 1 1 200px;
        min-width: 0;
        min-height: var(--target);
        padding: 0 12px;
        border: 1px solid var(--strong);
        border-radius: var(--radius-small);
        background: var(--paper);
        color: inherit;
        font: inherit;
        font-size: max(16px, 1em);
      }
      li.kept {
        display: flex;
        align-items: center;
        gap: 2px;
      }
      li.kept .model {
        flex: 1 1 auto;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      p.none {
        margin: 0 0 20px;
      }
      p {
        margin-top: 12px;
        font-size: 13px;
        color: var(--soft);
      }
    `,
  ];

  declare models: readonly CatalogModel[];
  declare kept: readonly KeptModel[];
  declare current: string;
  declare private summaries: ReadonlyMap<string, ModelSummary>;

  constructor() {
    super();
    this.models = [];
    this.kept = [];
    this.current = "";
    this.summaries = new Map();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("models")) void this.summarise();
  }

  protected override render(): TemplateResult {
    return html`<h3>${t("model.served")}</h3>
      ${
        this.models.length > 0
          ? html`<ul>
              ${this.models.map((model) => this.model(model))}
            </ul>`
          : html`<p class="none">${t("model.none")}</p>`
      }
      ${
        this.kept.length > 0
          ? html`<h3>${t("model.kept")}</h3>
              <ul data-kept-models>
                ${this.kept.map((model) => this.keptModel(model))}
              </ul>`
          : nothing
      }
      <h3>${t("model.own")}</h3>
      <form @submit=${this.onAddress}>
        <label for="address">${t("model.address")}</label>
        <div class="row">
          <input
            id="address"
            type="url"
            name="address"
            required
            placeholder=${t("model.addressHint")}
            spellcheck="false"
          />
          <button class="outline">${t("model.load")}</button>
        </div>
      </form>
      <div class="row">
        <button class="outline" @click=${() => this.emit("model-local", "folder")}>
          ${glyph("folder")}${t("model.folder")}
        </button>
        <button class="outline" @click=${() => this.emit("model-local", "files")}>
          ${glyph("file")}${t("model.files")}
        </button>
      </div>
      <p>${t("model.drop")}</p>`;
  }

  private model(model: CatalogModel): TemplateResult {
    const [thumbnail] = model.scenes;
    const chosen = model.id === this.current;
    return html`<li>
      <button
        class="model"
        data-model=${model.id}
        aria-current=${chosen ? "true" : nothing}
        @click=${() => this.emit("model-pick", model.id)}
      >
        ${thumbnail ? html`<img src=${thumbnail} alt="" />` : html`<span class="thumbnail">${glyph("package")}</span>`}
        <span><strong>${translatedName(model.name, language())}</strong><small>${this.words(model.id)}</small></span>
        ${chosen ? html`<span class="tick" title=${t("model.current")}>${glyph("check")}</span>` : nothing}
      </button>
    </li>`;
  }

  private keptModel({ id, name, bytes }: KeptModel): TemplateResult {
    const chosen = id === this.current;
    return html`<li class="kept">
      <button
        class="model"
        data-kept=${id}
        aria-current=${chosen ? "true" : nothing}
        @click=${() => this.emit("model-kept", id)}
      >
        <span class="thumbnail">${glyph("package")}</span>
        <span><strong>${name}</strong><small>${formatBytes(bytes)}</small></span>
        ${chosen ? html`<span class="tick" title=${t("model.current")}>${glyph("check")}</span>` : nothing}
      </button>
      <button
        class="icon"
        aria-label=${t("model.saveKept", { name })}
        title=${t("model.saveKept", { name })}
        @click=${() => this.emit("model-save", id)}
      >
        ${glyph("save")}
      </button>
      <button
        class="icon"
        aria-label=${t("model.removeKept", { name })}
        title=${t("model.removeKept", { name })}
        @click=${() => this.emit("model-remove", id)}
      >
        ${glyph("delete")}
      </button>
    </li>`;
  }

  private words(id: string): string {
    const summary = this.summaries.get(id);
    if (!summary) return "";
    const { kind, labels, width, height, bytes } = summary;
    return `${t(`model.kind.${kind}`, { count: labels, width, height })} · ${formatBytes(bytes)}`;
  }

  private async summarise(): Promise<void> {
    const found = await Promise.all(this.models.map(async (model) => [model.id, await fetchSummary(model)] as const));
    this.summaries = new Map(found.flatMap(([id, summary]) => (summary ? [[id, summary] as const] : [])));
  }

  private onAddress(event: SubmitEvent): void {
    event.preventDefault();
    const input = this.renderRoot.querySelector<HTMLInputElement>('input[type="url"]');
    if (input?.value) this.emit("model-address", input.value);
  }
}

customElements.define("up-model-picker", ModelPicker);

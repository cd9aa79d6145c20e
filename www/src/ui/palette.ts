/** The labels to paint with: colour, name and key, as one group of radio buttons. */
import { css, html, type PropertyValues, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import { cssVars } from "./css-vars.js";
import { paletteGrid, type PaletteGrid } from "./palette-grid.js";
import { roveWithKeys } from "./roving.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** A label as the palette shows it. */
export interface PaletteEntry {
  readonly id: number;
  /** As the manifest names it; shown in the page's language where that is known. */
  readonly name: string;
  /** sRGB bytes. */
  readonly color: readonly [number, number, number];
  /** Key that picks it, as people read it; empty for none. */
  readonly key: string;
}

/** `<up-palette>`: emits `label-pick` with the label's id. */
export class Palette extends StudioElement {
  static override readonly properties = {
    labels: { attribute: false },
    active: { type: Number },
    grid: { state: true },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
        overflow: auto hidden;
        overscroll-behavior-x: contain;
        scrollbar-width: none;
        container-type: inline-size;
      }
      [role="radiogroup"] {
        display: grid;
        gap: 2px 4px;
        padding: 6px var(--palette-inset, 12px) 6px;
        grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
        max-width: calc(var(--columns) * 112px);
        margin-inline: auto;
      }
      [role="radiogroup"][data-scrolls] {
        width: max-content;
        max-width: none;
        margin-inline: 0;
        grid-auto-flow: column;
        grid-template-columns: none;
        grid-template-rows: repeat(var(--rows), auto);
        grid-auto-columns: 68px;
      }
      button {
        position: relative;
        flex-direction: column;
        gap: 5px;
        width: 100%;
        min-width: 0;
        min-height: 56px;
        padding: 6px 2px 4px;
        justify-content: end;
        color: var(--soft);
      }
      .swatch {
        position: relative;
        width: min(100%, 64px);
        height: 28px;
        border-radius: 5px;
        background: var(--swatch);
        forced-color-adjust: none;
        box-shadow: inset 0 0 0 1px light-dark(rgb(29 26 22 / 0.16), rgb(255 255 255 / 0.16));
        transition:
          height var(--quick),
          box-shadow var(--quick);
      }
      .name {
        max-width: 100%;
        padding-inline: 2px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-size: 12px;
        line-height: 1.25;
      }
      kbd {
        position: absolute;
        right: 3px;
        top: 3px;
        min-width: 14px;
        padding: 2px 3px;
        border-radius: 3px;
        background: rgb(29 26 22 / 0.72);
        color: #fffdf8;
        font: 600 9px/1 var(--sans);
        text-align: center;
      }
      button:hover {
        color: var(--ink);
      }
      button[aria-checked="true"] {
        color: var(--ink);
        font-weight: 600;
        background: var(--raised);
        box-shadow: inset 0 0 0 1px var(--line);
      }
      button[aria-checked="true"]::after {
        content: "";
        position: absolute;
        inset: auto 25% -1px;
        height: 3px;
        border-radius: 3px 3px 0 0;
        background: var(--accent);
      }
      button[aria-checked="true"] .swatch {
        height: 30px;
      }
      @media (pointer: coarse) {
        kbd {
          display: none;
        }
      }
      @media (max-width: 599px), (max-height: 479px) {
        .name {
          font-size: 11.5px;
        }
      }
    `,
  ];

  declare labels: readonly PaletteEntry[];
  declare active: number;
  declare private grid: PaletteGrid;
  private readonly observer = new ResizeObserver(() => this.layOut());

  constructor() {
    super();
    this.labels = [];
    this.active = 0;
    this.grid = { columns: 1, rows: 1, scrolls: false };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  protected override render(): TemplateResult {
    const { columns, rows, scrolls } = this.grid;
    return html`<div
      role="radiogroup"
      aria-label=${t("region.palette")}
      ?data-scrolls=${scrolls}
      ${cssVars({ "--columns": columns, "--rows": rows })}
      @keydown=${this.onKey}
    >
      ${this.labels.map((label) => this.label(label))}
    </div>`;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("labels")) this.layOut();
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("active") || !this.grid.scrolls) return;
    const chosen = this.renderRoot.querySelector<HTMLElement>('[aria-checked="true"]');
    if (!chosen) return;
    const left = chosen.offsetLeft + chosen.offsetWidth / 2 - this.clientWidth / 2;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scrollTo({ left, behavior: still ? "instant" : "smooth" });
  }

  private label(label: PaletteEntry): TemplateResult {
    const chosen = label.id === this.active;
    const name = translatedName(label.name, language());
    const spoken = label.key ? t("palette.key", { name, key: label.key }) : name;
    return html`<button
      role="radio"
      aria-checked=${chosen}
      aria-label=${spoken}
      title=${label.key ? `${name} (${label.key})` : name}
      tabindex=${chosen ? 0 : -1}
      data-label=${label.id}
      @click=${() => this.emit("label-pick", label.id)}
    >
      <span class="swatch" ${cssVars({ "--swatch": `rgb(${label.color.join(" ")})` })}>
        ${label.key ? html`<kbd aria-hidden="true">${label.key}</kbd>` : ""}
      </span>
      <span class="name">${name}</span>
    </button>`;
  }

  private layOut(): void {
    const next = paletteGrid(this.labels.length, this.clientWidth, window.innerHeight);
    const same =
      next.columns === this.grid.columns && next.rows === this.grid.rows && next.scrolls === this.grid.scrolls;
    if (!same) this.grid = next;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("button")]);
  }
}

customElements.define("up-palette", Palette);

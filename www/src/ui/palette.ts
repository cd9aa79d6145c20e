/** The labels to paint with: colour, name and key, as one group of radio buttons. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import { cssVars } from "./css-vars.js";
import { searchedLabels } from "./label-search.js";
import { paletteGrid, type PaletteGrid } from "./palette-grid.js";
import { scrollToSee, searchField } from "./palette-search.js";
import { paletteListStyles, paletteStyles } from "./palette-styles.js";
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

/** CSS pixels that a line of the wheel moves the strip. */
const WHEEL_LINE = 32;

/** `<up-palette>`: emits `label-pick` with the label's id. */
export class Palette extends StudioElement {
  static override readonly properties = {
    labels: { attribute: false },
    active: { type: Number },
    grid: { state: true },
    query: { state: true },
  };

  static override readonly styles = [base, buttons, paletteStyles, paletteListStyles];

  declare labels: readonly PaletteEntry[];
  declare active: number;
  declare private grid: PaletteGrid;
  /** What is searched for; empty for nothing. */
  declare private query: string;
  private readonly observer = new ResizeObserver(() => this.layOut());

  constructor() {
    super();
    this.labels = [];
    this.active = 0;
    this.grid = { kind: "rows", columns: 1, rows: 1 };
    this.query = "";
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
    if (this.grid.kind === "list") return this.list();
    return html`<div class=${this.grid.kind} @wheel=${this.onWheel}>${this.group(this.labels)}</div>`;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("labels")) return;
    this.query = "";
    this.layOut();
  }

  protected override updated(changed: PropertyValues): void {
    if (!["active", "grid", "query"].some((name) => changed.has(name))) return;
    const chosen = this.renderRoot.querySelector<HTMLElement>('[aria-checked="true"]');
    const box = this.renderRoot.querySelector<HTMLElement>(".strip, .shown");
    if (chosen && box) scrollToSee(box, chosen);
  }

  private list(): TemplateResult {
    const found = this.found();
    const chosen = this.labels.find(({ id }) => id === this.active);
    const text = { find: t("palette.find"), clear: t("palette.clear") };
    const count = this.query === "" ? "" : t("palette.count", { count: found.length });
    return html`<div class="list">
      <div class="find">
        ${searchField(this.query, text, {
          search: (query) => (this.query = query),
          pickBest: () => void this.pickBest(),
          enterLabels: () => this.renderRoot.querySelector<HTMLElement>('[role="radio"][tabindex="0"]')?.focus(),
        })}
        ${
          chosen === undefined
            ? nothing
            : html`<div class="chosen" aria-hidden="true">
                ${swatch(chosen, nothing)}<span class="name">${shownName(chosen)}</span>
              </div>`
        }
        <span class="sr-only" role="status">${count}</span>
      </div>
      <div class="shown">
        ${found.length > 0 ? this.group(found) : html`<p class="nothing">${t("palette.none", { query: this.query })}</p>`}
      </div>
    </div>`;
  }

  private group(labels: readonly PaletteEntry[]): TemplateResult {
    const { columns, rows } = this.grid;
    // Where the chosen label is not shown, Tab leads to the first that is.
    const entry = labels.some(({ id }) => id === this.active) ? this.active : labels[0]?.id;
    return html`<div
      role="radiogroup"
      aria-label=${t("region.palette")}
      ${cssVars({ "--columns": columns, "--rows": rows })}
      @keydown=${this.onKey}
    >
      ${labels.map((label) => this.label(label, label.id === entry))}
    </div>`;
  }

  private label(label: PaletteEntry, isEntry: boolean): TemplateResult {
    const name = shownName(label);
    const spoken = label.key ? t("palette.key", { name, key: label.key }) : name;
    return html`<button
      role="radio"
      aria-checked=${label.id === this.active}
      aria-label=${spoken}
      title=${label.key ? `${name} (${label.key})` : name}
      tabindex=${isEntry ? 0 : -1}
      data-label=${label.id}
      @click=${() => this.emit("label-pick", label.id)}
    >
      ${swatch(label, label.key ? html`<kbd aria-hidden="true">${label.key}</kbd>` : nothing)}
      <span class="name">${name}</span>
    </button>`;
  }

  private found(): readonly PaletteEntry[] {
    return searchedLabels(this.labels, this.query, shownName);
  }

  /** Takes the first label found, shows all of them again, and leaves the focus with it. */
  private async pickBest(): Promise<void> {
    const [best] = this.found();
    if (this.query === "" || best === undefined) return;
    this.query = "";
    this.emit("label-pick", best.id);
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-label="${best.id}"]`)?.focus({ preventScroll: true });
  }

  private layOut(): void {
    const next = paletteGrid(this.labels.length, this.clientWidth, window.innerHeight);
    const same = next.columns === this.grid.columns && next.rows === this.grid.rows && next.kind === this.grid.kind;
    if (!same) this.grid = next;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>('[role="radio"]')]);
  }

  /** A mouse's wheel moves the strip, which goes sideways only. */
  private onWheel(event: WheelEvent): void {
    const { currentTarget, deltaX, deltaY, deltaMode, ctrlKey } = event;
    if (this.grid.kind !== "strip" || ctrlKey || Math.abs(deltaX) > Math.abs(deltaY)) return;
    if (!(currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    currentTarget.scrollLeft += deltaY * (deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE);
  }
}

function shownName(label: PaletteEntry): string {
  return translatedName(label.name, language());
}

function swatch(label: PaletteEntry, content: TemplateResult | typeof nothing): TemplateResult {
  return html`<span class="swatch" ${cssVars({ "--swatch": `rgb(${label.color.join(" ")})` })}>${content}</span>`;
}

customElements.define("up-palette", Palette);

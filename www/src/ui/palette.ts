/**
 * The labels to paint with: all of them as one group of radio buttons where they fit; else a list with a search, kinds to
 * go to, and favourites and recent labels at hand.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { shortcutKeys } from "../tools/shortcuts.js";
import { cssVars } from "./css-vars.js";
import { glyph } from "./glyph.js";
import { labelSections, type LabelSection } from "./label-groups.js";
import { searchedLabels } from "./label-search.js";
import { paletteGrid, type PaletteGrid } from "./palette-grid.js";
import {
  jumpRow,
  labelButton,
  labelSectionList,
  quickRow,
  shownName,
  swatch,
  type LabelContext,
  type PaletteEntry,
} from "./palette-parts.js";
import { scrollToSee, searchField } from "./palette-search.js";
import { paletteStyles } from "./palette-styles.js";
import { paletteListStyles } from "./palette-list-styles.js";
import { roveWithKeys } from "./roving.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** CSS pixels that a line of the wheel moves the strip. */
const WHEEL_LINE = 32;

/** `<up-palette>`: emits `label-pick` and `label-favourite` with the label's id. */
export class Palette extends StudioElement {
  static override readonly properties = {
    labels: { attribute: false },
    quick: { attribute: false },
    active: { type: Number },
    grid: { state: true },
    query: { state: true },
    section: { state: true },
    isOpen: { state: true },
  };

  static override readonly styles = [base, buttons, paletteStyles, paletteListStyles];

  declare labels: readonly PaletteEntry[];
  /** Ids of the labels at hand, in the order of their keys. */
  declare quick: readonly number[];
  declare active: number;
  declare private grid: PaletteGrid;
  /** What is searched for; empty for nothing. */
  declare private query: string;
  /** Which section of the list is in sight. */
  declare private section: number;
  /** Whether the list is drawn up over the stage. */
  declare private isOpen: boolean;
  private sections: readonly LabelSection<PaletteEntry>[] = [];
  private readonly observer = new ResizeObserver(() => this.layOut());
  private readonly closeOutside = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.isOpen = false;
  };

  constructor() {
    super();
    this.labels = [];
    this.quick = [];
    this.active = 0;
    this.grid = { kind: "rows", columns: 1, rows: 1 };
    this.query = "";
    this.section = 0;
    this.isOpen = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
    window.addEventListener("pointerdown", this.closeOutside, { capture: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
    window.removeEventListener("pointerdown", this.closeOutside, { capture: true });
  }

  /** Puts the cursor into the search field; false where there is none. */
  focusSearch(): boolean {
    const field = this.renderRoot.querySelector("input");
    field?.focus();
    field?.select();
    return field !== null;
  }

  protected override render(): TemplateResult {
    if (this.grid.kind === "list") return this.list();
    const context = this.context(this.labels);
    return html`<div class=${this.grid.kind} @wheel=${this.onWheel}>
      <div
        role="radiogroup"
        aria-label=${t("region.palette")}
        ${cssVars({ "--columns": this.grid.columns, "--rows": this.grid.rows })}
        @keydown=${this.onKey}
      >
        ${this.labels.map((label) => labelButton(label, "radio", context))}
      </div>
    </div>`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.hold();
    if (!changed.has("labels")) return;
    const before = changed.get("labels");
    this.sections = labelSections(this.labels);
    this.layOut();
    // The same labels with other keys are no reason to look elsewhere.
    if (before?.length === this.labels.length && this.labels.every(({ name }, at) => before[at]?.name === name)) return;
    this.query = "";
    this.section = 0;
    this.isOpen = false;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("section")) this.see(".kinds", '[aria-current="true"]');
    if (changed.has("active") || changed.has("quick")) this.see(".quick", '[aria-pressed="true"]');
    if (!["active", "grid", "query", "isOpen"].some((name) => changed.has(name))) return;
    this.see(".strip, .shown", '[aria-checked="true"], [aria-selected="true"]');
  }

  /** Scrolls a box so far that what is chosen in it is in sight. */
  private see(box: string, item: string): void {
    const outer = this.renderRoot.querySelector<HTMLElement>(box);
    const inner = outer?.querySelector<HTMLElement>(item);
    if (outer && inner) scrollToSee(outer, inner);
  }

  private list(): TemplateResult {
    const isSearching = this.query !== "";
    const found = isSearching ? searchedLabels(this.labels, this.query, shownName) : this.labels;
    const sections = isSearching ? [{ group: "", labels: found }] : this.sections;
    const context = this.context(found);
    const byId = new Map(this.labels.map((label) => [label.id, label]));
    const quick = this.quick.flatMap((id) => byId.get(id) ?? []);
    return html`<div class="list" @keydown=${this.onEscape}>
      <div class="find">
        ${searchField(
          this.query,
          { find: t("palette.find"), clear: t("palette.clear"), key: shortcutKeys("class.find") },
          {
            search: (query) => (this.query = query),
            pickBest: () => void this.pickBest(),
            enterLabels: () => this.renderRoot.querySelector<HTMLElement>('[role="option"][tabindex="0"]')?.focus(),
          },
        )}
        ${this.chosen(byId.get(this.active))}
        <span class="sr-only" role="status">${isSearching ? t("palette.count", { count: found.length }) : ""}</span>
      </div>
      <div class="many">
        <div class="hand">
          ${quickRow(quick, context)}
          <button
            class="icon more"
            aria-label=${t("palette.more")}
            aria-expanded=${this.isOpen}
            title=${t("palette.more")}
            @click=${() => (this.isOpen = !this.isOpen)}
          >
            ${glyph("chevron")}
          </button>
        </div>
        ${jumpRow(this.sections, isSearching ? undefined : this.section, (at) => void this.go(at))}
        <div class="shown" @scroll=${this.onScroll}>
          ${
            found.length > 0
              ? html`<div role="listbox" aria-label=${t("region.palette")} @keydown=${this.onKey}>
                  ${labelSectionList(sections, context)}
                </div>`
              : html`<p class="nothing">${t("palette.none", { query: this.query })}</p>`
          }
        </div>
      </div>
    </div>`;
  }

  /** The label that is chosen, and whether it is a favourite. */
  private chosen(label: PaletteEntry | undefined): TemplateResult | typeof nothing {
    if (label === undefined) return nothing;
    const name = shownName(label);
    return html`<div class="chosen">
      ${swatch(label, nothing)}<span class="name" aria-hidden="true">${name}</span>
      <button
        class="icon favourite"
        aria-pressed=${label.isFavourite === true}
        aria-label=${t("palette.favourite", { name })}
        title=${t("palette.favourite", { name })}
        @click=${() => this.emit("label-favourite", label.id)}
      >
        ${glyph("star")}
      </button>
    </div>`;
  }

  private context(shown: readonly PaletteEntry[]): LabelContext {
    return {
      active: this.active,
      // Where the chosen label is not shown, Tab leads to the first that is.
      entry: shown.some(({ id }) => id === this.active) ? this.active : shown[0]?.id,
      pick: (id, event) => {
        // Who has found a label with a pointer wants to paint; arrow keys, whose clicks have no count, go on looking.
        if (event.detail > 0) this.isOpen = false;
        this.emit("label-pick", id);
      },
    };
  }

  /** Takes the first label found, shows all of them again, and leaves the focus with it. */
  private async pickBest(): Promise<void> {
    const [best] = searchedLabels(this.labels, this.query, shownName);
    if (this.query === "" || best === undefined) return;
    this.query = "";
    this.isOpen = false;
    this.emit("label-pick", best.id);
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-label="${best.id}"]`)?.focus({ preventScroll: true });
  }

  /** Shows a section from its beginning; what was searched for is done with. */
  private async go(section: number): Promise<void> {
    this.query = "";
    await this.updateComplete;
    const box = this.renderRoot.querySelector<HTMLElement>(".shown");
    const target = box?.querySelector<HTMLElement>(`[data-section="${section}"]`);
    if (box && target) box.scrollTop = target.offsetTop;
    this.section = section;
  }

  /** While the list is drawn up, its place below the stage stays as high as it was. */
  private hold(): void {
    if (this.isOpen === this.hasAttribute("data-open")) return;
    this.style.minHeight = this.isOpen ? `${this.clientHeight}px` : "";
    this.toggleAttribute("data-open", this.isOpen);
  }

  private layOut(): void {
    const next = paletteGrid(this.labels.length, this.clientWidth, window.innerHeight);
    const same = next.columns === this.grid.columns && next.rows === this.grid.rows && next.kind === this.grid.kind;
    if (!same) this.grid = next;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Enter") this.isOpen = false;
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("[data-label]")]);
  }

  private onEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.isOpen) return;
    this.isOpen = false;
    event.stopPropagation();
    this.renderRoot.querySelector<HTMLElement>(".more")?.focus();
  }

  /** Marks the section whose labels are at the top of what is seen. */
  private onScroll(event: Event): void {
    const { currentTarget: box } = event;
    if (!(box instanceof HTMLElement)) return;
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 1;
    const sections = [...box.querySelectorAll<HTMLElement>("[data-section]")];
    const top = box.scrollTop + box.clientHeight / 3;
    const begun = sections.filter(({ offsetTop }) => offsetTop <= top).length;
    // The last sections may be too short to come to the top.
    const isChosenInSight = isAtEnd && this.section >= begun;
    if (sections.length > 0 && !isChosenInSight) this.section = Math.max(0, begun - 1);
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

customElements.define("up-palette", Palette);

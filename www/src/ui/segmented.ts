/** A row of icon buttons of which one is chosen. */
import { css, html, type TemplateResult } from "lit";
import { glyph, type GlyphName } from "./glyph.js";
import { roveWithKeys } from "./roving.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** One choice; `label` is shown when the row is not `compact`, and always spoken. */
export interface SegmentedChoice {
  readonly id: string;
  readonly label: string;
  readonly glyph?: GlyphName;
}

/** `<up-segmented label="…">`: emits `choose` with the choice's id. */
export class Segmented extends StudioElement {
  static override readonly properties = {
    label: {},
    choices: { attribute: false },
    chosen: {},
    compact: { type: Boolean, reflect: true },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: inline-block;
      }
      [role="radiogroup"] {
        display: flex;
        padding: 2px;
        gap: 2px;
        border-radius: 8px;
        background: var(--hover);
      }
      button {
        flex: 1 1 auto;
        min-height: calc(var(--target) - 4px);
        min-width: var(--target);
        padding: 0 10px;
        gap: 6px;
        color: var(--soft);
        white-space: nowrap;
      }
      :host([compact]) button {
        padding: 0;
        min-height: 40px;
      }
      button:hover {
        color: var(--ink);
      }
      button[aria-checked="true"] {
        background: light-dark(var(--raised), #4a4136);
        color: var(--ink);
        box-shadow: 0 1px 2px light-dark(rgb(60 42 20 / 0.18), rgb(0 0 0 / 0.5));
      }
    `,
  ];

  declare label: string;
  declare choices: readonly SegmentedChoice[];
  declare chosen: string;
  declare compact: boolean;

  constructor() {
    super();
    this.label = "";
    this.choices = [];
    this.chosen = "";
    this.compact = false;
  }

  protected override render(): TemplateResult {
    return html`<div role="radiogroup" aria-label=${this.label} @keydown=${this.onKey}>
      ${this.choices.map((choice) => this.choice(choice))}
    </div>`;
  }

  private choice(choice: SegmentedChoice): TemplateResult {
    const chosen = choice.id === this.chosen;
    return html`<button
      role="radio"
      aria-checked=${chosen}
      aria-label=${choice.label}
      title=${choice.label}
      tabindex=${chosen ? 0 : -1}
      data-choice=${choice.id}
      @click=${() => this.emit("choose", choice.id)}
    >
      ${choice.glyph ? glyph(choice.glyph) : ""}${this.compact && choice.glyph ? "" : choice.label}
    </button>`;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("button")]);
  }
}

customElements.define("up-segmented", Segmented);

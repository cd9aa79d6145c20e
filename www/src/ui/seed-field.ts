/** The seed: to be read, typed, and copied. */
import { css, html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { MAX_SEED, seedFromText } from "../state/seed.js";
import { StudioElement } from "./studio-element.js";
import { base } from "./styles.js";

/** `<up-seed-field>`: shows `seed`; emits `seed-change` with a number, and `seed-wrong` when what was typed is none. */
export class SeedField extends StudioElement {
  static override readonly properties = { seed: { type: Number }, wrong: { state: true } };

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      input {
        /* As wide as its number where the browser can do that, else as the longest needs it. */
        field-sizing: content;
        width: var(--field-width, 100px);
        min-width: 32px;
        max-width: 100%;
        min-height: var(--field-height, 32px);
        padding: 0 8px;
        border: 1px solid transparent;
        border-radius: var(--radius-small);
        background: transparent;
        color: inherit;
        font: inherit;
        font-variant-numeric: tabular-nums;
        border-color: var(--field-border, transparent);
      }
      @supports (field-sizing: content) {
        input {
          width: var(--field-width, auto);
        }
      }
      input:hover {
        border-color: var(--strong);
      }
      input:focus {
        border-color: var(--strong);
        background: var(--raised);
        color: var(--ink);
      }
      input[aria-invalid="true"] {
        border-color: var(--danger);
      }
      @media (pointer: coarse) {
        input {
          /* Phones zoom into fields with smaller letters. */
          font-size: 16px;
        }
      }
    `,
  ];

  declare seed: number;
  declare private wrong: boolean;

  constructor() {
    super();
    this.seed = 0;
    this.wrong = false;
  }

  protected override render(): TemplateResult {
    return html`<input
      .value=${String(this.seed)}
      inputmode="numeric"
      maxlength=${String(MAX_SEED).length + 3}
      autocomplete="off"
      spellcheck="false"
      aria-label=${t("seed.field")}
      title=${t("seed.field")}
      aria-invalid=${this.wrong ? "true" : nothing}
      @change=${this.onChange}
      @input=${() => (this.wrong = false)}
      @keydown=${this.onKey}
    />`;
  }

  private onChange({ target }: Event): void {
    if (!(target instanceof HTMLInputElement)) return;
    const seed = seedFromText(target.value);
    this.wrong = seed === undefined;
    if (seed === undefined) this.emit("seed-wrong", target.value);
    else if (seed === this.seed) target.value = String(seed);
    else this.emit("seed-change", seed);
  }

  private onKey(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    if (event.key === "Enter") event.target.blur();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.target.value = String(this.seed);
    this.wrong = false;
    event.target.blur();
  }
}

customElements.define("up-seed-field", SeedField);

/** The brush's size: a number, and a slider whose steps grow with the size. */
import { css, html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { StudioElement } from "./studio-element.js";
import { base } from "./styles.js";

const STEPS = 100;

/** Size in image pixels at a slider position 0..1; `largest` at 1, 1 at 0. */
export function sizeFromPosition(position: number, largest: number): number {
  return Math.max(1, Math.round(largest ** Math.min(1, Math.max(0, position))));
}

/** Slider position 0..1 of a size in image pixels. */
export function positionFromSize(size: number, largest: number): number {
  return Math.log(Math.max(1, size)) / Math.log(Math.max(2, largest));
}

/** `<up-size-slider>`: emits `size-change` with the diameter in image pixels. */
export class SizeSlider extends StudioElement {
  static override readonly properties = { size: { type: Number }, largest: { type: Number } };

  static override readonly styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 4px;
        min-height: 0;
      }
      output {
        min-width: 32px;
        text-align: center;
        font: 600 12px/1.2 var(--sans);
        font-variant-numeric: tabular-nums;
        color: var(--soft);
      }
      .track {
        position: relative;
        display: grid;
        justify-items: center;
        flex: 1 1 120px;
        width: var(--target);
        min-height: 72px;
        max-height: 200px;
      }
      .track::before {
        content: "";
        grid-area: 1 / 1;
        width: 16px;
        height: 100%;
        background: var(--pressed);
        clip-path: polygon(0 0, 100% 0, 60% 100%, 40% 100%);
        border-radius: 4px;
      }
      input {
        grid-area: 1 / 1;
        position: relative;
        writing-mode: vertical-lr;
        direction: rtl;
        appearance: none;
        width: 100%;
        height: 100%;
        margin: 0;
        background: transparent;
        cursor: ns-resize;
        touch-action: none;
      }
      input::-webkit-slider-thumb {
        appearance: none;
        width: 18px;
        height: 18px;
        border: 2px solid var(--paper);
        border-radius: 50%;
        background: var(--ink);
      }
      input::-moz-range-thumb {
        width: 14px;
        height: 14px;
        border: 2px solid var(--paper);
        border-radius: 50%;
        background: var(--ink);
      }
      input:focus-visible {
        outline: none;
      }
      input:focus-visible::-webkit-slider-thumb {
        outline: 2px solid var(--cool);
        outline-offset: 2px;
      }
      input:focus-visible::-moz-range-thumb {
        outline: 2px solid var(--cool);
        outline-offset: 2px;
      }
    `,
  ];

  declare size: number;
  declare largest: number;

  constructor() {
    super();
    this.size = 24;
    this.largest = 128;
  }

  protected override render(): TemplateResult {
    const position = Math.round(positionFromSize(this.size, this.largest) * STEPS);
    return html`<output aria-hidden="true">${this.size}</output>
      <div class="track">
        <input
          type="range"
          min="0"
          max=${STEPS}
          .value=${String(position)}
          aria-label=${t("size.label")}
          aria-orientation="vertical"
          aria-valuetext=${t("size.value", { size: this.size })}
          title="${t("size.label")} ([ ])"
          @input=${this.onInput}
        />
      </div>`;
  }

  private onInput(event: Event): void {
    if (!(event.target instanceof HTMLInputElement)) return;
    this.emit("size-change", sizeFromPosition(event.target.valueAsNumber / STEPS, this.largest));
  }
}

customElements.define("up-size-slider", SizeSlider);

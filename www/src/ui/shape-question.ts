/** Asks how a label map of another shape comes onto the canvas, and shows both ways. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { Size } from "../canvas/geometry.js";
import type { LabelClass, LabelMap } from "../canvas/label-map.js";
import { reshapeLabelMap, type Reshape } from "../files/label-map-shape.js";
import { t } from "../i18n/language.js";
import { thumbnailOfMap } from "../state/thumbnail.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What is asked about. */
export interface ShapeQuestion {
  /** Of the file. */
  readonly name: string;
  readonly map: LabelMap;
  readonly classes: readonly LabelClass[];
  /** Of the canvas. */
  readonly size: Size;
}

const ways: readonly Reshape[] = ["crop", "fit"];

/** `<up-shape-question>`: shows `question`; emits `shape-pick` with `crop` or `fit`. */
export class ShapeChoice extends StudioElement {
  static override readonly properties = { question: { attribute: false } };

  static override readonly styles = [
    base,
    buttons,
    css`
      p {
        overflow-wrap: anywhere;
        color: var(--soft);
      }
      .ways {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 12px;
        margin-top: 16px;
      }
      button {
        flex-direction: column;
        justify-content: start;
        gap: 8px;
        padding: 6px 6px 12px;
        border-radius: var(--radius);
      }
      up-thumbnail {
        --thumbnail-fit: contain;
        width: 100%;
        border-radius: 6px;
      }
      strong {
        font-weight: 600;
      }
      small {
        font-size: 12px;
        color: var(--soft);
      }
      button:hover small {
        color: inherit;
      }
    `,
  ];

  declare question: ShapeQuestion | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { question } = this;
    if (!question) return nothing;
    const { name, map, classes, size } = question;
    return html`<p>${t("shape.text", { name, width: map.width, height: map.height })}</p>
      <div class="ways">
        ${ways.map(
          (way) =>
            html`<button data-shape=${way} @click=${() => this.emit("shape-pick", way)}>
              <up-thumbnail .image=${thumbnailOfMap(reshapeLabelMap(map, size, way), classes)}></up-thumbnail>
              <strong>${t(`shape.${way}`)}</strong><small>${t(`shape.${way}Text`)}</small>
            </button>`,
        )}
      </div>`;
  }
}

customElements.define("up-shape-question", ShapeChoice);

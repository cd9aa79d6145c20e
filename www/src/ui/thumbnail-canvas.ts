/** A small picture of a painting. */
import { css, html, type PropertyValues, type TemplateResult } from "lit";
import type { Thumbnail } from "../state/kept-painting.js";
import { StudioElement } from "./studio-element.js";

/** `<up-thumbnail>`: shows `image`, as wide as its place. Pure decoration: whatever holds it has the name. */
export class ThumbnailCanvas extends StudioElement {
  static override readonly properties = { image: { attribute: false } };

  static override readonly styles = css`
    :host {
      display: block;
      aspect-ratio: 1;
      overflow: hidden;
      background: var(--pressed);
    }
    canvas {
      display: block;
      width: 100%;
      height: 100%;
      object-fit: var(--thumbnail-fit, cover);
    }
  `;

  declare image: Thumbnail | undefined;

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true" width=${this.image?.width ?? 1} height=${this.image?.height ?? 1}></canvas>`;
  }

  protected override updated(_changed: PropertyValues): void {
    const { image } = this;
    if (!image) return;
    const context = this.renderRoot.querySelector("canvas")?.getContext("2d");
    context?.putImageData(new ImageData(image.data, image.width, image.height), 0, 0);
  }
}

customElements.define("up-thumbnail", ThumbnailCanvas);

/** Example label maps to start from. */
import { css, html, nothing, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import { sceneName } from "../i18n/names.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** `<up-scene-gallery>`: emits `scene-pick` with a scene's address, or an empty string for a blank canvas. */
export class SceneGallery extends StudioElement {
  static override readonly properties = { scenes: { attribute: false } };

  static override readonly styles = [
    base,
    buttons,
    css`
      p {
        color: var(--soft);
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(168px, 42%), 1fr));
        gap: 12px;
        margin: 16px 0 0;
        padding: 0;
        list-style: none;
      }
      button {
        flex-direction: column;
        gap: 8px;
        width: 100%;
        padding: 6px 6px 8px;
        border-radius: var(--radius);
      }
      img,
      .blank {
        display: block;
        width: 100%;
        height: auto;
        aspect-ratio: 1;
        border-radius: 6px;
        image-rendering: auto;
      }
      .blank {
        border: 2px dashed var(--strong);
      }
    `,
  ];

  /** Addresses of PNG label maps. */
  declare scenes: readonly string[];

  constructor() {
    super();
    this.scenes = [];
  }

  protected override render(): TemplateResult {
    return html`<p>${this.scenes.length > 0 ? t("scenes.hint") : t("scenes.none")}</p>
      <ul>
        ${this.scenes.map((address) => this.scene(address, sceneName(address, language())))}
        ${this.scene("", t("scenes.blank"))}
      </ul>`;
  }

  private scene(address: string, name: string): TemplateResult {
    return html`<li>
      <button data-scene=${address || "blank"} @click=${() => this.emit("scene-pick", address)}>
        ${address ? html`<img src=${address} alt="" width="256" height="256" />` : html`<span class="blank"></span>`}${name || nothing}
      </button>
    </li>`;
  }
}

customElements.define("up-scene-gallery", SceneGallery);

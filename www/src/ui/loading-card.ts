/** What is happening while a model loads: five stages, and how far each has come. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { LoadProgress } from "../engine/protocol.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import { cssVars } from "./css-vars.js";
import { formatBytes } from "./format.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

const stages = ["download", "verify", "upload", "compile", "first-picture"] as const;

/**
 * `<up-loading-card name="…">`: shows `progress`; emits `cancel`. `paintable` where painting is possible meanwhile,
 * `compact` where it lies over what is painted on.
 */
export class LoadingCard extends StudioElement {
  static override readonly properties = {
    name: {},
    progress: { attribute: false },
    paintable: { type: Boolean },
    compact: { type: Boolean, reflect: true },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
        width: min(340px, 100%);
        padding: 20px;
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow-raised);
      }
      h2 {
        font: 600 17px/1.3 var(--serif);
      }
      .stage {
        display: flex;
        justify-content: space-between;
        gap: 12px;
        margin-top: 10px;
        font-size: 13px;
        color: var(--soft);
        font-variant-numeric: tabular-nums;
      }
      .bytes {
        white-space: nowrap;
      }
      .bar {
        display: grid;
        grid-template-columns: 3fr 1fr 1fr 2fr 2fr;
        gap: 4px;
        margin-top: 14px;
      }
      .bar > span {
        height: 8px;
        border-radius: 2px;
        overflow: hidden;
        background: var(--pressed);
      }
      .bar > span::after {
        content: "";
        display: block;
        height: 100%;
        width: calc(var(--done) * 100%);
        background: var(--accent);
        transition: width var(--quick) linear;
      }
      .bar > [data-working]::after {
        animation: breathe 1.2s ease-in-out infinite alternate;
      }
      @keyframes breathe {
        from {
          opacity: 0.35;
        }
      }
      footer {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 12px;
        margin-top: 14px;
        font-size: 12px;
        color: var(--soft);
      }
      footer button {
        flex: none;
      }
      footer strong {
        font-weight: 600;
        color: var(--ink);
      }
      :host([compact]) {
        width: min(420px, 100%);
        padding: 10px 10px 10px 16px;
      }
      :host([compact]) h2 {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-size: 15px;
      }
      :host([compact]) .bar {
        margin-top: 8px;
      }
      :host([compact]) .stage {
        margin-top: 6px;
        font-size: 12px;
      }
      :host([compact]) .content {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 0 12px;
      }
      :host([compact]) footer {
        margin: 0;
      }
      :host([compact]) footer p {
        display: none;
      }
      @media (prefers-reduced-motion: reduce) {
        .bar > [data-working]::after {
          animation: none;
        }
      }
      @container (max-height: 260px) {
        footer p {
          display: none;
        }
      }
    `,
  ];

  declare name: string;
  declare progress: LoadProgress | undefined;
  declare paintable: boolean;
  declare compact: boolean;

  protected override render(): TemplateResult {
    const stage = this.progress?.stage ?? "download";
    const at = stages.indexOf(stage);
    return html`<div class="content">
      <div>
        <h2>${t("loading.title", { name: translatedName(this.name, language()) })}</h2>
        <div
          class="bar"
          role="progressbar"
          aria-label=${t("loading.title", { name: translatedName(this.name, language()) })}
          aria-valuemin="0"
          aria-valuemax="100"
          aria-valuenow=${Math.round((this.progress?.fraction ?? 0) * 100)}
          aria-valuetext=${t(`loading.${stage}`)}
        >
          ${stages.map(
            (_, index) =>
              html`<span
                ?data-working=${index === at && !this.bytesKnown()}
                ${cssVars({ "--done": this.doneOf(index, at) })}
              ></span>`,
          )}
        </div>
        <div class="stage"><span>${t(`loading.${stage}`)}</span>${this.bytes()}</div>
      </div>
      <footer>
        <p>${this.paintable ? html`<strong>${t("loading.paint")}</strong> ` : nothing}${t("loading.slow")}</p>
        <button class="outline" @click=${() => this.emit("cancel", undefined)}>${t("action.cancel")}</button>
      </footer>
    </div>`;
  }

  private bytes(): TemplateResult | typeof nothing {
    const { loaded, total } = this.progress ?? {};
    if (this.progress?.stage !== "download" || loaded === undefined) return nothing;
    const text = total
      ? t("loading.bytes", { loaded: formatBytes(loaded), total: formatBytes(total) })
      : formatBytes(loaded);
    return html`<span class="bytes">${text}</span>`;
  }

  private bytesKnown(): boolean {
    return this.progress?.stage === "download" && Boolean(this.progress.total);
  }

  private doneOf(index: number, at: number): number {
    if (index !== at) return index < at ? 1 : 0;
    const { loaded = 0, total = 0 } = this.progress ?? {};
    return this.bytesKnown() && total > 0 ? loaded / total : 1;
  }
}

customElements.define("up-loading-card", LoadingCard);

/** One quiet line: what runs where, how fast; and, on request, the details. */
import { css, html, nothing, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import type { StudioState } from "../state/studio-state.js";
import { deviceWords } from "./device-words.js";
import { formatBytes, formatMilliseconds } from "./format.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** `<up-status-line>`: shows `state`. */
export class StatusLine extends StudioElement {
  static override readonly properties = { state: { attribute: false } };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
        min-width: 0;
        font-size: 12px;
        color: var(--soft);
      }
      button.line {
        min-height: var(--status-height, 32px);
        max-width: 100%;
        padding: 0 8px;
        gap: 12px;
        justify-content: start;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
        overflow: hidden;
      }
      .line > span {
        overflow: hidden;
        text-overflow: ellipsis;
        flex: none;
      }
      .line > .device {
        flex: 0 1 auto;
      }
      .dot {
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--good);
        flex: none;
      }
      .dot[data-phase="running"] {
        background: var(--accent);
      }
      .dot[data-phase="failed"] {
        background: var(--danger);
      }
      .dot[data-phase="none"] {
        background: var(--strong);
      }
      .latency {
        min-width: 4.5em;
        text-align: start;
        color: var(--ink);
      }
      dialog[popover],
      [popover] {
        position: fixed;
        inset: auto auto calc(var(--status-bottom, 8px) + 40px) 8px;
        max-width: min(420px, calc(100vw - 16px));
        margin: 0;
        padding: 16px 20px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        color: var(--ink);
        box-shadow: var(--shadow-raised);
        font-size: 13px;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 8px 16px;
        margin: 0;
      }
      dt {
        color: var(--soft);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      @media (max-width: 599px) {
        .wide {
          display: none;
        }
      }
    `,
  ];

  declare state: Readonly<StudioState> | undefined;

  protected override render(): TemplateResult | typeof nothing {
    const { state } = this;
    if (!state) return nothing;
    return html`<button class="line" popovertarget="details" aria-haspopup="dialog" title=${t("status.details")}>
        <span class="dot" data-phase=${phaseOf(state)}></span>
        <span class="device">${deviceName(state)}</span>
        ${
          state.picture
            ? html`<span class="latency"
                >${t("status.latency", { milliseconds: formatMilliseconds(state.picture.latency) })}</span
              >`
            : nothing
        }
        ${
          state.model
            ? html`<span class="wide">${modelName(state)} · ${formatBytes(state.model.weightBytes)}</span>`
            : nothing
        }
      </button>
      <div id="details" popover>${this.details(state)}</div>`;
  }

  private details(state: Readonly<StudioState>): TemplateResult {
    const { model, device, picture } = state;
    return html`<dl>
      ${row(t("status.device"), device ? deviceWords(device) : "–")}
      ${
        model
          ? [
              row(t("status.model"), modelName(state)),
              row(t("status.weights"), formatBytes(model.weightBytes)),
              row(t("status.canvas"), `${model.size.width} × ${model.size.height}`),
            ]
          : nothing
      }
      ${picture ? row(t("status.last"), t("status.latency", { milliseconds: formatMilliseconds(picture.latency) })) : nothing}
    </dl>`;
  }
}

function row(name: string, value: string): TemplateResult {
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`;
}

function modelName(state: Readonly<StudioState>): string {
  return translatedName(state.model?.name ?? "", language());
}

function deviceName(state: Readonly<StudioState>): string {
  if (state.loading.phase === "loading") {
    return t("status.loading", { name: translatedName(state.loading.name, language()) });
  }
  if (!state.device) return t("status.noModel");
  return state.device.kind === "webgpu" ? t("device.webgpu") : t("device.cpu");
}

function phaseOf(state: Readonly<StudioState>): string {
  if (state.loading.phase === "loading") return "running";
  if (state.loading.phase === "failed" || state.generation.phase === "failed") return "failed";
  return state.model ? state.generation.phase : "none";
}

customElements.define("up-status-line", StatusLine);

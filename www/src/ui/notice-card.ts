/** Something went wrong: what, and what can be done. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { ShownError } from "../state/studio-state.js";
import type { ErrorCode } from "../engine/errors.js";
import { t } from "../i18n/language.js";
import type { MessageKey } from "../i18n/en.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What a person can do about an error. */
export type Remedy = "retry" | "use-cpu" | "choose-model" | "reload-model";

type SpokenCode = Exclude<ErrorCode, "aborted" | "superseded">;

const remediesByCode: Readonly<Record<SpokenCode, readonly Remedy[]>> = {
  "webgpu-unavailable": ["use-cpu", "choose-model"],
  "device-lost": ["reload-model", "use-cpu"],
  "out-of-memory": ["retry", "use-cpu", "choose-model"],
  "bad-bundle": ["choose-model", "retry"],
  integrity: ["retry", "choose-model"],
  unsupported: ["choose-model"],
  "bad-input": ["choose-model"],
  internal: ["reload-model", "use-cpu"],
  network: ["retry", "choose-model"],
};

const remedyLabels: Readonly<Record<Remedy, MessageKey>> = {
  retry: "action.retry",
  "use-cpu": "action.useCpu",
  "choose-model": "action.chooseModel",
  "reload-model": "action.reloadModel",
};

/** What helps against an error, the most promising first. On the CPU already, going there is no remedy. */
export function remediesFor(code: ErrorCode, runsOnCpu: boolean): readonly Remedy[] {
  const all = remediesByCode[spokenCode(code)];
  return runsOnCpu ? all.filter((remedy) => remedy !== "use-cpu") : all;
}

function spokenCode(code: ErrorCode): SpokenCode {
  return code === "aborted" || code === "superseded" ? "internal" : code;
}

/** `<up-notice-card>`: shows `error`; emits `remedy` with what was chosen, or `dismiss`. */
export class NoticeCard extends StudioElement {
  static override readonly properties = {
    error: { attribute: false },
    runsOnCpu: { type: Boolean },
    dismissable: { type: Boolean },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
        width: min(400px, 100%);
        max-height: 100%;
        overflow: auto;
        padding: 20px;
        border-radius: var(--radius);
        background: var(--raised);
        box-shadow: var(--shadow-raised);
      }
      h2 {
        display: flex;
        gap: 10px;
        font: 600 17px/1.3 var(--serif);
      }
      h2 svg {
        margin-top: 1px;
        color: var(--danger);
      }
      p {
        margin-top: 8px;
      }
      details {
        margin-top: 8px;
        font-size: 12px;
        color: var(--soft);
      }
      summary {
        padding: 6px 0;
        cursor: pointer;
      }
      code {
        font:
          12px/1.5 ui-monospace,
          monospace;
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 14px;
      }
    `,
  ];

  declare error: ShownError | undefined;
  declare runsOnCpu: boolean;
  /** Whether there is something to go back to. */
  declare dismissable: boolean;

  protected override render(): TemplateResult | typeof nothing {
    const { error } = this;
    if (!error) return nothing;
    const code = spokenCode(error.code);
    return html`<div role="alert">
        <h2>${glyph("alert")}${t(`error.${code}.title`)}</h2>
        <p>${t(`error.${code}.text`)}</p>
      </div>
      <details>
        <summary>${t("error.details")}</summary>
        <code>${error.message}</code>
      </details>
      <div class="actions">
        ${remediesFor(error.code, this.runsOnCpu).map(
          (remedy, index) =>
            html`<button class=${index === 0 ? "primary" : "outline"} @click=${() => this.emit("remedy", remedy)}>
              ${t(remedyLabels[remedy])}
            </button>`,
        )}
        ${
          this.dismissable
            ? html`<button @click=${() => this.emit("dismiss", undefined)}>${t("action.close")}</button>`
            : nothing
        }
      </div>`;
  }
}

customElements.define("up-notice-card", NoticeCard);

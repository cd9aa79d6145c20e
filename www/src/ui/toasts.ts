/** Short messages that come and go; read out politely. */
import { css, html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

const SHOWN_MILLISECONDS = 3600;

/** A message; with an action it stays until it is answered. */
export interface Toast {
  readonly text: string;
  readonly kind?: "info" | "problem";
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** `<up-toasts>`: `show(toast)`; the newest message replaces the one before. */
export class Toasts extends StudioElement {
  static override readonly properties = { toast: { state: true }, spoken: { state: true } };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        position: absolute;
        inset: auto 0 12px;
        display: flex;
        justify-content: center;
        pointer-events: none;
        z-index: 3;
      }
      .toast {
        display: flex;
        align-items: center;
        gap: 4px;
        max-width: min(520px, calc(100% - 24px));
        min-height: 40px;
        padding: 4px 6px 4px 16px;
        border-radius: 20px;
        background: var(--ink);
        color: var(--paper);
        box-shadow: var(--shadow-raised);
        pointer-events: auto;
        animation: rise var(--easy) ease-out;
      }
      .toast > span {
        padding: 4px 10px 4px 0;
      }
      .toast[data-kind="problem"] > svg {
        margin-inline: -4px 8px;
      }
      button {
        --target: 36px;
        color: inherit;
        border-radius: 18px;
      }
      button:hover {
        background: color-mix(in srgb, currentColor 14%, transparent);
      }
      button.act {
        font-weight: 600;
        text-decoration: underline;
        text-underline-offset: 3px;
      }
      @keyframes rise {
        from {
          opacity: 0;
          translate: 0 8px;
        }
      }
    `,
  ];

  declare private toast: Toast | undefined;
  declare private spoken: string;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.spoken = "";
  }

  /** Shows a message, and reads it out. */
  show(toast: Toast): void {
    clearTimeout(this.timer);
    this.toast = toast;
    this.spoken = toast.text;
    if (toast.action) return;
    const shown = toast.kind === "problem" ? 2 * SHOWN_MILLISECONDS : SHOWN_MILLISECONDS;
    this.timer = setTimeout(() => this.hide(), shown);
  }

  /** Only reads a message out. */
  speak(text: string): void {
    this.spoken = text;
  }

  protected override render(): TemplateResult {
    const { toast } = this;
    return html`<div class="sr-only" role="status" aria-live="polite">${this.spoken}</div>
      ${
        toast
          ? html`<div class="toast" data-kind=${toast.kind ?? "info"}>
              ${toast.kind === "problem" ? glyph("alert") : nothing}<span>${toast.text}</span>
              ${toast.action ? html`<button class="act" @click=${() => this.act(toast)}>${toast.action.label}</button>` : nothing}
              ${
                toast.action || toast.kind === "problem"
                  ? html`<button class="icon" aria-label=${t("action.close")} @click=${() => this.hide()}>
                      ${glyph("close")}
                    </button>`
                  : nothing
              }
            </div>`
          : nothing
      }`;
  }

  private act(toast: Toast): void {
    this.hide();
    toast.action?.run();
  }

  private hide(): void {
    clearTimeout(this.timer);
    this.toast = undefined;
  }
}

customElements.define("up-toasts", Toasts);

/** Short messages: news come and go, problems stay until they are put away. All are read out politely. */
import { css, html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

const SHOWN_MILLISECONDS = 3600;

/** Messages that stay at a time; more would hide the canvas. */
const MOST = 3;

/**
 * A message. `info` goes by itself, unless it has an action; `notice` and `problem` stay until they are put away or
 * answered.
 */
export interface Toast {
  readonly text: string;
  readonly kind?: "info" | "notice" | "problem";
  readonly action?: { readonly label: string; readonly run: () => void };
  /** What it is about: a later message about the same takes its place. */
  readonly topic?: string;
}

/** `<up-toasts>`: `show(toast)`; the newest message is the lowest, and news replace news. */
export class Toasts extends StudioElement {
  static override readonly properties = { toasts: { state: true }, spoken: { state: true } };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        position: absolute;
        inset: auto 0 12px;
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 8px;
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
      .toast > svg {
        margin-inline: -4px 8px;
      }
      .toast > span {
        overflow-wrap: anywhere;
      }
      button {
        --target: 36px;
        color: inherit;
        border-radius: 18px;
      }
      button:hover {
        background: color-mix(in srgb, currentColor 14%, transparent);
      }
      .toast:has(.act) {
        flex-wrap: wrap;
        justify-content: end;
      }
      .toast:has(.act) > span {
        flex: 1 1 200px;
      }
      button.act {
        flex: none;
        white-space: nowrap;
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

  declare private toasts: readonly Toast[];
  declare private spoken: string;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.spoken = "";
    this.toasts = [];
  }

  /** Shows a message, and reads it out. */
  show(toast: Toast): void {
    clearTimeout(this.timer);
    const stays = this.toasts.filter((shown) => isLasting(shown) && !isAboutTheSame(shown, toast));
    this.toasts = [...stays, toast].slice(-MOST);
    this.spoken = toast.text;
    if (!isLasting(toast)) this.timer = setTimeout(() => this.hide(toast), SHOWN_MILLISECONDS);
  }

  /** Puts away what is shown about a topic: it is no longer so. */
  settle(topic: string): void {
    this.toasts = this.toasts.filter((shown) => shown.topic !== topic);
  }

  /** Only reads a message out. */
  speak(text: string): void {
    this.spoken = text;
  }

  protected override render(): TemplateResult {
    return html`<div class="sr-only" role="status" aria-live="polite">${this.spoken}</div>
      ${this.toasts.map((toast) => this.message(toast))}`;
  }

  private message(toast: Toast): TemplateResult {
    const { kind = "info", text, action } = toast;
    return html`<div class="toast" data-kind=${kind}>
      ${kind === "info" ? nothing : glyph(kind === "problem" ? "alert" : "info")}<span>${text}</span>
      ${action ? html`<button class="act" @click=${() => this.act(toast)}>${action.label}</button>` : nothing}
      ${
        isLasting(toast)
          ? html`<button class="icon" aria-label=${t("action.close")} @click=${() => this.hide(toast)}>
              ${glyph("close")}
            </button>`
          : nothing
      }
    </div>`;
  }

  private act(toast: Toast): void {
    this.hide(toast);
    toast.action?.run();
  }

  private hide(toast: Toast): void {
    this.toasts = this.toasts.filter((shown) => shown !== toast);
  }
}

function isLasting({ kind = "info", action }: Toast): boolean {
  return kind !== "info" || action !== undefined;
}

function isAboutTheSame(one: Toast, other: Toast): boolean {
  return one.text === other.text || (one.topic !== undefined && one.topic === other.topic);
}

customElements.define("up-toasts", Toasts);

/** A modal dialog with a heading; a sheet from below on phones. */
import { css, html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** `<up-dialog heading="…">` with its content as children; `show()` and `close()`; emits `closed`. */
export class StudioDialog extends StudioElement {
  static override readonly properties = {
    heading: {},
    wide: { type: Boolean, reflect: true },
    plain: { type: Boolean },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      dialog {
        width: min(560px, calc(100vw - 32px));
        max-height: min(720px, calc(100dvh - 48px));
        padding: 0;
        border: 0;
        border-radius: 14px;
        background: var(--raised);
        color: var(--ink);
        box-shadow: var(--shadow-raised);
        overflow: hidden;
      }
      :host([wide]) dialog {
        width: min(840px, calc(100vw - 32px));
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
        animation: rise var(--easy) ease-out;
      }
      dialog::backdrop {
        background: rgb(20 16 12 / 0.5);
      }
      @keyframes rise {
        from {
          opacity: 0;
          translate: 0 12px;
        }
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        padding: 12px 12px 4px 24px;
      }
      h2 {
        font: 600 20px/1.3 var(--serif);
      }
      .content {
        padding: 8px 24px 24px;
        overflow: auto;
      }
      @media (max-width: 599px) {
        dialog,
        :host([wide]) dialog {
          width: 100vw;
          max-width: 100vw;
          max-height: calc(100dvh - 40px);
          margin: auto 0 0;
          border-radius: 14px 14px 0 0;
        }
        .head {
          padding-left: 16px;
        }
        .content {
          padding: 8px 16px calc(20px + env(safe-area-inset-bottom));
        }
      }
    `,
  ];

  declare heading: string;
  declare wide: boolean;
  /** Nothing in it takes the focus, so that keys must be able to scroll it. */
  declare plain: boolean;

  /** Opens it; the focus goes in, and comes back when it closes. */
  async show(): Promise<void> {
    await this.updateComplete;
    const dialog = this.element();
    if (dialog && !dialog.open) dialog.showModal();
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.element()?.open ?? false;
  }

  /** Closes it. */
  close(): void {
    this.element()?.close();
  }

  protected override render(): TemplateResult {
    return html`<dialog
      aria-labelledby="heading"
      @click=${this.onBackdrop}
      @close=${() => this.emit("closed", undefined)}
    >
      <div class="head">
        <h2 id="heading">${this.heading}</h2>
        <button class="icon" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => this.close()}>
          ${glyph("close")}
        </button>
      </div>
      <div class="content" tabindex=${this.plain ? 0 : nothing}><slot></slot></div>
    </dialog>`;
  }

  private element(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  private onBackdrop(event: MouseEvent): void {
    if (event.target === this.element()) this.close();
  }
}

customElements.define("up-dialog", StudioDialog);

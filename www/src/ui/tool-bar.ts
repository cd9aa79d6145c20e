/** The tools, as one group of radio buttons. */
import { css, html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import type { MessageKey } from "../i18n/en.js";
import { glyph, type GlyphName } from "./glyph.js";
import { roveWithKeys } from "./roving.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** A tool as the bar shows it. */
export interface ToolEntry {
  readonly id: string;
  readonly glyph: GlyphName;
  readonly label: MessageKey;
  /** Key that picks it, as people read it; empty for none. */
  readonly key: string;
}

/** `<up-tool-bar>`: emits `tool-pick` with the tool's id. */
export class ToolBar extends StudioElement {
  static override readonly properties = {
    tools: { attribute: false },
    active: {},
    columns: { type: Boolean, reflect: true },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
      }
      [role="radiogroup"] {
        display: flex;
        flex-flow: var(--tool-flow, column nowrap);
        justify-content: center;
        gap: var(--tool-gap, 2px);
      }
      button {
        position: relative;
        color: var(--soft);
        padding: 0 5px 5px 0;
        flex: var(--tool-flex, none);
        min-width: var(--tool-width, var(--target));
      }
      button:hover {
        color: var(--ink);
      }
      button[aria-checked="true"] {
        background: var(--ink);
        color: var(--paper);
      }
      kbd {
        position: absolute;
        right: 4px;
        bottom: 3px;
        font: 500 9px/1 var(--sans);
        opacity: 0.75;
      }
      @media (pointer: coarse) {
        kbd {
          display: none;
        }
        button {
          padding: 0;
        }
      }
    `,
  ];

  declare tools: readonly ToolEntry[];
  declare active: string;

  constructor() {
    super();
    this.tools = [];
    this.active = "";
  }

  protected override render(): TemplateResult {
    return html`<div role="radiogroup" aria-label=${t("region.tools")} @keydown=${this.onKey}>
      ${this.tools.map((tool) => this.tool(tool))}
    </div>`;
  }

  private tool(tool: ToolEntry): TemplateResult {
    const chosen = tool.id === this.active;
    const label = t(tool.label);
    return html`<button
      class="icon"
      role="radio"
      aria-checked=${chosen}
      aria-label=${label}
      aria-keyshortcuts=${tool.key}
      title=${tool.key ? `${label} (${tool.key})` : label}
      tabindex=${chosen ? 0 : -1}
      data-tool=${tool.id}
      @click=${() => this.emit("tool-pick", tool.id)}
    >
      ${glyph(tool.glyph)}${tool.key ? html`<kbd aria-hidden="true">${tool.key}</kbd>` : ""}
    </button>`;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("button")]);
  }
}

customElements.define("up-tool-bar", ToolBar);

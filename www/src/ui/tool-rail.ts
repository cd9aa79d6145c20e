/** Tools, the brush's size, and undo: what is at hand while painting. */
import { html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { TOOL_IDS, type ToolId } from "../state/studio-state.js";
import { toolKey, type ShortcutCommand } from "../tools/shortcuts.js";
import { glyph, type GlyphName } from "./glyph.js";

const toolGlyphs: Readonly<Record<ToolId, GlyphName>> = {
  brush: "brush",
  eraser: "eraser",
  fill: "fill",
  line: "line",
  rectangle: "rectangle",
  ellipse: "ellipse",
  eyedropper: "eyedropper",
  pan: "pan",
};

/** What the rail works with. */
export interface ToolRailParts {
  readonly studio: Studio;
  /** Whether pen pressure gets a button: once a pen was seen. */
  readonly showsPressure: boolean;
  readonly setPressure: (enabled: boolean) => void;
  readonly run: (command: ShortcutCommand) => boolean;
}

/** The rail; on phones its two halves go to different places. */
export function toolRail(parts: ToolRailParts): TemplateResult {
  const { studio } = parts;
  const { state } = studio;
  return html`<aside aria-label=${t("region.tools")}>
    <up-tool-bar
      .tools=${TOOL_IDS.map((id) => ({ id, glyph: toolGlyphs[id], label: `tool.${id}`, key: toolKey(id) ?? "" }))}
      active=${state.tool}
      @tool-pick=${(event: CustomEvent<ToolId>) => commands.chooseTool(studio, event.detail)}
    ></up-tool-bar>
    <div class="gutter">
      <up-size-slider
        .size=${state.brushSize}
        .largest=${largestBrush(studio)}
        @size-change=${(event: CustomEvent<number>) => commands.setBrushSize(studio, event.detail)}
      ></up-size-slider>
      ${toolOption(parts)}
      <div class="history" role="group" aria-label=${t("shortcuts.edit")}>
        ${historyButton(studio, parts.run, "undo")} ${historyButton(studio, parts.run, "redo")}
      </div>
    </div>
  </aside>`;
}

/** The slider goes up to half of the canvas's shorter side; keys go further. */
function largestBrush(studio: Studio): number {
  const { width, height } = commands.imageSizeOf(studio) ?? { width: 256, height: 256 };
  return Math.max(32, Math.round(Math.min(width, height) / 2));
}

function toolOption({ studio, showsPressure, setPressure }: ToolRailParts): TemplateResult | typeof nothing {
  const { tool, shapeFill, pressureEnabled } = studio.state;
  if (tool === "rectangle" || tool === "ellipse") {
    const filled = shapeFill === "filled";
    return toggle(filled ? "filled" : "rectangle", t("fill.filled"), filled, () =>
      commands.setShapeFill(studio, filled ? "outline" : "filled"),
    );
  }
  if (!showsPressure) return nothing;
  return toggle("pressure", t("pressure.label"), pressureEnabled, () => setPressure(!pressureEnabled));
}

function toggle(icon: GlyphName, label: string, pressed: boolean, act: () => void): TemplateResult {
  return html`<button class="icon toggle" aria-pressed=${pressed} aria-label=${label} title=${label} @click=${act}>
    ${glyph(icon)}
  </button>`;
}

/** Undo or redo. */
export function historyButton({ state }: Studio, run: ToolRailParts["run"], what: "undo" | "redo"): TemplateResult {
  const enabled = (what === "undo" ? state.undoKind : state.redoKind) !== undefined;
  const label = t(`action.${what}`);
  const keys = what === "undo" ? "Control+Z" : "Control+Shift+Z";
  return html`<button
    class="icon"
    aria-disabled=${!enabled}
    aria-label=${label}
    aria-keyshortcuts=${keys}
    title="${label} (${keys.replace("Control", "Ctrl")})"
    data-action=${what}
    @click=${() => run({ type: what })}
  >
    ${glyph(what)}
  </button>`;
}

/** The pan: moves the view with the pointer. */

import type { Point } from "../../canvas/geometry.js";
import { NO_PREVIEW, type ToolPreview } from "../../canvas/preview.js";
import { panBy, type View } from "../../canvas/view.js";
import type { PointerInput, Tool, ToolHost } from "../tool.js";

type PanState =
  { readonly name: "idle" } | { readonly name: "pressed"; readonly startInCanvas: Point; readonly viewBefore: View };

const IDLE: PanState = { name: "idle" };

/** Makes a pan tool. */
export function panTool(host: ToolHost): Tool {
  return new PanTool(host);
}

class PanTool implements Tool {
  readonly id = "pan";
  private readonly host: ToolHost;
  private state: PanState = IDLE;

  constructor(host: ToolHost) {
    this.host = host;
  }

  down(input: PointerInput): void {
    if (this.state.name !== "idle") return;
    this.state = { name: "pressed", startInCanvas: input.pointInCanvas, viewBefore: this.host.view };
  }

  move(input: PointerInput): void {
    if (this.state.name !== "pressed") return;
    const { startInCanvas, viewBefore } = this.state;
    const { x, y } = input.pointInCanvas;
    this.host.setView(panBy(viewBefore, x - startInCanvas.x, y - startInCanvas.y));
  }

  up(input: PointerInput): void {
    this.move(input);
    this.state = IDLE;
  }

  cancel(): void {
    if (this.state.name !== "pressed") return;
    this.host.setView(this.state.viewBefore);
    this.state = IDLE;
  }

  hoverPreview(): ToolPreview {
    return NO_PREVIEW;
  }
}

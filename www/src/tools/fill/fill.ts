/** The fill: gives the connected area under the pointer the chosen class. */

import { floodFill } from "../../canvas/flood-fill.js";
import type { ToolPreview } from "../../canvas/preview.js";
import { replaceClass } from "../../canvas/label-map.js";
import type { PointerInput, Tool, ToolHost } from "../tool.js";

/** Makes a fill. Fills when pressed; with shift, every area of that class. */
export function fillTool(host: ToolHost): Tool {
  return new FillTool(host);
}

class FillTool implements Tool {
  readonly id = "fill";
  private readonly host: ToolHost;

  constructor(host: ToolHost) {
    this.host = host;
  }

  down(input: PointerInput): void {
    const clicked = this.host.map?.at(Math.floor(input.pointInImage.x), Math.floor(input.pointInImage.y));
    if (clicked === undefined) return;
    const { classId } = this.host;
    const edit = this.host.begin(input.shift ? "replace-class" : "fill");
    edit.paint((map) =>
      input.shift ? replaceClass(map, clicked, classId) : floodFill(map, input.pointInImage, classId),
    );
    edit.commit();
  }

  move(): void {
    // A fill is done when pressed.
  }

  up(): void {
    // A fill is done when pressed.
  }

  cancel(): void {
    // Nothing is ever unfinished.
  }

  hoverPreview(input: PointerInput): ToolPreview {
    return { kind: "pixel", pointInImage: input.pointInImage };
  }
}

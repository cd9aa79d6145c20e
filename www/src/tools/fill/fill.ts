/** The fill: gives the connected area under the pointer, up to the next class or object, the chosen ones. */

import { floodFill } from "../../canvas/flood-fill.js";
import type { ToolPreview } from "../../canvas/preview.js";
import { inkOf, replaceInk } from "../../canvas/label-map.js";
import { inkOfHost, type PointerInput, type Tool, type ToolHost } from "../tool.js";

/** Makes a fill. Fills when pressed; with shift, every area of that class, or all of that object. */
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
    const { map } = this.host;
    const [x, y] = [Math.floor(input.pointInImage.x), Math.floor(input.pointInImage.y)];
    const id = map?.at(x, y);
    if (id === undefined) return;
    const clicked = inkOf(id, map?.objectAt(x, y));
    const ink = inkOfHost(this.host);
    const edit = this.host.begin(input.shift ? "replace-class" : "fill");
    edit.paint((map) => (input.shift ? replaceInk(map, clicked, ink) : floodFill(map, input.pointInImage, ink)));
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

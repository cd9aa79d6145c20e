/** The ellipse: filled or an outline; shift makes a circle, alt draws from the centre. */

import { paintEllipse } from "../../canvas/shapes.js";
import { DragTool, squareCorner, type DraggedShape } from "../drag-tool.js";
import type { Tool, ToolHost } from "../tool.js";

const ellipse: DraggedShape = {
  id: "ellipse",
  constrain: squareCorner,
  altDrawsFromCentre: true,
  paint: (map, { fromInImage, toInImage }, { ink, style }) => paintEllipse(map, fromInImage, toInImage, style, ink),
  preview: ({ fromInImage, toInImage }) => ({ kind: "ellipse", fromInImage, toInImage }),
};

/** Makes an ellipse tool. */
export function ellipseTool(host: ToolHost): Tool {
  return new DragTool(ellipse, host);
}

/** The rectangle: filled or an outline; shift makes a square, alt draws from the centre. */

import { paintRectangle } from "../../canvas/shapes.js";
import { DragTool, squareCorner, type DraggedShape } from "../drag-tool.js";
import type { Tool, ToolHost } from "../tool.js";

const rectangle: DraggedShape = {
  id: "rectangle",
  constrain: squareCorner,
  altDrawsFromCentre: true,
  paint: (map, { fromInImage, toInImage }, { ink, style }) => paintRectangle(map, fromInImage, toInImage, style, ink),
  preview: ({ fromInImage, toInImage }) => ({ kind: "rectangle", fromInImage, toInImage }),
};

/** Makes a rectangle tool. */
export function rectangleTool(host: ToolHost): Tool {
  return new DragTool(rectangle, host);
}

/** The line: straight, as wide as the brush; shift keeps to multiples of 45°. */

import { paintLine } from "../../canvas/stroke.js";
import { DragTool, nearestEighth, type DraggedShape } from "../drag-tool.js";
import type { Tool, ToolHost } from "../tool.js";

const line: DraggedShape = {
  id: "line",
  constrain: nearestEighth,
  altDrawsFromCentre: false,
  paint: (map, { fromInImage, toInImage }, { ink, size }) => paintLine(map, fromInImage, toInImage, size, ink),
  preview: ({ fromInImage, toInImage }, { size }) => ({ kind: "line", fromInImage, toInImage, size }),
};

/** Makes a line tool. */
export function lineTool(host: ToolHost): Tool {
  return new DragTool(line, host);
}

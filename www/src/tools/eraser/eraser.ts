/** The eraser: paints the background label, and no object. */

import { BACKGROUND_ID } from "../../canvas/label-map.js";
import { StrokeTool } from "../stroke-tool.js";
import type { Tool, ToolHost } from "../tool.js";

/** Makes an eraser. */
export function eraserTool(host: ToolHost): Tool {
  return new StrokeTool("eraser", host, () => BACKGROUND_ID);
}

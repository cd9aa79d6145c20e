/** The brush: paints the chosen class. */

import { StrokeTool } from "../stroke-tool.js";
import type { Tool, ToolHost } from "../tool.js";

/** Makes a brush. */
export function brushTool(host: ToolHost): Tool {
  return new StrokeTool("brush", host, ({ classId }) => classId);
}

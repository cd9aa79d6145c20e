/** The brush: paints the chosen class, and the chosen object. */

import { StrokeTool } from "../stroke-tool.js";
import { inkOfHost, type Tool, type ToolHost } from "../tool.js";

/** Makes a brush. */
export function brushTool(host: ToolHost): Tool {
  return new StrokeTool("brush", host, inkOfHost);
}

/** Registers `<underpaint-canvas>` where there are custom elements; importing it elsewhere does nothing. */

import { UnderpaintCanvas } from "./underpaint-canvas.js";

export { UnderpaintCanvas } from "./underpaint-canvas.js";
export type { ElementEventMap } from "./events.js";
export type { ElementTool } from "./settings.js";

declare global {
  interface HTMLElementTagNameMap {
    "underpaint-canvas": UnderpaintCanvas;
  }
}

if (typeof customElements !== "undefined" && customElements.get("underpaint-canvas") === undefined) {
  customElements.define("underpaint-canvas", UnderpaintCanvas);
}

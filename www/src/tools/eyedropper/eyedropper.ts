/** The eyedropper: chooses the class under the pointer, for as long as it is pressed. */

import type { ToolPreview } from "../../canvas/preview.js";
import type { PointerInput, Tool, ToolHost } from "../tool.js";

type EyedropperState = { readonly name: "idle" } | { readonly name: "pressed"; readonly classBefore: number };

const IDLE: EyedropperState = { name: "idle" };

/** Makes an eyedropper. */
export function eyedropperTool(host: ToolHost): Tool {
  return new EyedropperTool(host);
}

class EyedropperTool implements Tool {
  readonly id = "eyedropper";
  private readonly host: ToolHost;
  private state: EyedropperState = IDLE;

  constructor(host: ToolHost) {
    this.host = host;
  }

  down(input: PointerInput): void {
    if (this.state.name !== "idle") return;
    this.state = { name: "pressed", classBefore: this.host.classId };
    this.pick(input);
  }

  move(input: PointerInput): void {
    if (this.state.name === "pressed") this.pick(input);
  }

  up(input: PointerInput): void {
    this.move(input);
    this.state = IDLE;
  }

  cancel(): void {
    if (this.state.name !== "pressed") return;
    this.host.chooseClass(this.state.classBefore);
    this.state = IDLE;
  }

  hoverPreview(input: PointerInput): ToolPreview {
    return { kind: "pixel", pointInImage: input.pointInImage };
  }

  private pick(input: PointerInput): void {
    const id = this.host.map?.at(Math.floor(input.pointInImage.x), Math.floor(input.pointInImage.y));
    if (id !== undefined && id !== this.host.classId) this.host.chooseClass(id);
  }
}

/** The eyedropper: chooses the class and the object under the pointer, for as long as it is pressed. */

import { NO_OBJECT } from "../../canvas/label-map.js";
import type { ToolPreview } from "../../canvas/preview.js";
import type { PointerInput, Tool, ToolHost } from "../tool.js";

type EyedropperState =
  { readonly name: "idle" } | { readonly name: "pressed"; readonly classBefore: number; readonly objectBefore: number };

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
    this.state = { name: "pressed", classBefore: this.host.classId, objectBefore: this.host.object };
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
    this.host.chooseClass(this.state.classBefore, this.state.objectBefore);
    this.state = IDLE;
  }

  hoverPreview(input: PointerInput): ToolPreview {
    return { kind: "pixel", pointInImage: input.pointInImage };
  }

  private pick(input: PointerInput): void {
    const { map, classId, object: objectBefore } = this.host;
    const [x, y] = [Math.floor(input.pointInImage.x), Math.floor(input.pointInImage.y)];
    const id = map?.at(x, y);
    const object = map?.objectAt(x, y) ?? NO_OBJECT;
    if (id !== undefined && (id !== classId || object !== objectBefore)) this.host.chooseClass(id, object);
  }
}

/** Freehand strokes, which the brush and the eraser share. */

import type { Point } from "../canvas/geometry.js";
import type { Ink } from "../canvas/label-map.js";
import type { ToolPreview } from "../canvas/preview.js";
import { clampBrushSize, strokeSegment, type BrushSample } from "../canvas/stroke.js";
import type { Edit } from "../state/painting.js";
import type { PointerInput, Tool, ToolHost } from "./tool.js";

type StrokeState =
  | { readonly name: "idle" }
  | { readonly name: "pressed"; readonly edit: Edit; readonly ink: Ink; readonly last: BrushSample };

const IDLE: StrokeState = { name: "idle" };

/** Paints one class along the pointer's way: one undo step from down to up. */
export class StrokeTool implements Tool {
  readonly id: "brush" | "eraser";
  private readonly host: ToolHost;
  private readonly inkFor: (host: ToolHost) => Ink;
  private state: StrokeState = IDLE;
  private lastEndInImage: Point | undefined;

  /** @param inkFor what a stroke paints, asked once when it begins. */
  constructor(id: "brush" | "eraser", host: ToolHost, inkFor: (host: ToolHost) => Ink) {
    this.id = id;
    this.host = host;
    this.inkFor = inkFor;
  }

  /** Stamps; with shift, joins on to where the last stroke ended by a straight line. */
  down(input: PointerInput): void {
    if (this.state.name !== "idle" || !this.host.map) return;
    const sample = this.sample(input);
    const start = input.shift && this.lastEndInImage ? { ...sample, pointInImage: this.lastEndInImage } : sample;
    const edit = this.host.begin(this.id);
    const ink = this.inkFor(this.host);
    edit.paint((map) => strokeSegment(map, start, sample, ink));
    this.state = { name: "pressed", edit, ink, last: sample };
  }

  move(input: PointerInput): void {
    if (this.state.name !== "pressed") return;
    const { edit, ink, last } = this.state;
    const sample = this.sample(input);
    edit.paint((map) => strokeSegment(map, last, sample, ink));
    this.state = { ...this.state, last: sample };
  }

  up(input: PointerInput): void {
    if (this.state.name !== "pressed") return;
    // A pen lifts off with pressure 0: the end keeps the last size.
    this.move({ ...input, pressure: this.state.last.size / this.host.brushSize });
    this.lastEndInImage = input.pointInImage;
    this.state.edit.commit();
    this.state = IDLE;
  }

  cancel(): void {
    if (this.state.name !== "pressed") return;
    const { edit } = this.state;
    this.state = IDLE;
    edit.cancel();
  }

  hoverPreview(input: PointerInput): ToolPreview {
    return { kind: "brush", pointInImage: input.pointInImage, size: this.host.brushSize };
  }

  private sample(input: PointerInput): BrushSample {
    return { pointInImage: input.pointInImage, size: pressedSize(this.host, input) };
  }
}

/** The brush's diameter under this pressure: a pen's sets the size when that is on, nothing else does. */
export function pressedSize(host: ToolHost, input: PointerInput): number {
  if (input.kind !== "pen" || !host.pressureEnabled) return clampBrushSize(host.brushSize);
  return clampBrushSize(host.brushSize * Math.min(1, Math.max(0, input.pressure)));
}

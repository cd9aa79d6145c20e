/** What a tool is given and what it may do. */

import type { Point, Size } from "../canvas/geometry.js";
import { inkOf, type Ink, type LabelMap } from "../canvas/label-map.js";
import type { ToolPreview } from "../canvas/preview.js";
import type { View } from "../canvas/view.js";
import type { StepKind } from "../state/history.js";
import type { Edit } from "../state/painting.js";
import type { ShapeFill, ToolId } from "../state/studio-state.js";

/** What points. */
export type PointerKind = "mouse" | "pen" | "touch";

/** Bits of `PointerInput.buttons`, as browsers number them. */
export const BUTTON = { primary: 1, secondary: 2, middle: 4, penEraser: 32 } as const;

/** One position of a pointer, free of the DOM. */
export interface PointerInput {
  /** Tells fingers apart. */
  readonly pointerId: number;
  readonly kind: PointerKind;
  readonly pointInCanvas: Point;
  readonly pointInImage: Point;
  /** 0 to 1; meaningful for pens only. */
  readonly pressure: number;
  /** Pressed buttons, as `BUTTON` bits; 0 while hovering. */
  readonly buttons: number;
  readonly shift: boolean;
  readonly alt: boolean;
  /** Whether the space bar is held. */
  readonly space: boolean;
}

/**
 * What tools act on. The studio has one (`studio-host.ts`); the element makes its own.
 */
export interface ToolHost {
  /** What is painted; undefined when there is nothing to paint on: painting tools then do nothing. */
  readonly map: LabelMap | undefined;
  /** Size of what the view shows, in image pixels; undefined while there is nothing. */
  readonly imageSize: Size | undefined;
  readonly classId: number;
  /** The object of that class that paint belongs to; 0 for none, and where the map has no layer of objects. */
  readonly object: number;
  /** Diameter in label-map pixels. */
  readonly brushSize: number;
  readonly pressureEnabled: boolean;
  readonly shapeFill: ShapeFill;
  readonly view: View;
  /** Starts an undoable step. Only called when there is a map. */
  begin(kind: StepKind): Edit;
  /** @param object one of the class's objects, 0 for none. */
  chooseClass(id: number, object: number): void;
  /** The host keeps it within limits. */
  setView(view: View): void;
  setPreview(preview: ToolPreview): void;
  /** Two fingers have tapped. */
  undo?(): void;
  /** Three fingers have tapped. */
  redo?(): void;
}

/** What a host paints with. */
export function inkOfHost({ classId, object }: Pick<ToolHost, "classId" | "object">): Ink {
  return inkOf(classId, object);
}

/** A tool: between `down` and `up` or `cancel` it is pressed, else idle. */
export interface Tool {
  readonly id: ToolId;
  /** Pressed. */
  down(input: PointerInput): void;
  /** Moved while pressed; called for every position the browser knows, in order. */
  move(input: PointerInput): void;
  /** Released: what was begun is kept. */
  up(input: PointerInput): void;
  /** Stopped: what was begun is taken back. Does nothing when idle. */
  cancel(): void;
  /** What to show while the pointer hovers. */
  hoverPreview(input: PointerInput): ToolPreview;
}

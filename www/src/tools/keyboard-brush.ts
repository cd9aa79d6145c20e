/** Painting without a pointer: arrow keys move a position on the canvas, Space or Enter presses the tool there. */

import type { Point } from "../canvas/geometry.js";
import { pointInCanvasFromImage } from "../canvas/view.js";
import type { ToolController } from "./controller.js";
import { BUTTON, type PointerInput, type ToolHost } from "./tool.js";

/** What is read of a key. */
export type CanvasKey = Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey" | "repeat">;

/** Not a number that any browser gives to a pointer. */
const KEYBOARD_POINTER = -1;
/** Steps with shift are this much longer. */
const COARSE = 8;

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/**
 * Works the chosen tool by keys, through the same controller as pointers.
 *
 * Give it the keys of the focused canvas before anything else sees them. A step is a quarter of the brush, at least one
 * pixel; with shift eight times as much. Holding Space or Enter while moving paints or drags; Escape takes it back.
 */
export class KeyboardBrush {
  private readonly controller: ToolController;
  private readonly host: ToolHost;
  private pointInImage: Point | undefined;
  private pressed = false;

  constructor(controller: ToolController, host: ToolHost) {
    this.controller = controller;
    this.host = host;
  }

  /** Where it is, in image space; undefined before the first arrow key. For telling a screen reader. */
  get position(): Point | undefined {
    return this.pointInImage;
  }

  /** True when the key was for it; then prevent its default. */
  keyDown(key: CanvasKey): boolean {
    if (key.ctrlKey || key.metaKey || key.altKey) return false;
    const arrow = ARROWS[key.key];
    if (arrow) return this.move(arrow, key);
    // Space without a position is the pan key of people who use a pointer.
    if (!isPress(key) || !this.pointInImage) return false;
    if (!key.repeat && !this.pressed) {
      this.pressed = true;
      this.controller.pointerDown(this.input(this.pointInImage));
    }
    return true;
  }

  /** True when the key was for it. */
  keyUp(key: CanvasKey): boolean {
    if (!isPress(key) || !this.pressed) return false;
    this.release();
    return true;
  }

  /** The canvas lost the focus: what is pressed is released, the position forgotten. */
  blur(): void {
    if (this.pressed) this.release();
    this.pointInImage = undefined;
    this.controller.pointerLeave();
  }

  /** A pointer is used instead: the position is forgotten, so that Space pans again. */
  pointerUsed(): void {
    if (!this.pressed) this.pointInImage = undefined;
  }

  private move(arrow: Point, key: CanvasKey): boolean {
    const size = this.host.imageSize;
    if (!size) return false;
    const step = Math.max(1, Math.round(this.host.brushSize / 4)) * (key.shiftKey ? COARSE : 1);
    const from = this.pointInImage ?? { x: size.width / 2, y: size.height / 2 };
    this.pointInImage = {
      x: Math.min(size.width - 0.5, Math.max(0.5, from.x + arrow.x * step)),
      y: Math.min(size.height - 0.5, Math.max(0.5, from.y + arrow.y * step)),
    };
    this.controller.pointerMove(this.input(this.pointInImage));
    return true;
  }

  private release(): void {
    this.pressed = false;
    if (this.pointInImage) this.controller.pointerUp(this.input(this.pointInImage));
  }

  /** Shift makes steps longer here, so it does not constrain shapes. */
  private input(pointInImage: Point): PointerInput {
    return {
      pointerId: KEYBOARD_POINTER,
      kind: "mouse",
      pointInImage,
      pointInCanvas: pointInCanvasFromImage(this.host.view, pointInImage),
      pressure: 0.5,
      buttons: this.pressed ? BUTTON.primary : 0,
      shift: false,
      alt: false,
      space: false,
    };
  }
}

function isPress({ key }: CanvasKey): boolean {
  return key === " " || key === "Enter";
}

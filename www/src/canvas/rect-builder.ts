/** Collects the rectangle around painted spans without allocating per span. */

import { EMPTY_RECT, type Rect } from "./geometry.js";

/** Grows around spans; `rect()` gives the result. */
export class RectBuilder {
  private left = Infinity;
  private right = -Infinity;
  private top = Infinity;
  private bottom = -Infinity;

  /** Adds the pixels `left..=right` of row `y`. */
  addSpan(y: number, left: number, right: number): void {
    if (left < this.left) this.left = left;
    if (right > this.right) this.right = right;
    if (y < this.top) this.top = y;
    if (y > this.bottom) this.bottom = y;
  }

  /** The rectangle around everything added; empty when nothing was. */
  rect(): Rect {
    if (this.right < this.left) return EMPTY_RECT;
    return { x: this.left, y: this.top, width: this.right - this.left + 1, height: this.bottom - this.top + 1 };
  }
}

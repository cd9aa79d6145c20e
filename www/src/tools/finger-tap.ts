/** Recognises taps of two and of three fingers, which undo and redo in painting programs. */

import { distance, type Point } from "../canvas/geometry.js";

/** Fingers may be down for so long, in milliseconds. */
export const TAP_TIME = 350;
/** A finger that moves further than this, in CSS pixels, pinches or paints. */
export const TAP_SLOP = 10;

/** How many fingers have tapped. */
export type Tap = 2 | 3;

/** Follows fingers from the first that is put down to the last that is lifted. */
export class FingerTap {
  private readonly starts = new Map<number, Point>();
  private down = 0;
  private most = 0;
  private startedAt = 0;
  private spoiled = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether two fingers or more are down and have hardly moved yet. */
  get isOpen(): boolean {
    return this.most >= 2 && !this.spoiled;
  }

  /** A finger is put down. */
  put(id: number, point: Point): void {
    if (this.down === 0) {
      this.starts.clear();
      this.most = 0;
      this.startedAt = this.now();
      this.spoiled = false;
    }
    this.starts.set(id, point);
    this.down += 1;
    this.most = Math.max(this.most, this.down);
  }

  /** A finger moves. */
  move(id: number, point: Point): void {
    const start = this.starts.get(id);
    if (start && distance(start, point) > TAP_SLOP) this.spoiled = true;
  }

  /** A finger is lifted; the tap when it was the last of one. */
  lift(): Tap | undefined {
    this.down = Math.max(0, this.down - 1);
    if (this.down > 0 || this.spoiled || this.now() - this.startedAt > TAP_TIME) return undefined;
    return this.most === 2 || this.most === 3 ? this.most : undefined;
  }

  /** The browser takes the fingers away, or a pen takes over: no tap comes of them. */
  spoil(): void {
    this.down = 0;
    this.most = 0;
    this.spoiled = true;
  }
}

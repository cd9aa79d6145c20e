/**
 * Points, sizes and rectangles, named by the space they live in: `…InCanvas` are CSS pixels from the canvas's
 * top-left corner, `…InImage` are label-map pixels (pixel (x, y) covers [x, x + 1) × [y, y + 1)).
 */

/** A point; the name of the variable says in which space. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A size; whole pixels for images, CSS pixels for canvases. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle of whole label-map pixels. Empty when `width` or `height` is 0. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The rectangle that holds nothing. */
export const EMPTY_RECT: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** Whether a rectangle holds no pixel. */
export function isEmptyRect(rect: Rect): boolean {
  return rect.width <= 0 || rect.height <= 0;
}

/** The smallest rectangle that holds both; an empty one adds nothing. */
export function unionRects(a: Rect, b: Rect): Rect {
  if (isEmptyRect(a)) return b;
  if (isEmptyRect(b)) return a;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** What both rectangles share. */
export function intersectRects(a: Rect, b: Rect): Rect {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : EMPTY_RECT;
}

/** The whole of an image. */
export function rectOfSize(size: Size): Rect {
  return { x: 0, y: 0, width: size.width, height: size.height };
}

/** Distance between two points of the same space. */
export function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

/** The point half-way between two points of the same space. */
export function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

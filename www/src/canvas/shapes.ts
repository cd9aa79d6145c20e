/** Rectangles and ellipses, filled or as an outline that lies inside the shape. */

import type { Point, Rect } from "./geometry.js";
import type { Ink, LabelMap } from "./label-map.js";
import { RectBuilder } from "./rect-builder.js";

/** Filled, or an outline of this many label-map pixels inside the shape's edge. */
export type ShapeStyle = { readonly kind: "filled" } | { readonly kind: "outline"; readonly width: number };

/** The whole pixels between two corners dragged in any direction; both corners' pixels belong to it. */
export function boxFromCorners(from: Point, to: Point): Rect {
  const left = Math.floor(Math.min(from.x, to.x));
  const top = Math.floor(Math.min(from.y, to.y));
  const right = Math.floor(Math.max(from.x, to.x));
  const bottom = Math.floor(Math.max(from.y, to.y));
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Paints a rectangle between two corners. */
export function paintRectangle(map: LabelMap, from: Point, to: Point, style: ShapeStyle, ink: Ink): Rect {
  const box = boxFromCorners(from, to);
  const spans: RowSpans = {
    top: box.y,
    left: new Float64Array(box.height).fill(box.x),
    right: new Float64Array(box.height).fill(box.x + box.width - 1),
  };
  return paintShape(map, spans, style, ink, "square");
}

/** Paints the ellipse that fills the box between two corners. */
export function paintEllipse(map: LabelMap, from: Point, to: Point, style: ShapeStyle, ink: Ink): Rect {
  return paintShape(map, ellipseSpans(boxFromCorners(from, to)), style, ink, "round");
}

/** One span of whole pixels per row, from `top` down. */
interface RowSpans {
  readonly top: number;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

function ellipseSpans(box: Rect): RowSpans {
  const left = new Float64Array(box.height);
  const right = new Float64Array(box.height);
  const radiusX = box.width / 2;
  const radiusY = box.height / 2;
  const centreX = box.x + radiusX;
  for (let row = 0; row < box.height; row += 1) {
    const dy = (row + 0.5 - radiusY) / radiusY;
    const half = radiusX * Math.sqrt(Math.max(0, 1 - dy * dy));
    // A row of a flat or narrow ellipse keeps at least its middle pixel, so the shape stays in one piece.
    left[row] = Math.min(Math.ceil(centreX - half - 0.5 - 1e-9), Math.floor(centreX - 0.5));
    right[row] = Math.max(Math.floor(centreX + half - 0.5 + 1e-9), Math.ceil(centreX - 0.5));
  }
  return { top: box.y, left, right };
}

function paintShape(map: LabelMap, spans: RowSpans, style: ShapeStyle, ink: Ink, corner: Corner): Rect {
  const written = new RectBuilder();
  const inner = style.kind === "outline" ? insetSpans(spans, style.width, corner) : undefined;
  for (let row = 0; row < spans.left.length; row += 1) {
    const y = spans.top + row;
    const left = spans.left[row] ?? 0;
    const right = spans.right[row] ?? -1;
    const innerLeft = inner?.left[row] ?? Infinity;
    const innerRight = inner?.right[row] ?? -Infinity;
    if (innerLeft > innerRight) {
      map.paintSpan(y, left, right, ink, written);
    } else {
      map.paintSpan(y, left, innerLeft - 1, ink, written);
      map.paintSpan(y, innerRight + 1, right, ink, written);
    }
  }
  return written.rect();
}

type Corner = "square" | "round";

/**
 * What is left of a shape after taking `width` pixels off its edge: erosion by a square or a disc.
 *
 * Shrinking the radii instead would leave gaps in the outline of flat ellipses.
 */
function insetSpans(spans: RowSpans, width: number, corner: Corner): RowSpans {
  const rows = spans.left.length;
  const reach = Math.max(1, Math.round(width));
  const left = new Float64Array(rows).fill(Infinity);
  const right = new Float64Array(rows).fill(-Infinity);
  for (let row = reach; row < rows - reach; row += 1) {
    let innerLeft = -Infinity;
    let innerRight = Infinity;
    for (let dy = -reach; dy <= reach; dy += 1) {
      const dx = corner === "square" ? reach : Math.floor(Math.sqrt(reach * reach - dy * dy));
      innerLeft = Math.max(innerLeft, (spans.left[row + dy] ?? 0) + dx);
      innerRight = Math.min(innerRight, (spans.right[row + dy] ?? 0) - dx);
    }
    left[row] = innerLeft;
    right[row] = innerRight;
  }
  return { top: spans.top, left, right };
}

/** What a tool shows over the canvas before anything is painted. */

import type { Point } from "./geometry.js";

/** Drawn by the surface over the picture; never part of the label map. Points are in image space. */
export type ToolPreview =
  | { readonly kind: "none" }
  /** The brush's outline; `size` is its diameter in image pixels. */
  | { readonly kind: "brush"; readonly pointInImage: Point; readonly size: number }
  /** A line being dragged, `size` wide. */
  | { readonly kind: "line"; readonly fromInImage: Point; readonly toInImage: Point; readonly size: number }
  /** A rectangle being dragged. */
  | { readonly kind: "rectangle"; readonly fromInImage: Point; readonly toInImage: Point }
  /** An ellipse being dragged. */
  | { readonly kind: "ellipse"; readonly fromInImage: Point; readonly toInImage: Point }
  /** The pixel that the fill or the eyedropper points at. */
  | { readonly kind: "pixel"; readonly pointInImage: Point };

/** Nothing to show. */
export const NO_PREVIEW: ToolPreview = { kind: "none" };

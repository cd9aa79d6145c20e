/** Draws a tool's preview over the canvas, in CSS pixels. */

import type { Point } from "./geometry.js";
import type { ToolPreview } from "./preview.js";
import { boxFromCorners } from "./shapes.js";
import { pointInCanvasFromImage, type View } from "./view.js";

/** Outlines are a dark line with a light one inside, so that they show on every colour. */
const OUTLINES: readonly { readonly color: string; readonly width: number }[] = [
  { color: "rgba(29, 26, 22, 0.85)", width: 3 },
  { color: "rgba(255, 253, 248, 0.95)", width: 1.25 },
];

/** Below this radius in CSS pixels the brush's outline gets a cross, to be found. */
const SMALLEST_RING = 3;

/** Draws nothing for `none`. The context's unit must be the CSS pixel. */
export function drawPreview(context: CanvasRenderingContext2D, preview: ToolPreview, view: View): void {
  const path = previewPath(preview, view);
  if (!path) return;
  context.setLineDash([]);
  for (const { color, width } of OUTLINES) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke(path);
  }
}

function previewPath(preview: ToolPreview, view: View): Path2D | undefined {
  switch (preview.kind) {
    case "none":
      return undefined;
    case "brush":
      return brushPath(pointInCanvasFromImage(view, preview.pointInImage), (preview.size * view.zoom) / 2);
    case "line":
      return linePath(
        pointInCanvasFromImage(view, preview.fromInImage),
        pointInCanvasFromImage(view, preview.toInImage),
      );
    case "rectangle":
    case "ellipse":
      return boxPath(preview, view);
    case "pixel":
      return crossPath(pointInCanvasFromImage(view, preview.pointInImage), 6);
  }
}

function brushPath(centre: Point, radius: number): Path2D {
  if (radius < SMALLEST_RING) return crossPath(centre, 6);
  const path = new Path2D();
  path.arc(centre.x, centre.y, radius, 0, 2 * Math.PI);
  return path;
}

function crossPath(centre: Point, reach: number): Path2D {
  const path = new Path2D();
  path.moveTo(centre.x - reach, centre.y);
  path.lineTo(centre.x + reach, centre.y);
  path.moveTo(centre.x, centre.y - reach);
  path.lineTo(centre.x, centre.y + reach);
  return path;
}

function linePath(from: Point, to: Point): Path2D {
  const path = new Path2D();
  path.moveTo(from.x, from.y);
  path.lineTo(to.x, to.y);
  return path;
}

function boxPath(preview: Extract<ToolPreview, { kind: "rectangle" | "ellipse" }>, view: View): Path2D {
  const box = boxFromCorners(preview.fromInImage, preview.toInImage);
  const corner = pointInCanvasFromImage(view, box);
  const width = box.width * view.zoom;
  const height = box.height * view.zoom;
  const path = new Path2D();
  if (preview.kind === "rectangle") path.rect(corner.x, corner.y, width, height);
  else path.ellipse(corner.x + width / 2, corner.y + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
  return path;
}

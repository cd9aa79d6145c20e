/** Round, hard-edged brush strokes: stamps, and segments without gaps between them. */

import { distance, type Point, type Rect } from "./geometry.js";
import type { Ink, LabelMap } from "./label-map.js";
import { RectBuilder } from "./rect-builder.js";

/** Smallest brush, in label-map pixels. */
export const MIN_BRUSH_SIZE = 1;
/** Largest brush, in label-map pixels. */
export const MAX_BRUSH_SIZE = 512;

/** Where a brush is and how large: `size` is its diameter in label-map pixels. */
export interface BrushSample {
  readonly pointInImage: Point;
  readonly size: number;
}

interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** Ties between a pixel centre and the disc's edge fall inward, the same on every side. */
const EDGE = 1e-7;

/**
 * Paints a round stamp.
 *
 * The size is rounded to whole pixels and the centre snapped to the grid (odd sizes to a pixel's centre, even ones
 * to a corner), so a size always has the same symmetrical shape; size 1 is the pixel under the point.
 */
export function stampBrush(map: LabelMap, sample: BrushSample, ink: Ink): Rect {
  return strokeSegment(map, sample, sample, ink);
}

/**
 * Paints everything that a brush covers on its straight way from one sample to the next, its size changing evenly.
 *
 * That is the convex hull of the two stamps: continuous at any speed. Size 1 is an 8-connected line of single pixels.
 */
export function strokeSegment(map: LabelMap, from: BrushSample, to: BrushSample, ink: Ink): Rect {
  const start = snappedDisc(from);
  const end = snappedDisc(to);
  if (start.radius === 0.5 && end.radius === 0.5) return thinLine(map, start, end, ink);
  return paintHull(map, start, end, ink);
}

/** Paints a straight line of even width, with round ends. */
export function paintLine(map: LabelMap, from: Point, to: Point, width: number, ink: Ink): Rect {
  return strokeSegment(map, { pointInImage: from, size: width }, { pointInImage: to, size: width }, ink);
}

/** Brush size in whole label-map pixels, within the sizes there are. */
export function clampBrushSize(size: number): number {
  if (Number.isNaN(size)) return MIN_BRUSH_SIZE;
  return Math.min(MAX_BRUSH_SIZE, Math.max(MIN_BRUSH_SIZE, Math.round(size)));
}

function snappedDisc({ pointInImage, size }: BrushSample): Disc {
  const whole = clampBrushSize(size);
  const snap = whole % 2 === 1 ? (value: number) => Math.floor(value) + 0.5 : Math.round;
  return { x: snap(pointInImage.x), y: snap(pointInImage.y), radius: whole / 2 };
}

/** Bresenham's line between the two pixels. */
function thinLine(map: LabelMap, start: Disc, end: Disc, ink: Ink): Rect {
  const written = new RectBuilder();
  let x = Math.floor(start.x);
  let y = Math.floor(start.y);
  const lastX = Math.floor(end.x);
  const lastY = Math.floor(end.y);
  const dx = Math.abs(lastX - x);
  const dy = -Math.abs(lastY - y);
  const stepX = x < lastX ? 1 : -1;
  const stepY = y < lastY ? 1 : -1;
  let error = dx + dy;
  for (;;) {
    map.paintSpan(y, x, x, ink, written);
    if (x === lastX && y === lastY) return written.rect();
    const doubled = 2 * error;
    if (doubled >= dy) {
      error += dy;
      x += stepX;
    }
    if (doubled <= dx) {
      error += dx;
      y += stepY;
    }
  }
}

/** Paints two discs and the quadrilateral between their outer tangents: each row of that is one span. */
function paintHull(map: LabelMap, start: Disc, end: Disc, ink: Ink): Rect {
  const written = new RectBuilder();
  const corners = tangentCorners(start, end);
  const top = Math.max(0, Math.ceil(Math.min(start.y - start.radius, end.y - end.radius) - 0.5 - EDGE));
  const bottom = Math.min(
    map.height - 1,
    Math.floor(Math.max(start.y + start.radius, end.y + end.radius) - 0.5 + EDGE),
  );
  const span: Span = { left: 0, right: 0 };
  for (let y = top; y <= bottom; y += 1) {
    span.left = Infinity;
    span.right = -Infinity;
    const rowCentre = y + 0.5;
    addDisc(span, start, rowCentre);
    addDisc(span, end, rowCentre);
    addQuadrilateral(span, corners, rowCentre);
    map.paintSpan(y, Math.ceil(span.left - 0.5 - EDGE), Math.floor(span.right - 0.5 + EDGE), ink, written);
  }
  return written.rect();
}

interface Span {
  left: number;
  right: number;
}

function addDisc(span: Span, disc: Disc, rowCentre: number): void {
  const dy = rowCentre - disc.y;
  const squared = disc.radius * disc.radius - dy * dy;
  if (squared < 0) return;
  const half = Math.sqrt(squared);
  if (disc.x - half < span.left) span.left = disc.x - half;
  if (disc.x + half > span.right) span.right = disc.x + half;
}

function addQuadrilateral(span: Span, corners: readonly Point[], rowCentre: number): void {
  let previous = corners[corners.length - 1];
  for (const corner of corners) {
    if (previous !== undefined && corner.y !== previous.y) {
      const along = (rowCentre - previous.y) / (corner.y - previous.y);
      if (along >= 0 && along <= 1) {
        const x = previous.x + along * (corner.x - previous.x);
        if (x < span.left) span.left = x;
        if (x > span.right) span.right = x;
      }
    }
    previous = corner;
  }
}

/** Where the outer tangents touch the discs; none when one disc holds the other. */
function tangentCorners(start: Disc, end: Disc): readonly Point[] {
  const length = distance(start, end);
  const difference = start.radius - end.radius;
  if (length <= Math.abs(difference)) return [];
  const alongX = (end.x - start.x) / length;
  const alongY = (end.y - start.y) / length;
  const sine = difference / length;
  const cosine = Math.sqrt(1 - sine * sine);
  const touch = (disc: Disc, side: number): Point => ({
    x: disc.x + disc.radius * (alongX * sine - side * alongY * cosine),
    y: disc.y + disc.radius * (alongY * sine + side * alongX * cosine),
  });
  return [touch(start, 1), touch(end, 1), touch(end, -1), touch(start, -1)];
}

/** Zoom and pan as a plain value: where the image lies in the canvas. */

import { distance, midpoint, type Point, type Size } from "./geometry.js";

/** Where the image lies: `pointInCanvas = pointInImage * zoom + offset`, in CSS pixels. */
export interface View {
  /** CSS pixels per image pixel, above 0. */
  readonly zoom: number;
  /** The image's top-left corner in the canvas, in CSS pixels. */
  readonly offsetX: number;
  readonly offsetY: number;
}

/** Two touching points. */
export type PointPair = readonly [Point, Point];

/** Most CSS pixels per image pixel. */
export const MAX_ZOOM = 64;
/** Fewest CSS pixels on the image's longer side: the smallest it can be zoomed to. */
const MIN_IMAGE_SIDE = 64;
/** CSS pixels of the image that panning always leaves in sight. */
const KEPT_IN_SIGHT = 48;

/** The view that shows image pixels at their own size at the canvas's corner. */
export const IDENTITY_VIEW: View = { zoom: 1, offsetX: 0, offsetY: 0 };

/** Image point under a canvas point. */
export function pointInImageFromCanvas(view: View, pointInCanvas: Point): Point {
  return { x: (pointInCanvas.x - view.offsetX) / view.zoom, y: (pointInCanvas.y - view.offsetY) / view.zoom };
}

/** Canvas point over an image point. */
export function pointInCanvasFromImage(view: View, pointInImage: Point): Point {
  return { x: pointInImage.x * view.zoom + view.offsetX, y: pointInImage.y * view.zoom + view.offsetY };
}

/** The whole image, centred, as large as fits with `padding` CSS pixels around it. */
export function fitView(image: Size, canvas: Size, padding = 0): View {
  const width = Math.max(1, canvas.width - 2 * padding);
  const height = Math.max(1, canvas.height - 2 * padding);
  const zoom = Math.min(width / image.width, height / image.height, MAX_ZOOM);
  return centredView(image, canvas, zoom);
}

/** The image centred at a zoom. */
export function centredView(image: Size, canvas: Size, zoom: number): View {
  return {
    zoom,
    offsetX: (canvas.width - image.width * zoom) / 2,
    offsetY: (canvas.height - image.height * zoom) / 2,
  };
}

/** Multiplies the zoom by `factor`; what is under `pointInCanvas` stays there. */
export function zoomAt(view: View, factor: number, pointInCanvas: Point, image: Size): View {
  const zoom = clampZoom(view.zoom * factor, image);
  const pointInImage = pointInImageFromCanvas(view, pointInCanvas);
  return {
    zoom,
    offsetX: pointInCanvas.x - pointInImage.x * zoom,
    offsetY: pointInCanvas.y - pointInImage.y * zoom,
  };
}

/** Moves the image by CSS pixels. */
export function panBy(view: View, dx: number, dy: number): View {
  return { zoom: view.zoom, offsetX: view.offsetX + dx, offsetY: view.offsetY + dy };
}

/** Two fingers moved from `startInCanvas` to `nowInCanvas`: what lies under each stays under it. */
export function pinchView(start: View, startInCanvas: PointPair, nowInCanvas: PointPair, image: Size): View {
  const startDistance = Math.max(1, distance(...startInCanvas));
  const factor = Math.max(1, distance(...nowInCanvas)) / startDistance;
  const from = midpoint(...startInCanvas);
  const to = midpoint(...nowInCanvas);
  return panBy(zoomAt(start, factor, from, image), to.x - from.x, to.y - from.y);
}

/** Zoom within its limits: the image's longer side keeps 64 CSS pixels, an image pixel at most 64. */
export function clampZoom(zoom: number, image: Size): number {
  const smallest = Math.min(MIN_IMAGE_SIDE / Math.max(image.width, image.height), 1);
  if (!Number.isFinite(zoom)) return smallest;
  return Math.min(MAX_ZOOM, Math.max(smallest, zoom));
}

/** Keeps zoom within limits and some of the image in sight. */
export function clampView(view: View, image: Size, canvas: Size): View {
  const zoom = clampZoom(view.zoom, image);
  return {
    zoom,
    offsetX: clampOffset(view.offsetX, image.width * zoom, canvas.width),
    offsetY: clampOffset(view.offsetY, image.height * zoom, canvas.height),
  };
}

/** Whether the whole image is in sight. */
export function isWholeImageVisible(view: View, image: Size, canvas: Size): boolean {
  return (
    view.offsetX >= -0.5 &&
    view.offsetY >= -0.5 &&
    view.offsetX + image.width * view.zoom <= canvas.width + 0.5 &&
    view.offsetY + image.height * view.zoom <= canvas.height + 0.5
  );
}

function clampOffset(offset: number, imageLength: number, canvasLength: number): number {
  if (!Number.isFinite(offset)) return (canvasLength - imageLength) / 2;
  const kept = Math.min(KEPT_IN_SIGHT, imageLength, canvasLength);
  return Math.min(canvasLength - kept, Math.max(kept - imageLength, offset));
}

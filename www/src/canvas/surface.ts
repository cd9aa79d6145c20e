/** Draws one pane: the painted labels, the generated picture or both, and the tool's preview. */

import { ColorLayer } from "./color-layer.js";
import { drawPreview } from "./draw-preview.js";
import type { Rect, Size } from "./geometry.js";
import type { Ink, LabelClass, LabelMap } from "./label-map.js";
import { ObjectOutlines } from "./object-outlines.js";
import { NO_PREVIEW, type ToolPreview } from "./preview.js";
import { IDENTITY_VIEW, type View } from "./view.js";

/** What a pane shows. `overlay` is the labels with the picture over them, see-through. */
export type SurfaceContent = "label" | "picture" | "overlay";

/** Colours of what is not the picture, as CSS colours. */
export interface SurfaceTheme {
  /** Around the image. */
  readonly outside: string;
  /** The two colours of the checks shown where there is no picture yet. */
  readonly checks: readonly [string, string];
  /** Hairline around the image. */
  readonly frame: string;
}

/** What to draw; a plain value. */
export interface SurfaceScene {
  readonly content: SurfaceContent;
  readonly view: View;
  /** Opacity of the picture over the labels with `overlay`, 0 to 1. */
  readonly overlayOpacity: number;
  readonly preview: ToolPreview;
  readonly theme: SurfaceTheme;
  /** Outlines of objects over the labels, one of them standing out; undefined for none. */
  readonly outlines?: { readonly chosen: Ink | undefined } | undefined;
}

/** A warm neutral ground. */
export const DEFAULT_SURFACE_THEME: SurfaceTheme = {
  outside: "#e9e1d3",
  checks: ["#efe8db", "#e2d8c6"],
  frame: "rgba(29, 26, 22, 0.25)",
};

/** The scene of a fresh surface. */
export const DEFAULT_SURFACE_SCENE: SurfaceScene = {
  content: "label",
  view: IDENTITY_VIEW,
  overlayOpacity: 0.5,
  preview: NO_PREVIEW,
  theme: DEFAULT_SURFACE_THEME,
};

/**
 * From this zoom on, pictures show their pixels; below it they are smoothed, as photos are.
 *
 * Labels are never smoothed when enlarged: their edges are where they are painted.
 */
const PIXELS_FROM_ZOOM = 6;

/** Outlines of objects, from below: dark under light shows on every colour. Widths in CSS pixels. */
const OUTLINES = [
  { of: "all", width: 3, color: "rgba(29, 26, 22, 0.55)" },
  { of: "all", width: 1, color: "rgba(255, 253, 248, 0.9)" },
  { of: "chosen", width: 5, color: "rgba(29, 26, 22, 0.9)" },
  { of: "chosen", width: 2.5, color: "#ffc247" },
] as const;

/** Side of a check, in CSS pixels. */
const CHECK_SIDE = 8;

/**
 * Draws on one canvas element.
 *
 * Setters only remember; `draw()` draws, so the owner calls it at most once per animation frame. Nothing is looked up
 * in the document; the size is told by `resize`.
 */
export class Surface {
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly labels = new ColorLayer();
  private readonly outlines = new ObjectOutlines();
  private readonly picture = new PictureLayer();
  private imageSize: Size | undefined;
  private sizeInCanvas: Size = { width: 0, height: 0 };
  private devicePixelRatio = 1;
  private checks: { readonly key: string; readonly pattern: CanvasPattern | null } | undefined;

  /** @throws Error when the canvas gives no 2D context (it has another kind already). */
  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("surface: the canvas gave no 2D context; it may already have another kind");
    this.canvas = canvas;
    this.context = context;
  }

  /** Size of the canvas in CSS pixels; its backing store gets `devicePixelRatio` times as many. */
  resize(width: number, height: number, devicePixelRatio: number): void {
    this.sizeInCanvas = { width, height };
    this.devicePixelRatio = devicePixelRatio;
    const pixelsX = Math.max(1, Math.round(width * devicePixelRatio));
    const pixelsY = Math.max(1, Math.round(height * devicePixelRatio));
    if (this.canvas.width !== pixelsX) this.canvas.width = pixelsX;
    if (this.canvas.height !== pixelsY) this.canvas.height = pixelsY;
  }

  /** Size of the canvas in CSS pixels, as last told by `resize`. */
  get size(): Size {
    return this.sizeInCanvas;
  }

  /** The map to show (its ids are read at `draw`) and the colours of its classes. Costs nothing when both are the same. */
  setMap(map: LabelMap | undefined, classes: readonly LabelClass[]): void {
    this.labels.setMap(map);
    this.outlines.setMap(map);
    this.labels.setClasses(classes);
    if (map) this.imageSize = { width: map.width, height: map.height };
  }

  /** Ids in this rectangle of the map have changed. */
  markStale(rect: Rect): void {
    this.labels.markStale(rect);
    this.outlines.markStale(rect);
  }

  /** The picture to show, stretched over the image's area; undefined for none yet. */
  setPicture(picture: ImageData | ImageBitmap | undefined): void {
    this.picture.set(picture);
    if (picture && !this.imageSize) this.imageSize = { width: picture.width, height: picture.height };
  }

  /** Size that the view's image space has; that of the map unless said otherwise (photo models have no map). */
  setImageSize(size: Size): void {
    this.imageSize = size;
  }

  /** Draws everything. */
  draw(scene: SurfaceScene): void {
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = scene.theme.outside;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.imageSize) return;
    this.drawImage(scene, this.imageSize);
    if (scene.outlines && scene.content !== "picture") this.drawOutlines(scene.view, scene.outlines.chosen);
    this.useCanvasSpace();
    drawPreview(context, scene.preview, scene.view);
  }

  private drawImage(scene: SurfaceScene, imageSize: Size): void {
    const { context } = this;
    const box = this.imageBox(scene.view, imageSize);
    const labels = scene.content === "picture" ? undefined : this.labels.render();
    const picture = scene.content === "label" ? undefined : this.picture.source();
    if (!picture && scene.content === "picture") this.drawChecks(box, scene.theme);
    if (labels) this.drawLayer(labels, box, 1, labels.width > box.width);
    if (picture) {
      const opacity = scene.content === "overlay" ? scene.overlayOpacity : 1;
      this.drawLayer(picture, box, opacity, scene.view.zoom < PIXELS_FROM_ZOOM);
    }
    context.strokeStyle = scene.theme.frame;
    context.lineWidth = 1;
    context.strokeRect(box.x - 0.5, box.y - 0.5, box.width + 1, box.height + 1);
  }

  /** Objects' edges, thin at any zoom. */
  private drawOutlines(view: View, chosen: Ink | undefined): void {
    const { context, devicePixelRatio: ratio } = this;
    this.outlines.choose(chosen);
    const scale = view.zoom * ratio;
    const shown = {
      x: Math.floor(-view.offsetX / view.zoom),
      y: Math.floor(-view.offsetY / view.zoom),
      width: Math.ceil(this.canvas.width / scale) + 1,
      height: Math.ceil(this.canvas.height / scale) + 1,
    };
    const paths = this.outlines.pathsIn(shown);
    context.setTransform(scale, 0, 0, scale, view.offsetX * ratio, view.offsetY * ratio);
    context.setLineDash([]);
    context.lineCap = "square";
    for (const { of, width, color } of OUTLINES) {
      context.strokeStyle = color;
      context.lineWidth = (width * ratio) / scale;
      for (const path of paths[of]) context.stroke(path);
    }
    context.lineCap = "butt";
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  private drawLayer(layer: CanvasImageSource & Size, box: Rect, opacity: number, smooth: boolean): void {
    const { context } = this;
    context.globalAlpha = Math.min(1, Math.max(0, opacity));
    context.imageSmoothingEnabled = smooth;
    // "high" costs several times as much when shrinking, and shows no more there.
    context.imageSmoothingQuality = box.width < layer.width ? "medium" : "high";
    context.drawImage(layer, box.x, box.y, box.width, box.height);
    context.globalAlpha = 1;
  }

  /** The image's area in device pixels, its edges on whole ones so that they stay sharp. */
  private imageBox(view: View, imageSize: Size): Rect {
    const ratio = this.devicePixelRatio;
    const x = Math.round(view.offsetX * ratio);
    const y = Math.round(view.offsetY * ratio);
    const right = Math.round((view.offsetX + imageSize.width * view.zoom) * ratio);
    const bottom = Math.round((view.offsetY + imageSize.height * view.zoom) * ratio);
    return { x, y, width: Math.max(1, right - x), height: Math.max(1, bottom - y) };
  }

  private drawChecks(box: Rect, theme: SurfaceTheme): void {
    const key = `${theme.checks.join()} ${this.devicePixelRatio}`;
    if (this.checks?.key !== key) {
      const side = Math.max(1, Math.round(CHECK_SIDE * this.devicePixelRatio));
      this.checks = { key, pattern: this.context.createPattern(checkTile(theme.checks, side), "repeat") };
    }
    this.context.fillStyle = this.checks.pattern ?? theme.checks[0];
    this.context.fillRect(box.x, box.y, box.width, box.height);
  }

  private useCanvasSpace(): void {
    this.context.setTransform(this.devicePixelRatio, 0, 0, this.devicePixelRatio, 0, 0);
  }
}

/** Holds the picture in a form that a canvas can draw. */
class PictureLayer {
  private canvas: OffscreenCanvas | undefined;
  private shown: ImageData | ImageBitmap | undefined;
  private current: (CanvasImageSource & Size) | undefined;

  set(picture: ImageData | ImageBitmap | undefined): void {
    if (picture === this.shown) return;
    this.shown = picture;
    if (!picture || !(picture instanceof ImageData)) {
      this.current = picture;
      return;
    }
    const { width, height } = picture;
    if (this.canvas?.width !== width || this.canvas.height !== height) {
      this.canvas = new OffscreenCanvas(width, height);
    }
    this.canvas.getContext("2d")?.putImageData(picture, 0, 0);
    this.current = this.canvas;
  }

  source(): (CanvasImageSource & Size) | undefined {
    return this.current;
  }
}

function checkTile(colors: readonly [string, string], side: number): OffscreenCanvas {
  const tile = new OffscreenCanvas(2 * side, 2 * side);
  const context = tile.getContext("2d");
  if (!context) return tile;
  context.fillStyle = colors[0];
  context.fillRect(0, 0, 2 * side, 2 * side);
  context.fillStyle = colors[1];
  context.fillRect(0, 0, side, side);
  context.fillRect(side, side, side, side);
  return tile;
}

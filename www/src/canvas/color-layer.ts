/** A label map in its classes' colours, kept as pixels; only what changed is coloured again. */

import { EMPTY_RECT, intersectRects, isEmptyRect, rectOfSize, unionRects, type Rect } from "./geometry.js";
import type { LabelClass, LabelMap } from "./label-map.js";

/** Colour of ids that the palette does not have: a loud magenta, so that it is seen. */
const UNKNOWN_COLOR: readonly [number, number, number] = [255, 0, 255];

/** The colours of ids 0 to 255 as RGBA words in this machine's byte order, alpha 255. */
export function paletteWords(classes: readonly LabelClass[]): Uint32Array {
  const bytes = new Uint8Array(256 * 4);
  for (let id = 0; id < 256; id += 1) bytes.set([...UNKNOWN_COLOR, 255], id * 4);
  for (const { id, color } of classes) bytes.set([...color, 255], id * 4);
  return new Uint32Array(bytes.buffer);
}

/** Writes the colours of the pixels in `rect`; `words` has one RGBA word per pixel of the map. */
export function colorPixels(map: LabelMap, palette: Uint32Array, rect: Rect, words: Uint32Array): void {
  const { ids, width } = map;
  for (let y = rect.y; y < rect.y + rect.height; y += 1) {
    const end = y * width + rect.x + rect.width;
    for (let index = y * width + rect.x; index < end; index += 1) {
      words[index] = palette[ids[index] ?? 0] ?? 0;
    }
  }
}

/** The whole map as RGBA bytes, `width * height * 4`, alpha 255. Also what image models with a palette are given. */
export function rgbaFromLabelMap(map: LabelMap, classes: readonly LabelClass[]): Uint8ClampedArray<ArrayBuffer> {
  const words = new Uint32Array(map.width * map.height);
  colorPixels(map, paletteWords(classes), rectOfSize(map), words);
  return new Uint8ClampedArray(words.buffer);
}

/** Keeps the coloured pixels of one label map on a canvas of the map's size. */
export class ColorLayer {
  private readonly canvas = new OffscreenCanvas(1, 1);
  private readonly context = this.canvas.getContext("2d");
  private classes: readonly LabelClass[] = [];
  private palette = paletteWords([]);
  private map: LabelMap | undefined;
  private image: ImageData | undefined;
  private words = new Uint32Array(0);
  private stale: Rect = EMPTY_RECT;

  /** Colours by class; everything is coloured again when it is another list. */
  setClasses(classes: readonly LabelClass[]): void {
    if (classes === this.classes) return;
    this.classes = classes;
    this.palette = paletteWords(classes);
    if (this.map) this.stale = rectOfSize(this.map);
  }

  /** Another map, or none. */
  setMap(map: LabelMap | undefined): void {
    if (map === this.map) return;
    this.map = map;
    if (!map) return;
    if (this.image?.width !== map.width || this.image.height !== map.height) {
      this.canvas.width = map.width;
      this.canvas.height = map.height;
      this.image = new ImageData(map.width, map.height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    this.stale = rectOfSize(map);
  }

  /** The ids in this rectangle have changed. */
  markStale(rect: Rect): void {
    if (this.map) this.stale = unionRects(this.stale, intersectRects(rect, rectOfSize(this.map)));
  }

  /** The coloured map, up to date; undefined without a map. */
  render(): OffscreenCanvas | undefined {
    const { map, image, context, stale } = this;
    if (!map || !image || !context) return undefined;
    if (!isEmptyRect(stale)) {
      colorPixels(map, this.palette, stale, this.words);
      context.putImageData(image, 0, 0, stale.x, stale.y, stale.width, stale.height);
      this.stale = EMPTY_RECT;
    }
    return this.canvas;
  }
}

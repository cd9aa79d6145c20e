/** Finds ids from the colours of a painted label map. */

import { BACKGROUND_ID, type LabelClass } from "../canvas/label-map.js";
import { FileError } from "./file-error.js";
import type { PngImage } from "./png-reader.js";

/**
 * Furthest that a colour may be from a class's colour to be taken for it: Euclidean distance of 0-to-255 values.
 *
 * Enough for a colour picked by eye or shifted by a profile; far less than between two classes.
 */
export const COLOR_TOLERANCE = 24;

/** Alpha below this is background. */
const OPAQUE_FROM = 128;

/** Ids of an RGB or RGBA image. */
export interface ColorIds {
  readonly ids: Uint8Array;
  /** Pixels whose colour was near a class's, not equal. */
  readonly approximated: number;
}

/**
 * What becomes of a colour that is near no class's: `exact` refuses the file; `nearest` gives the pixel a label all the
 * same, as soft edges and compressed pictures need it.
 */
export type ColorMatch = "exact" | "nearest";

/** How far from sure pixels a soft edge is taken to reach, in pixels. */
const SOFT_EDGE = 4;

/**
 * Takes every pixel's colour for the class with that colour, or with the nearest within `COLOR_TOLERANCE`.
 *
 * With `nearest`, a pixel beyond that takes the label among its neighbours' whose colour is nearest: between sky and
 * meadow an edge is one of the two, whatever class its mixed colour resembles. Pixels far from any sure one take the
 * nearest colour of all.
 *
 * @throws FileError `unknown-color` with the first colour that is near none, where it is, and the nearest class; never
 *   with `nearest`.
 */
export function idsFromColors(
  image: PngImage,
  classes: readonly LabelClass[],
  name: string,
  match: ColorMatch = "exact",
): ColorIds {
  const { samples, channels, width, height } = image;
  const ids = new Uint8Array(width * height);
  const found = new Map<number, NearestClass>();
  const unsure: number[] = [];
  let approximated = 0;
  for (let index = 0; index < ids.length; index += 1) {
    if (channels === 4 && (samples[index * channels + 3] ?? 0) < OPAQUE_FROM) {
      ids[index] = BACKGROUND_ID;
      continue;
    }
    const color = colorAt(image, index);
    let nearest = found.get(color);
    if (!nearest) {
      nearest = nearestClass(color, classes);
      found.set(color, nearest);
    }
    if (nearest.distance > COLOR_TOLERANCE) {
      if (match === "exact") throw unknownColor(color, index, nearest, image, name);
      unsure.push(index);
    }
    ids[index] = nearest.id;
    if (nearest.distance > 0) approximated += 1;
  }
  settle(unsure, ids, image, classes);
  return { ids, approximated };
}

/** Gives pixels of mixed colours one of their neighbours' labels, from the sure ones outwards. */
function settle(unsure: readonly number[], ids: Uint8Array, image: PngImage, classes: readonly LabelClass[]): void {
  const byId = new Map(classes.map((entry) => [entry.id, entry]));
  const isUnsure = new Uint8Array(unsure.length > 0 ? ids.length : 0);
  for (const index of unsure) isUnsure[index] = 1;
  let rest = unsure;
  for (let pass = 0; pass < SOFT_EDGE && rest.length > 0; pass += 1) {
    const settled: [index: number, id: number][] = [];
    rest = rest.filter((index) => {
      const around = neighbours(index, image).filter((neighbour) => isUnsure[neighbour] === 0);
      const candidates = [...new Set(around.map((neighbour) => ids[neighbour] ?? 0))].flatMap(
        (id) => byId.get(id) ?? [],
      );
      if (candidates.length === 0) return true;
      settled.push([index, nearestClass(colorAt(image, index), candidates).id]);
      return false;
    });
    for (const [index, id] of settled) {
      ids[index] = id;
      isUnsure[index] = 0;
    }
  }
}

function neighbours(index: number, { width, height }: PngImage): number[] {
  const [column, row] = [index % width, Math.floor(index / width)];
  const found: number[] = [];
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y += 1) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x += 1) found.push(y * width + x);
  }
  return found;
}

/** Red, green and blue in one number. */
function colorAt({ samples, channels }: PngImage, index: number): number {
  const at = index * channels;
  return ((samples[at] ?? 0) << 16) | ((samples[at + 1] ?? 0) << 8) | (samples[at + 2] ?? 0);
}

interface NearestClass {
  readonly id: number;
  readonly name: string;
  readonly distance: number;
}

function nearestClass(color: number, classes: readonly LabelClass[]): NearestClass {
  let nearest: NearestClass = { id: BACKGROUND_ID, name: "", distance: Infinity };
  for (const {
    id,
    name,
    color: [red, green, blue],
  } of classes) {
    const distance = Math.hypot((color >> 16) - red, ((color >> 8) & 255) - green, (color & 255) - blue);
    if (distance < nearest.distance) nearest = { id, name, distance };
  }
  return nearest;
}

function unknownColor(color: number, index: number, nearest: NearestClass, image: PngImage, name: string): FileError {
  const x = index % image.width;
  const y = Math.floor(index / image.width);
  const hex = `#${color.toString(16).padStart(6, "0")}`;
  const message =
    `${name} has a colour that none of the model's classes has: ${hex} at ${x}, ${y}. ` +
    `The nearest is “${nearest.name}”. Paint with the classes' own colours and without soft edges.`;
  return new FileError("unknown-color", message, { name, color: hex, x, y, nearest: nearest.name });
}

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
 * Takes every pixel's colour for the class with that colour, or with the nearest within `COLOR_TOLERANCE`.
 *
 * @throws FileError `unknown-color` with the first colour that is near none, where it is, and the nearest class.
 */
export function idsFromColors(image: PngImage, classes: readonly LabelClass[], name: string): ColorIds {
  const { samples, channels, width, height } = image;
  const ids = new Uint8Array(width * height);
  const found = new Map<number, NearestClass>();
  let approximated = 0;
  for (let index = 0; index < ids.length; index += 1) {
    const at = index * channels;
    if (channels === 4 && (samples[at + 3] ?? 0) < OPAQUE_FROM) {
      ids[index] = BACKGROUND_ID;
      continue;
    }
    const color = ((samples[at] ?? 0) << 16) | ((samples[at + 1] ?? 0) << 8) | (samples[at + 2] ?? 0);
    let nearest = found.get(color);
    if (!nearest) {
      nearest = nearestClass(color, classes);
      if (nearest.distance > COLOR_TOLERANCE) throw unknownColor(color, index, nearest, image, name);
      found.set(color, nearest);
    }
    ids[index] = nearest.id;
    if (nearest.distance > 0) approximated += 1;
  }
  return { ids, approximated };
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

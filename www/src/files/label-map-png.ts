/** Label maps as PNG files: ids and colours, both ways. */

import { LabelMap, resizeLabelMap, type LabelClass } from "../canvas/label-map.js";
import type { Size } from "../canvas/geometry.js";
import { labelsFromCityscapes } from "../canvas/instance-map.js";
import { paletteWords } from "../canvas/color-layer.js";
import { FileError } from "./file-error.js";
import { idsFromColors, type ColorMatch } from "./label-colors.js";
import { PNG_COLOR } from "./png-format.js";
import { isDeepGreyPng } from "./png-header.js";
import { decodePng, decodePngNumbers, type PngImage } from "./png-reader.js";
import { encodePng } from "./png-writer.js";

/**
 * How a file's pixels were understood.
 *
 * `indices`: an indexed file's indices are ids. `palette-colors`: an indexed file whose colours are all the model's, in
 * another order, as picture editors write it: its colours count. `grey`: grey values are ids. `colors`: painted in the
 * classes' colours. `cityscapes`: 16-bit grey with classes and objects by Cityscapes' rule (`canvas/instance-map.ts`).
 */
export type Interpretation = "indices" | "palette-colors" | "grey" | "colors" | "cityscapes";

/** A label map as a file has it. */
export interface ReadLabelMap {
  /** At the file's size; every id is one of the classes'. */
  readonly map: LabelMap;
  readonly interpretation: Interpretation;
  /** Pixels whose colour was not a class's, and that took one all the same. */
  readonly approximated: number;
}

/** A label map from a file, at the asked size. */
export interface OpenedLabelMap extends ReadLabelMap {
  /** The file's size where it was another; the map was then resized to the nearest pixel. */
  readonly resizedFrom: Size | undefined;
}

/** Largest file that is opened, in bytes: 128 MiB. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;

/**
 * Opens a label map at a size.
 *
 * @param size of the model's label maps.
 * @param objects whether the model tells objects apart.
 * @throws FileError as `readLabelMapPng` does.
 */
export async function openLabelMapPng(
  file: Blob,
  name: string,
  classes: readonly LabelClass[],
  size: Size,
  objects = false,
): Promise<OpenedLabelMap> {
  const read = await readLabelMapPng(file, name, classes, "exact", objects);
  const { width, height } = read.map;
  if (width === size.width && height === size.height) return { ...read, resizedFrom: undefined };
  return { ...read, map: resizeLabelMap(read.map, size.width, size.height), resizedFrom: { width, height } };
}

/**
 * Reads a label map at its own size.
 *
 * Transparent pixels of colour files are background. Other files than PNG are refused: they change the pixels.
 *
 * @param name of the file, for messages.
 * @param colors whether colours that no class has are refused, or take the nearest label.
 * @param objects whether 16-bit grey is read, by Cityscapes' rule.
 * @throws FileError naming the file: `not-png`, `png-damaged`, `png-16-bit`, `png-interlaced`, `too-large-image`,
 *   `unknown-class` (with how many pixels, the first id and where) or `unknown-color` (with the first colour and where).
 */
export async function readLabelMapPng(
  file: Blob,
  name: string,
  classes: readonly LabelClass[],
  colors: ColorMatch = "exact",
  objects = false,
): Promise<ReadLabelMap> {
  if (file.size > MAX_FILE_BYTES) {
    const megabytes = Math.round(file.size / 1e6);
    throw new FileError("too-large-image", `${name} is too large for a label map: ${megabytes} MB.`, {
      name,
      megabytes,
    });
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (objects && isDeepGreyPng(bytes)) return readCityscapes(bytes, name, classes);
  const image = await decodePng(bytes, name);
  const { ids, interpretation, approximated } = idsFromImage(image, classes, name, colors);
  checkIds(ids, image.width, classes, name);
  return { map: new LabelMap(image.width, image.height, ids), interpretation, approximated };
}

async function readCityscapes(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  classes: readonly LabelClass[],
): Promise<ReadLabelMap> {
  const { width, height, numbers } = await decodePngNumbers(bytes, name);
  const { ids, objects } = labelsFromCityscapes(numbers);
  checkIds(ids, width, classes, name);
  const map = new LabelMap(width, height, Uint8Array.from(ids), objects);
  return { map, interpretation: "cityscapes", approximated: 0 };
}

/** An indexed PNG: the indices are the ids, PLTE holds the classes' colours. */
export async function encodeLabelMapPng(map: LabelMap, classes: readonly LabelClass[]): Promise<Blob> {
  const colors = rgbOfIds(classes);
  const count = Math.max(
    1,
    ...classes.map((entry) => entry.id + 1),
    map.ids.reduce((top, id) => Math.max(top, id), 0) + 1,
  );
  const palette = colors.slice(0, count);
  const bytes = await encodePng({ kind: "indexed", width: map.width, height: map.height, samples: map.ids, palette });
  return new Blob([bytes], { type: "image/png" });
}

/** An RGB PNG in the classes' colours. */
export async function encodeColorPng(map: LabelMap, classes: readonly LabelClass[]): Promise<Blob> {
  const colors = rgbOfIds(classes);
  const samples = new Uint8Array(map.ids.length * 3);
  map.ids.forEach((id, index) => samples.set(colors[id] ?? [0, 0, 0], index * 3));
  const bytes = await encodePng({ kind: "rgb", width: map.width, height: map.height, samples });
  return new Blob([bytes], { type: "image/png" });
}

function rgbOfIds(classes: readonly LabelClass[]): [number, number, number][] {
  const bytes = new Uint8Array(paletteWords(classes).buffer);
  return Array.from({ length: 256 }, (_, id) => [bytes[id * 4] ?? 0, bytes[id * 4 + 1] ?? 0, bytes[id * 4 + 2] ?? 0]);
}

function idsFromImage(image: PngImage, classes: readonly LabelClass[], name: string, match: ColorMatch) {
  const { colorType, samples, channels } = image;
  if (colorType === PNG_COLOR.indexed) {
    const byColor = idsFromPalette(image, classes);
    if (!byColor) return { ids: samples, interpretation: "indices" as const, approximated: 0 };
    return {
      ids: samples.map((index) => byColor[index] ?? 0),
      interpretation: "palette-colors" as const,
      approximated: 0,
    };
  }
  if (channels < 3) {
    const ids = channels === 1 ? samples : samples.filter((_, index) => index % 2 === 0);
    return { ids, interpretation: "grey" as const, approximated: 0 };
  }
  return { ...idsFromColors(image, classes, name, match), interpretation: "colors" as const };
}

/**
 * Ids by index where every used index has exactly a class's colour, and not the one of that id; undefined where indices
 * are ids.
 */
function idsFromPalette({ samples, palette }: PngImage, classes: readonly LabelClass[]): number[] | undefined {
  const key = (color: readonly number[]) => color.join();
  const colorOfId = new Map(classes.map((entry) => [entry.id, key(entry.color)]));
  const idOfColor = new Map([...classes].reverse().map((entry) => [key(entry.color), entry.id]));
  const ids: number[] = [];
  let differs = false;
  for (const index of new Set(samples)) {
    const color = palette[index];
    const id = color && idOfColor.get(key(color));
    if (id === undefined || !color) return undefined;
    const same = colorOfId.get(index) === key(color);
    ids[index] = same ? index : id;
    differs ||= !same;
  }
  return differs ? ids : undefined;
}

function checkIds(ids: Uint8Array | Uint16Array, width: number, classes: readonly LabelClass[], name: string): void {
  const known = new Set(classes.map((entry) => entry.id));
  let first = -1;
  let count = 0;
  ids.forEach((id, index) => {
    if (known.has(id)) return;
    if (first < 0) first = index;
    count += 1;
  });
  if (first < 0) return;
  const x = first % width;
  const y = Math.floor(first / width);
  const id = ids[first] ?? 0;
  const message =
    `${name} has ${count} pixels of classes that this model does not have: the first is ${id}, at ${x}, ${y}. ` +
    `The model has ${classes.length} classes, with ids ${idRange(classes)}.`;
  throw new FileError("unknown-class", message, {
    name,
    count,
    id,
    x,
    y,
    classes: classes.length,
    ids: idRange(classes),
  });
}

function idRange(classes: readonly LabelClass[]): string {
  const ids = classes.map((entry) => entry.id).sort((a, b) => a - b);
  const first = ids[0] ?? 0;
  const last = ids.at(-1) ?? 0;
  return last - first + 1 === ids.length ? `${first} to ${last}` : ids.join(", ");
}

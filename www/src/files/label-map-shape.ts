/** Brings a label map of another shape to a model's size. */

import type { Size } from "../canvas/geometry.js";
import { LabelMap, resizeLabelMap } from "../canvas/label-map.js";
import { coverCrop } from "./photo.js";

/** `crop` keeps the middle and fills the canvas with it; `fit` keeps everything, and leaves background at two sides. */
export type Reshape = "crop" | "fit";

/** Shapes that differ by less are taken for one: nobody sees it. */
const TOLERANCE = 0.02;

/** Whether one size is the other, larger or smaller. */
export function hasSameShape(one: Size, other: Size): boolean {
  const ratio = (one.width * other.height) / (one.height * other.width);
  return Math.abs(Math.log(ratio)) < TOLERANCE;
}

/** The map at a size, nothing in it distorted; ids never blend. */
export function reshapeLabelMap(map: LabelMap, size: Size, how: Reshape): LabelMap {
  return how === "crop" ? cropped(map, size) : fitted(map, size);
}

function cropped(map: LabelMap, size: Size): LabelMap {
  const crop = coverCrop(map, size);
  const width = Math.max(1, Math.round(crop.width));
  const height = Math.max(1, Math.round(crop.height));
  const [left, top] = [Math.floor((map.width - width) / 2), Math.floor((map.height - height) / 2)];
  const part = new LabelMap(width, height);
  for (let y = 0; y < height; y += 1) {
    const from = (top + y) * map.width + left;
    copyRow(map, from, part, y * width, width);
  }
  return resizeLabelMap(part, size.width, size.height);
}

function fitted(map: LabelMap, size: Size): LabelMap {
  const scale = Math.min(size.width / map.width, size.height / map.height);
  const width = Math.min(size.width, Math.max(1, Math.round(map.width * scale)));
  const height = Math.min(size.height, Math.max(1, Math.round(map.height * scale)));
  const part = resizeLabelMap(map, width, height);
  const [left, top] = [Math.floor((size.width - width) / 2), Math.floor((size.height - height) / 2)];
  const whole = new LabelMap(size.width, size.height);
  for (let y = 0; y < height; y += 1) {
    copyRow(part, y * width, whole, (top + y) * size.width + left, width);
  }
  return whole;
}

function copyRow(source: LabelMap, from: number, target: LabelMap, to: number, width: number): void {
  target.ids.set(source.ids.subarray(from, from + width), to);
  if (source.objects) target.addObjects().set(source.objects.subarray(from, from + width), to);
}

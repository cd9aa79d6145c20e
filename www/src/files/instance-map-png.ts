/** Maps of objects as PNG files, beside a label map: 16-bit grey, by Cityscapes' rule or as plain numbers. */

import {
  cityscapesNumbers,
  objectsFromInstances,
  plainNumbers,
  type InstanceRule,
  type ReadInstances,
} from "../canvas/instance-map.js";
import { LabelMap, resizeLabelMap } from "../canvas/label-map.js";
import { FileError } from "./file-error.js";
import { hasSameShape } from "./label-map-shape.js";
import { decodePngNumbers } from "./png-reader.js";
import { encodePng } from "./png-writer.js";

/**
 * The map's objects as a file that `underpaint generate --instances` and the authors' programs take.
 *
 * @throws FileError `instances-no-rule` where an object has no number by Cityscapes' rule.
 */
export async function encodeInstancesPng(map: LabelMap, rule: InstanceRule): Promise<Blob> {
  const samples = rule === "plain" ? plainNumbers(map) : cityscapesNumbers(map);
  if (!samples) {
    const message =
      "The objects do not fit Cityscapes' rule: it has no objects of class 0, none of classes above 65, and at most " +
      "1000 of a class. Save them as plain numbers.";
    throw new FileError("instances-no-rule", message);
  }
  const { width, height } = map;
  const bytes = await encodePng({ kind: "grey16", width, height, samples });
  return new Blob([bytes], { type: "image/png" });
}

/**
 * The objects that a file means for a label map; a smaller or larger one of the same shape is resized to the nearest pixel.
 *
 * @param name of the file, for messages.
 * @throws FileError `instances-other-shape`, `instances-not-grey`, or as `decodePng` does, naming the file.
 */
export async function readInstancesPng(file: Blob, name: string, map: LabelMap): Promise<ReadInstances> {
  const { width, height, numbers } = await decodePngNumbers(new Uint8Array(await file.arrayBuffer()), name);
  if (!hasSameShape({ width, height }, map)) {
    const message =
      `${name} has ${width}×${height} pixels: another shape than the canvas, ${map.width}×${map.height}. ` +
      "Open the label map that belongs to it first.";
    throw new FileError("instances-other-shape", message, { name, width, height });
  }
  const read = new LabelMap(width, height, undefined, numbers);
  const resized = resizeLabelMap(read, map.width, map.height).objects ?? numbers;
  return objectsFromInstances(map.ids, resized);
}

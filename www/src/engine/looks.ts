/** The looks of objects in a label map, for models that take features. */

import { UnderpaintError } from "./errors.js";
import { featureChannels, type Manifest } from "./manifest.js";

/** An object: the pixels with one class and one number in `instances`; without those, every pixel of the class. */
export interface ObjectKey {
  readonly label: number;
  /** Its number in `instances`; leave it out where there are none. */
  readonly instance?: number | undefined;
}

/** A look that is chosen for an object: one of its class's typical ones (`manifest.clusters`), or the numbers of a feature. */
export type ObjectLook = ObjectKey &
  ({ readonly cluster: number } | { readonly feature: Float32Array | readonly number[] });

/** Looks on their way to the module: pairs of class and number, and as many features one after the other. */
export interface WireLooks {
  objects: Uint16Array<ArrayBuffer>;
  looks: Float32Array<ArrayBuffer>;
}

/**
 * A copy for the worker.
 *
 * @throws UnderpaintError `bad-input` if the model takes no features, or has no such look
 */
export function copyLooks(chosen: readonly ObjectLook[], manifest: Manifest): WireLooks {
  const channels = featureChannels(manifest);
  if (channels === 0) throw bad(`${manifest.name} takes no features: its objects have no looks to choose`);
  const objects = chosen.flatMap(({ label, instance = label }) => [checkedId(label), checkedId(instance)]);
  const looks = chosen.flatMap((look) => [...featureOf(look, manifest, channels)]);
  return { objects: new Uint16Array(objects), looks: new Float32Array(looks) };
}

function featureOf(look: ObjectLook, manifest: Manifest, channels: number): ArrayLike<number> & Iterable<number> {
  if ("feature" in look) {
    const { feature } = look;
    if (feature.length === channels && [...feature].every(Number.isFinite)) return feature;
    throw bad(`expected a feature of ${channels} numbers, found ${JSON.stringify([...feature])}`);
  }
  const typical = manifest.clusters?.[look.label] ?? [];
  const found = typical[look.cluster];
  if (found !== undefined) return found;
  throw bad(`class ${look.label} has ${typical.length} typical looks, found number ${look.cluster}`);
}

function checkedId(id: number): number {
  if (Number.isInteger(id) && id >= 0 && id <= 0xffff) return id;
  throw bad(`expected whole numbers from 0 to 65535 for label and instance, found ${id}`);
}

function bad(what: string): UnderpaintError {
  return new UnderpaintError("bad-input", `objects: ${what}`);
}

/** Rows of class, number and feature, as the module gives them. */
export function looksFromRows(rows: Float32Array, channels: number): (ObjectLook & { readonly feature: number[] })[] {
  const width = channels + 2;
  return Array.from({ length: rows.length / width }, (_, row) => {
    const [label = 0, instance = 0, ...feature] = rows.subarray(row * width, (row + 1) * width);
    return { label, instance, feature };
  });
}

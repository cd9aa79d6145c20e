/** Looks of a scene's objects, and the numbers that generators know objects by. */

import { NO_OBJECT, inkOf, type LabelMap } from "../canvas/label-map.js";
import type { Rect } from "../canvas/geometry.js";
import type { ObjectLook } from "../engine/looks.js";
import type { Look, SceneLook } from "./look.js";

/**
 * The looks that a scene chooses, for objects that are on the map, by their numbers in `instances`; without those, every
 * class is one object.
 */
export function looksIn({ objects }: Look, map: LabelMap, instances: Uint16Array | undefined): readonly ObjectLook[] {
  if (objects.length === 0) return [];
  const wanted = new Map(objects.map((look) => [inkOf(look.label, look.object), look]));
  const found: ObjectLook[] = [];
  for (let index = 0; index < map.ids.length && wanted.size > 0; index += 1) {
    const ink = map.inkAt(index);
    const look = wanted.get(ink);
    if (!look) continue;
    wanted.delete(ink);
    const instance = instances ? { instance: instances[index] ?? 0 } : {};
    found.push(
      "cluster" in look ? { label: look.label, cluster: look.cluster, ...instance } : withFeature(look, instance),
    );
  }
  return found;
}

function withFeature(
  { label, feature }: Extract<SceneLook, { feature: readonly number[] }>,
  instance: { instance?: number },
): ObjectLook {
  return { label, feature, ...instance };
}

/** What a generator has read of objects, by the numbers in `instances`, for the objects of the map. */
export function looksOfScene(
  looks: readonly (ObjectLook & { readonly feature: readonly number[] })[],
  map: LabelMap,
  instances: Uint16Array | undefined,
): readonly SceneLook[] {
  const keyOf = (label: number, instance: number): number => label * 0x10000 + instance;
  const read = new Map(looks.map((look) => [keyOf(look.label, look.instance ?? look.label), look.feature]));
  const found = new Map<number, SceneLook>();
  map.ids.forEach((label, index) => {
    const ink = map.inkAt(index);
    if (found.has(ink)) return;
    const feature = read.get(keyOf(label, instances?.[index] ?? label));
    if (feature) found.set(ink, { label, object: map.objects?.[index] ?? NO_OBJECT, feature: [...feature] });
  });
  return [...found.values()];
}

/** The rectangle around an object; undefined where it is not on the map. */
export function rectOfObject(map: LabelMap, label: number, object: number): Rect | undefined {
  const { width, ids } = map;
  const ink = inkOf(label, object);
  let [left, top, right, bottom] = [width, map.height, -1, -1];
  for (let index = 0; index < ids.length; index += 1) {
    if (ids[index] !== label || map.inkAt(index) !== ink) continue;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

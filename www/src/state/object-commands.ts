/** What a person can do with the objects of a label map, beside painting them. All do nothing without a layer of them. */

import type { Rect } from "../canvas/geometry.js";
import { BACKGROUND_ID, NO_OBJECT, type LabelClass, type LabelMap } from "../canvas/label-map.js";
import { findObjects as findInMap, forgetObjects as forgetInMap, nextObject, objectsOf } from "../canvas/objects.js";
import { NO_CLASS_ID } from "../engine/manifest.js";
import { chooseTool } from "./commands.js";
import type { Studio } from "./studio.js";
import { hasObjectLayer, type StudioState, type ToolId } from "./studio-state.js";

/** Tools that paint no object: whoever begins one wants to paint. */
const NO_PAINT: readonly ToolId[] = ["eraser", "eyedropper", "pan"];

/** What paint belongs to from now on: a new object of the chosen class, with its first free number. */
export function newObject(studio: Studio): void {
  const { map, classId, tool } = studio.state;
  if (!map || !hasObjectLayer(studio.state)) return;
  const object = nextObject(map, classId);
  if (object === undefined) return;
  studio.store.update({ object });
  if (NO_PAINT.includes(tool)) chooseTool(studio, "brush");
}

/** From now on paint belongs to no object. */
export function noObject(studio: Studio): void {
  studio.store.update({ object: NO_OBJECT });
}

/** Shows objects as outlines, or not. */
export function setOutlinesShown(studio: Studio, outlinesShown: boolean): void {
  studio.store.update({ outlinesShown });
}

/**
 * Makes an object of every connected area that is none yet, as one undoable step: of the chosen class, or of all things
 * (all classes but the background, where the model does not know which are things). How many objects there are more now.
 */
export function findObjects(studio: Studio, where: "class" | "everywhere"): number {
  const classes = where === "class" ? [studio.state.classId] : thingClasses(studio);
  return change(studio, (map) => findInMap(map, classes));
}

/** Makes everything no object any more, as one undoable step; of the chosen class, or everywhere. */
export function forgetObjects(studio: Studio, where: "class" | "everywhere"): void {
  const classes = where === "class" ? [studio.state.classId] : undefined;
  change(studio, (map) => forgetInMap(map, classes));
  noObject(studio);
}

/** Gives the label map other objects, as one undoable step. `objects` has a number for each of its pixels. */
export function openObjects(studio: Studio, objects: Uint16Array): void {
  const { painting } = studio;
  if (!painting || !hasObjectLayer(studio.state)) return;
  const { width, height, ids } = painting.map;
  if (objects.length !== ids.length) {
    throw new RangeError(`objects: expected ${ids.length} for ${width}×${height}, found ${objects.length}`);
  }
  painting.apply("objects", (map) => {
    map.addObjects().set(objects);
    return { x: 0, y: 0, width, height };
  });
  noObject(studio);
}

/** Kinds of labels (`i18n/groups.ts`) that come one by one: sky, water or ground do not. */
const THING_GROUPS: readonly string[] = [
  "people",
  "animals",
  "vehicles",
  "furniture",
  "household",
  "food",
  "clothing",
  "sport",
  "things",
];

/** Whether a model says which of its classes are things. */
export function knowsThings({ model }: Readonly<StudioState>): boolean {
  return model?.classes.some(isThing) ?? false;
}

/** Classes whose areas can become objects: the things, where the model knows them; else all but background and no class. */
function thingClasses({ state }: Studio): number[] {
  const classes = state.model?.classes ?? [];
  const things = classes.filter(isThing);
  if (things.length > 0) return things.map(({ id }) => id);
  return classes.map(({ id }) => id).filter((id) => id !== BACKGROUND_ID && id !== NO_CLASS_ID);
}

function isThing({ group }: LabelClass): boolean {
  return THING_GROUPS.includes(group?.trim().toLowerCase() ?? "");
}

/** How many objects there are more afterwards. */
function change(studio: Studio, paint: (map: LabelMap) => Rect): number {
  const { painting } = studio;
  if (!painting || !hasObjectLayer(studio.state)) return 0;
  const before = objectsOf(painting.map).length;
  painting.apply("objects", paint);
  return objectsOf(painting.map).length - before;
}

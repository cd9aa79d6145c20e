/** What a page may set on the element: checks that name the attribute, what was expected and what was found. */

import { objectsFromInstances } from "../canvas/instance-map.js";
import { LabelMap, type LabelClass } from "../canvas/label-map.js";
import { MAX_BRUSH_SIZE, MIN_BRUSH_SIZE } from "../canvas/stroke.js";
import type { DeviceKind } from "../engine/device.js";
import { UnderpaintError } from "../engine/errors.js";
import type { LabelMapInput } from "../engine/input.js";
import type { StudioModel } from "../state/studio-model.js";
import { LAYOUTS, TOOL_IDS, type Layout, type ToolId } from "../state/studio-state.js";

/** Tools of the element: its view does not move, so there is no panning. */
export const ELEMENT_TOOLS: readonly ElementTool[] = TOOL_IDS.filter((tool) => tool !== "pan");

/** One of the element's tools. */
export type ElementTool = Exclude<ToolId, "pan">;

/** What a page may set, beside addresses and switches. */
export interface ElementSettings {
  device: "auto" | DeviceKind;
  loading: "lazy" | "eager";
  tool: ElementTool;
  layout: Layout;
  brushSize: number;
  seed: number;
  label: number | undefined;
}

/** Property → its attribute, for what is checked. */
export const SETTINGS = {
  device: "device",
  loading: "loading",
  tool: "tool",
  layout: "layout",
  brushSize: "brush-size",
  seed: "seed",
  label: "label",
} as const satisfies Readonly<Record<keyof ElementSettings, string>>;

/** A property that is checked. */
export type SettingName = keyof ElementSettings;

/** Names of the properties that are checked. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** A value that is not taken; its message tells what would be, and what was found instead. */
export class SettingError extends UnderpaintError {
  /** @param attribute the attribute, or the property where there is no attribute */
  constructor(
    readonly attribute: string,
    expected: string,
    found: string,
  ) {
    super("bad-input", `${attribute}: expected ${expected}, found ${found}`);
  }
}

/** What a value has to be, in words; undefined when it is that. */
type Expectation = (value: unknown, classes: readonly LabelClass[]) => string | undefined;

const EXPECTATIONS: Readonly<Record<SettingName, Expectation>> = {
  device: oneOf(["auto", "webgpu", "cpu"]),
  loading: oneOf(["lazy", "eager"]),
  tool: oneOf(ELEMENT_TOOLS),
  layout: oneOf(LAYOUTS),
  brushSize: (value) =>
    isWithin(value, MIN_BRUSH_SIZE, MAX_BRUSH_SIZE)
      ? undefined
      : `a number from ${MIN_BRUSH_SIZE} to ${MAX_BRUSH_SIZE}`,
  seed: (value) =>
    isWithin(value, 0, 0xffff_ffff) && Number.isInteger(value) ? undefined : "a whole number from 0 to 4294967295",
  label: expectedLabel,
};

/**
 * Why a value is not taken; undefined when it is.
 *
 * @param attributeText what the attribute says, for values that are no number
 * @param classes the model's, empty before there is one
 */
export function refusal(
  name: SettingName,
  value: unknown,
  attributeText: string | null,
  classes: readonly LabelClass[],
): SettingError | undefined {
  const expected = EXPECTATIONS[name](value, classes);
  if (expected === undefined) return undefined;
  const found = Number.isNaN(value) && attributeText !== null ? attributeText : value;
  return new SettingError(SETTINGS[name], expected, shown(found));
}

/** A label's number, from an attribute; NaN for what is no number, an empty text among it. */
export function numberFromAttribute(text: string | null): number | null {
  if (text === null) return null;
  return text.trim() === "" ? NaN : Number(text);
}

/**
 * A label map from a page, as a copy.
 *
 * @param classes the model's, empty before there is one
 * @throws SettingError when it contradicts itself, or has ids that the model does not have
 */
export function labelMapFrom(input: LabelMapInput, classes: readonly LabelClass[]): LabelMap {
  // Pages are not always written in TypeScript.
  const { ids, width, height, instances }: Partial<Record<keyof LabelMapInput, unknown>> = input ?? {};
  if (!(ids instanceof Uint8Array || ids instanceof Uint8ClampedArray)) {
    throw new SettingError("labelMap", "{ ids, width, height } with ids in a Uint8Array", shown(input));
  }
  const isSide = (side: unknown): side is number => typeof side === "number" && Number.isInteger(side) && side >= 1;
  if (!isSide(width) || !isSide(height)) {
    throw new SettingError("labelMap", "whole sides of at least 1", `${shown(width)} × ${shown(height)}`);
  }
  if (ids.length !== width * height) {
    throw new SettingError("labelMap", `${width * height} ids for ${width} × ${height} pixels`, String(ids.length));
  }
  const copied = new Uint8Array(ids);
  const map = new LabelMap(width, height, copied, objectsFrom(instances, copied));
  checkIds(map, classes);
  return map;
}

/**
 * Checks that the model tells objects apart where a label map has any.
 *
 * @throws SettingError otherwise
 */
export function checkObjects(map: LabelMap, { usesObjects, name }: Pick<StudioModel, "usesObjects" | "name">): void {
  if (!map.objects || usesObjects) return;
  throw new SettingError("labelMap", `no instances, which ${name} does not tell apart`, "instances beside the ids");
}

/** The layer of objects that instances mean. */
function objectsFrom(instances: unknown, ids: Uint8Array): Uint16Array | undefined {
  if (instances === undefined) return undefined;
  if (!(instances instanceof Uint16Array)) {
    throw new SettingError("labelMap", "instances in a Uint16Array", shown(instances));
  }
  if (instances.length !== ids.length) {
    throw new SettingError("labelMap", `${ids.length} instances, as many as ids`, String(instances.length));
  }
  return objectsFromInstances(ids, instances).objects;
}

/**
 * Checks that the model has every id of a label map.
 *
 * @throws SettingError naming the first that it does not have
 */
export function checkIds(map: LabelMap, classes: readonly LabelClass[]): void {
  if (classes.length === 0) return;
  const known = new Set(classes.map(({ id }) => id));
  const at = map.ids.findIndex((id) => !known.has(id));
  if (at < 0) return;
  const place = `at pixel (${at % map.width}, ${Math.floor(at / map.width)})`;
  throw new SettingError("labelMap", idsInWords(classes), `${String(map.ids[at])} ${place}`);
}

function oneOf(values: readonly string[]): Expectation {
  const words = `${values.slice(0, -1).join(", ")} or ${String(values.at(-1))}`;
  return (value) => (typeof value === "string" && values.includes(value) ? undefined : words);
}

function expectedLabel(value: unknown, classes: readonly LabelClass[]): string | undefined {
  if (classes.length === 0) {
    return isWithin(value, 0, 255) && Number.isInteger(value) ? undefined : "a whole number from 0 to 255";
  }
  return classes.some(({ id }) => id === value) ? undefined : idsInWords(classes);
}

/** "one of the model's ids, 0 to 14", with those beyond a gap named apart. */
function idsInWords(classes: readonly LabelClass[]): string {
  const runs: [number, number][] = [];
  for (const id of classes.map((entry) => entry.id).sort((one, other) => one - other)) {
    const last = runs.at(-1);
    if (last !== undefined && id === last[1] + 1) last[1] = id;
    else runs.push([id, id]);
  }
  const words = runs.map(([first, last]) => (first === last ? String(first) : `${first} to ${last}`));
  return `one of the model's ids, ${words.join(", ")}`;
}

function isWithin(value: unknown, low: number, high: number): value is number {
  return typeof value === "number" && value >= low && value <= high;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null)
    return `an object with ${Object.keys(value).join(", ") || "nothing"}`;
  return String(value);
}

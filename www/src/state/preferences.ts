/** Keeps a person's preferences between visits, in the browser's local storage. */

import { clampBrushSize } from "../canvas/stroke.js";
import { seedFrom } from "./seed.js";
import type { Studio } from "./studio.js";
import {
  DEFAULT_PREFERENCES,
  LAYOUTS,
  SHAPE_FILLS,
  THEMES,
  TOOL_IDS,
  type Preferences,
  type StudioState,
} from "./studio-state.js";

/** The part of `Storage` that is used. */
export type PreferenceStorage = Pick<Storage, "getItem" | "setItem">;

const KEY = "underpaint.preferences";

/** The stored preferences. What is missing, of a wrong kind, or cannot be read is as on a first visit. */
export function loadPreferences(storage: PreferenceStorage | undefined = pageStorage()): Preferences {
  let parsed: unknown;
  try {
    parsed = JSON.parse(storage?.getItem(KEY) ?? "null");
  } catch {
    return DEFAULT_PREFERENCES;
  }
  return typeof parsed === "object" && parsed !== null ? validPreferences(parsed) : DEFAULT_PREFERENCES;
}

/**
 * Stores preferences whenever one changes, until the returned function is called.
 *
 * Where storage is forbidden or full they last until the page closes: nothing a person has to be told.
 */
export function keepPreferences(studio: Studio, storage: PreferenceStorage | undefined = pageStorage()): () => void {
  return studio.store.subscribe((state, previous) => {
    const preferences = preferencesOf(state);
    const before = preferencesOf(previous);
    if (NAMES.every((name) => preferences[name] === before[name])) return;
    try {
      storage?.setItem(KEY, JSON.stringify(preferences));
    } catch {
      // Forbidden or full.
    }
  });
}

const NAMES = Object.keys(DEFAULT_PREFERENCES) as (keyof Preferences)[];

function preferencesOf(state: Readonly<StudioState>): Preferences {
  return Object.fromEntries(NAMES.map((name) => [name, state[name]])) as unknown as Preferences;
}

function validPreferences(stored: object): Preferences {
  const { tool, shapeFill, layout, theme, pressureEnabled, liveEnabled, outlinesShown } = DEFAULT_PREFERENCES;
  const { brushSize, overlayOpacity, seed } = DEFAULT_PREFERENCES;
  const read = (name: keyof Preferences): unknown => Reflect.get(stored, name);
  return {
    tool: oneOf(TOOL_IDS, read("tool"), tool),
    shapeFill: oneOf(SHAPE_FILLS, read("shapeFill"), shapeFill),
    layout: oneOf(LAYOUTS, read("layout"), layout),
    theme: oneOf(THEMES, read("theme"), theme),
    pressureEnabled: booleanOr(read("pressureEnabled"), pressureEnabled),
    liveEnabled: booleanOr(read("liveEnabled"), liveEnabled),
    outlinesShown: booleanOr(read("outlinesShown"), outlinesShown),
    brushSize: clampBrushSize(numberOr(read("brushSize"), brushSize)),
    overlayOpacity: Math.min(1, Math.max(0, numberOr(read("overlayOpacity"), overlayOpacity))),
    seed: seedFrom(numberOr(read("seed"), seed)),
    favourites: textsOf(read("favourites")),
  };
}

function oneOf<Value extends string>(values: readonly Value[], found: unknown, otherwise: Value): Value {
  return values.find((value) => value === found) ?? otherwise;
}

function booleanOr(found: unknown, otherwise: boolean): boolean {
  return typeof found === "boolean" ? found : otherwise;
}

function numberOr(found: unknown, otherwise: number): number {
  return typeof found === "number" && Number.isFinite(found) ? found : otherwise;
}

/** Far more than are of use. */
const MOST_TEXTS = 200;

function textsOf(found: unknown): readonly string[] {
  if (!Array.isArray(found)) return DEFAULT_PREFERENCES.favourites;
  const texts = found.filter((one): one is string => typeof one === "string");
  return [...new Set(texts)].slice(0, MOST_TEXTS);
}

/** Even asking for it throws where storage is forbidden. */
function pageStorage(): PreferenceStorage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

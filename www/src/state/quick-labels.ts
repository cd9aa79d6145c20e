/** Labels at hand in palettes of very many: favourites, and those painted with last, each with a key. */

import type { LabelClass } from "../canvas/label-map.js";

/** Palettes of so many labels have favourites, recent labels and a search; in smaller ones every label is at hand. */
export const MANY_LABELS = 25;

/** How many labels have a key: 1 to 9, then 0. */
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"] as const;

/** As many recent labels as there are keys from 1 to 9. */
const MOST_RECENT = 9;

/** A label that was painted with; `used` counts, so that the one with the lowest was used longest ago. */
export interface RecentLabel {
  readonly id: number;
  readonly used: number;
}

/**
 * The recent labels once `id` is chosen. A label keeps its place as long as it is among them, so that its key stays the
 * same; a new one takes the place of the one used longest ago.
 */
export function withRecent(recent: readonly RecentLabel[], id: number): readonly RecentLabel[] {
  const now = { id, used: Math.max(0, ...recent.map(({ used }) => used)) + 1 };
  const place = recent.findIndex((label) => label.id === id);
  const replaced = (at: number): readonly RecentLabel[] => recent.map((label, index) => (index === at ? now : label));
  if (place >= 0) return replaced(place);
  if (recent.length < MOST_RECENT) return [...recent, now];
  const oldest = recent.reduce((least, { used }, at) => (used < (recent[least]?.used ?? used) ? at : least), 0);
  return replaced(oldest);
}

/** What {@link quickLabels} looks at. */
export interface QuickSource {
  readonly classes: readonly LabelClass[];
  /** Names, in lower case. */
  readonly favourites: readonly string[];
  readonly recent: readonly RecentLabel[];
}

/** Favourites in the order in which they became that, then the recent labels. Empty for few labels. */
export function quickLabels({ classes, favourites, recent }: QuickSource): readonly LabelClass[] {
  if (classes.length < MANY_LABELS) return [];
  const liked = favourites.flatMap((name) => classes.find((label) => favouriteName(label.name) === name) ?? []);
  const used = recent.flatMap(({ id }) => classes.find((label) => label.id === id) ?? []);
  return [...new Set([...liked, ...used])];
}

/** The key of every label that has one, by its id: ids for few labels, places among the quick ones for many. */
export function labelKeys(source: QuickSource): ReadonlyMap<number, string> {
  if (source.classes.length < MANY_LABELS) {
    const first = source.classes.filter(({ id }) => id >= 0 && id <= 9);
    return new Map(first.map(({ id }) => [id, String(id)]));
  }
  const quick = quickLabels(source).slice(0, KEYS.length);
  return new Map(quick.map(({ id }, place) => [id, KEYS[place] ?? ""]));
}

/** The label that a digit chooses; undefined for none. */
export function labelOfDigit(source: QuickSource, digit: number): number | undefined {
  const found = [...labelKeys(source)].find(([, key]) => key === String(digit));
  return found?.[0];
}

/** How a label is remembered as a favourite: by its name, so that it is one in every model that has it. */
export function favouriteName(name: string): string {
  return name.trim().toLowerCase();
}

/** Finds labels by what a person types: for palettes that are too long to look through. */

import { MANY_LABELS } from "../state/quick-labels.js";

/** What is searched of a label. */
export interface Searchable {
  readonly id: number;
  /** As the model names it. */
  readonly name: string;
}

/** Palettes of so many labels get a field to search them, where they do not fit. */
export const SEARCH_FROM = MANY_LABELS;

/**
 * The labels that a query names, the best first; all of them, in their order, when nothing is typed.
 *
 * A label is found by its id, and by the beginning or any part of its words, in any order and without regard to case or
 * accents.
 *
 * @param shownName its name as it is shown, which may be a translation
 */
export function searchedLabels<Label extends Searchable>(
  labels: readonly Label[],
  query: string,
  shownName: (label: Label) => string,
): readonly Label[] {
  const wanted = plain(query);
  if (wanted === "") return labels;
  const rank = (label: Label): number => {
    if (String(label.id) === wanted) return 0;
    return Math.min(rankOfName(plain(shownName(label)), wanted), rankOfName(plain(label.name), wanted));
  };
  return labels
    .map((label) => ({ label, rank: rank(label) }))
    .filter((found) => found.rank < NOT_FOUND)
    .sort((one, other) => one.rank - other.rank)
    .map(({ label }) => label);
}

const NOT_FOUND = 5;

/** 0 is the very name, then what begins like it, has a word that does, or has it inside. */
function rankOfName(name: string, wanted: string): number {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.includes(` ${wanted}`)) return 2;
  if (name.includes(wanted)) return 3;
  return wanted.split(" ").every((word) => name.includes(word)) ? 4 : NOT_FOUND;
}

/** Lower case, no accents, and one space wherever words end ("wall-other", "door; double door"). */
function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, " ")
    .trim();
}

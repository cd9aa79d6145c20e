/** Sorts the labels of a long palette under headings. */

import { groupRank } from "../i18n/groups.js";

/** What is looked at of a label. */
export interface Grouped {
  readonly group?: string | undefined;
}

/** Labels under one heading. */
export interface LabelSection<Label> {
  /** As the model names it; empty for labels of no group. */
  readonly group: string;
  readonly labels: readonly Label[];
}

/**
 * The labels by their groups, in the order of the groups, and within each in their own order; one section without a
 * heading where there are not two groups to tell apart.
 */
export function labelSections<Label extends Grouped>(labels: readonly Label[]): readonly LabelSection<Label>[] {
  const sections = new Map<string, Label[]>();
  for (const label of labels) {
    const group = label.group ?? "";
    const section = sections.get(group);
    if (section) section.push(label);
    else sections.set(group, [label]);
  }
  if (sections.size < 2) return [{ group: "", labels }];
  return [...sections]
    .map(([group, labels]) => ({ group, labels }))
    .sort((one, other) => groupRank(one.group) - groupRank(other.group));
}

import { describe, expect, it } from "vitest";
import type { LabelClass } from "../canvas/label-map.js";
import { labelKeys, labelOfDigit, quickLabels, withRecent, type RecentLabel } from "./quick-labels.js";

const labels = (count: number): LabelClass[] =>
  Array.from({ length: count }, (_, id) => ({ id, name: `Label ${id}`, color: [id, 0, 0] }));
const used = (...ids: number[]): readonly RecentLabel[] => ids.reduce(withRecent, [] as readonly RecentLabel[]);
const ids = (recent: readonly { id: number }[]): number[] => recent.map(({ id }) => id);

describe("withRecent", () => {
  it("keeps every label in its place, however often it is used", () => {
    expect(ids(used(4, 7, 4, 9, 7))).toEqual([4, 7, 9]);
  });

  it("gives the place of the one used longest ago to a new one", () => {
    const full = used(1, 2, 3, 4, 5, 6, 7, 8, 9, 1);
    expect(ids(withRecent(full, 50))).toEqual([1, 50, 3, 4, 5, 6, 7, 8, 9]);
    expect(ids(withRecent(withRecent(full, 50), 51))).toEqual([1, 50, 51, 4, 5, 6, 7, 8, 9]);
  });
});

describe("quickLabels", () => {
  const classes = labels(40);

  it("are favourites first, each label once, and only those that the model has", () => {
    const favourites = ["label 30", "zebra", "label 2"];
    expect(ids(quickLabels({ classes, favourites, recent: used(5, 30, 99) }))).toEqual([30, 2, 5]);
  });

  it("have the keys 1 to 9 and 0 in their order", () => {
    const source = { classes, favourites: ["label 30"], recent: used(11, 12, 13, 14, 15, 16, 17, 18, 19) };
    expect(labelKeys(source).get(30)).toBe("1");
    expect(labelKeys(source).get(19)).toBe("0");
    expect(labelOfDigit(source, 1)).toBe(30);
    expect(labelOfDigit(source, 2)).toBe(11);
    expect(labelOfDigit({ ...source, favourites: [] }, 0)).toBeUndefined();
  });

  it("are not needed for few labels: digits are ids there", () => {
    const source = { classes: labels(15), favourites: ["label 3"], recent: used(3) };
    expect(quickLabels(source)).toEqual([]);
    expect([...labelKeys(source)].length).toBe(10);
    expect(labelOfDigit(source, 3)).toBe(3);
    expect(labelOfDigit({ ...source, classes: labels(3) }, 3)).toBeUndefined();
  });
});

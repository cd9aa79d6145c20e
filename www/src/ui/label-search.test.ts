import { describe, expect, it } from "vitest";
import { searchedLabels } from "./label-search.js";

const labels = ["scarf", "carpet", "wall-other", "car", "Café table", "racing car", "wall; brick wall"].map(
  (name, id) => ({ id, name }),
);

const found = (query: string): string[] => searchedLabels(labels, query, ({ name }) => name).map(({ name }) => name);

describe("searchedLabels", () => {
  it("gives all labels in their order while nothing is typed", () => {
    expect(searchedLabels(labels, "  ", ({ name }) => name)).toBe(labels);
  });

  it("puts the very name first, then beginnings, words and parts", () => {
    expect(found("car")).toEqual(["car", "carpet", "racing car", "scarf"]);
  });

  it("takes words in any order, and neither case, accents nor signs matter", () => {
    expect(found("table cafe")).toEqual(["Café table"]);
    expect(found("WALL OTHER")).toEqual(["wall-other"]);
    expect(found("brick wall")).toEqual(["wall; brick wall"]);
  });

  it("finds a label by its id", () => {
    expect(found("4")).toEqual(["Café table"]);
  });

  it("finds translations as well as the model's own names", () => {
    const shown = ({ name }: { name: string }): string => (name === "car" ? "汽车" : name);
    expect(searchedLabels(labels, "汽", shown).map(({ id }) => id)).toEqual([3]);
    expect(searchedLabels(labels, "racing", shown).map(({ id }) => id)).toEqual([5]);
  });

  it("finds nothing where nothing is called so", () => {
    expect(found("zebra")).toEqual([]);
    expect(found("car zebra")).toEqual([]);
  });
});

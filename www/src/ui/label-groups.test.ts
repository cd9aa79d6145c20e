import { describe, expect, it } from "vitest";
import { groupName } from "../i18n/groups.js";
import { labelSections } from "./label-groups.js";

const label = (id: number, group?: string) => ({ id, group });
const shape = (labels: readonly { id: number; group?: string | undefined }[]) =>
  labelSections(labels).map(({ group, labels }) => [group, labels.map(({ id }) => id)]);

describe("labelSections", () => {
  it("has no headings where there are no groups, or one", () => {
    expect(shape([label(0), label(1)])).toEqual([["", [0, 1]]]);
    expect(shape([label(0, "buildings"), label(1, "buildings")])).toEqual([["", [0, 1]]]);
    expect(shape([])).toEqual([["", []]]);
  });

  it("keeps labels in their order within their groups, and groups in that of palettes", () => {
    const labels = [label(0, "other"), label(1, "vehicles"), label(2, "sky"), label(3, "vehicles"), label(4, "robots")];
    expect(shape(labels)).toEqual([
      ["sky", [2]],
      ["vehicles", [1, 3]],
      ["robots", [4]],
      ["other", [0]],
    ]);
  });

  it("puts labels of no group at the end", () => {
    expect(shape([label(0), label(1, "sky")])).toEqual([
      ["sky", [1]],
      ["", [0]],
    ]);
  });
});

describe("groupName", () => {
  it("translates the groups that are known and leaves others as they are", () => {
    expect([groupName("plants", "en"), groupName("plants", "zh"), groupName("Robots", "zh")]).toEqual([
      "Plants",
      "植物",
      "Robots",
    ]);
  });
});

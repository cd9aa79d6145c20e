import { describe, expect, it } from "vitest";
import { paletteGrid } from "./palette-grid.js";

describe("paletteGrid", () => {
  it("puts all labels in one row where they fit", () => {
    expect(paletteGrid(15, 1280, 800)).toEqual({ columns: 15, rows: 1, kind: "rows" });
  });

  it("makes two rows of about equal length on tablets", () => {
    expect(paletteGrid(15, 768, 1024)).toEqual({ columns: 8, rows: 2, kind: "rows" });
  });

  it("scrolls in one row on phones, upright and on their side", () => {
    expect(paletteGrid(15, 360, 740)).toMatchObject({ rows: 1, kind: "strip" });
    expect(paletteGrid(15, 740, 360)).toMatchObject({ rows: 1, kind: "strip" });
  });

  it("is a list to be searched when there are very many labels, on any screen", () => {
    expect(paletteGrid(182, 1280, 800)).toMatchObject({ kind: "list" });
    expect(paletteGrid(35, 360, 740)).toMatchObject({ kind: "list" });
  });

  it("shows all of them where they fit", () => {
    expect(paletteGrid(35, 1280, 800)).toEqual({ columns: 18, rows: 2, kind: "rows" });
  });

  it("survives no labels and no width", () => {
    expect(paletteGrid(0, 0, 0)).toEqual({ columns: 1, rows: 1, kind: "rows" });
  });
});

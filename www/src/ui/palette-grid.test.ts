import { describe, expect, it } from "vitest";
import { paletteGrid } from "./palette-grid.js";

describe("paletteGrid", () => {
  it("puts all labels in one row where they fit", () => {
    expect(paletteGrid(15, 1280, 800)).toEqual({ columns: 15, rows: 1, scrolls: false });
  });

  it("makes two rows of about equal length on tablets", () => {
    expect(paletteGrid(15, 768, 1024)).toEqual({ columns: 8, rows: 2, scrolls: false });
  });

  it("scrolls in one row on phones, upright and on their side", () => {
    expect(paletteGrid(15, 360, 740)).toMatchObject({ rows: 1, scrolls: true });
    expect(paletteGrid(15, 740, 360)).toMatchObject({ rows: 1, scrolls: true });
  });

  it("scrolls in two rows when there are very many labels", () => {
    expect(paletteGrid(182, 1280, 800)).toMatchObject({ rows: 2, scrolls: true });
  });

  it("survives no labels and no width", () => {
    expect(paletteGrid(0, 0, 0)).toEqual({ columns: 1, rows: 1, scrolls: false });
  });
});

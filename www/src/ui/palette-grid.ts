/** How many columns and rows the palette has. */

import { SEARCH_FROM } from "./label-search.js";

/**
 * How the labels are shown: `rows` when all fit; `strip`, one or two rows that move sideways; `list`, rows of which some
 * are seen, that move up and down, with a field to search them.
 */
export interface PaletteGrid {
  readonly kind: "rows" | "strip" | "list";
  readonly columns: number;
  readonly rows: number;
}

/** Narrowest label whose name can be read, in CSS pixels. */
const NARROWEST = 66;
/** In windows narrower or lower than this, in CSS pixels, the palette is one row, which may scroll. */
const ONE_ROW_BELOW_WIDTH = 600;
const ONE_ROW_BELOW_HEIGHT = 480;

/**
 * One row where all labels fit, else two about equally long ones, else a strip for few and a list for many.
 *
 * @param width of the palette, with its edges, in CSS pixels
 * @param windowHeight in CSS pixels
 */
export function paletteGrid(count: number, width: number, windowHeight: number): PaletteGrid {
  const perRow = Math.max(1, Math.floor((width - 24) / NARROWEST));
  const mostRows = width < ONE_ROW_BELOW_WIDTH || windowHeight < ONE_ROW_BELOW_HEIGHT ? 1 : 2;
  const rows = Math.max(1, Math.ceil(count / perRow));
  if (rows <= mostRows) return { kind: "rows", columns: Math.max(1, Math.ceil(count / rows)), rows };
  return { kind: count < SEARCH_FROM ? "strip" : "list", columns: perRow, rows: mostRows };
}

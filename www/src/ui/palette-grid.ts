/** How many columns and rows the palette has. */

/** `scrolls` when not all labels fit: then the columns have a fixed width and the strip moves sideways. */
export interface PaletteGrid {
  readonly columns: number;
  readonly rows: number;
  readonly scrolls: boolean;
}

/** Narrowest label whose name can be read, in CSS pixels. */
const NARROWEST = 66;
/** In windows narrower or lower than this, in CSS pixels, the palette is one row that scrolls. */
const ONE_ROW_BELOW_WIDTH = 600;
const ONE_ROW_BELOW_HEIGHT = 480;

/**
 * One row where all labels fit, else two about equally long ones, else rows that scroll sideways.
 *
 * @param width of the palette, with its edges, in CSS pixels
 * @param windowHeight in CSS pixels
 */
export function paletteGrid(count: number, width: number, windowHeight: number): PaletteGrid {
  const perRow = Math.max(1, Math.floor((width - 24) / NARROWEST));
  const mostRows = width < ONE_ROW_BELOW_WIDTH || windowHeight < ONE_ROW_BELOW_HEIGHT ? 1 : 2;
  const rows = Math.max(1, Math.ceil(count / perRow));
  if (rows > mostRows) return { columns: perRow, rows: mostRows, scrolls: true };
  return { columns: Math.max(1, Math.ceil(count / rows)), rows, scrolls: false };
}

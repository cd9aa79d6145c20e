/** Arrow keys inside a group of buttons of which one can be tabbed to. */

/**
 * Moves the focus among `items` for an arrow key, Home or End, and clicks the item it lands on, as radio buttons do.
 * Where they lie in rows, the arrows up and down go to the next row. Other keys, and keys with modifiers, are left alone.
 *
 * @param does `focus` for items that are pressed with Enter or Space, as in a toolbar
 */
export function roveWithKeys(
  event: KeyboardEvent,
  items: readonly HTMLElement[],
  does: "click" | "focus" = "click",
): void {
  if (event.ctrlKey || event.metaKey || event.altKey || items.length === 0) return;
  const at = items.findIndex((item) => item === event.target || item.contains(event.target as Node));
  const isUpDown = event.key === "ArrowDown" || event.key === "ArrowUp";
  const rows = isUpDown ? rowsOf(items) : [];
  const next =
    rows.length > 1 && rows.length < items.length
      ? indexInNextRow(rows, at, event.key === "ArrowDown" ? 1 : -1)
      : indexAfter(event.key, at, items.length);
  const item = next === undefined ? undefined : items[next];
  if (!item) return;
  event.preventDefault();
  event.stopPropagation();
  item.focus();
  if (does === "click") item.click();
}

/** Where `key` leads from index `at` of `count`, round at the ends; undefined for other keys. */
export function indexAfter(key: string, at: number, count: number): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const direction = key === "ArrowRight" || key === "ArrowDown" ? 1 : key === "ArrowLeft" || key === "ArrowUp" ? -1 : 0;
  return direction === 0 ? undefined : (at + direction + count) % count;
}

/** An item's place in its row. */
export interface PlaceInRow {
  readonly index: number;
  /** Where it begins, in CSS pixels. */
  readonly left: number;
}

/**
 * The item in the next row (`direction` 1) or the one before (-1) that lies nearest below or above index `at`. Rows need
 * not be equally long; from the first and the last there is no way further.
 */
export function indexInNextRow(rows: readonly (readonly PlaceInRow[])[], at: number, direction: 1 | -1): number {
  const row = rows.findIndex((places) => places.some(({ index }) => index === at));
  const left = rows[row]?.find(({ index }) => index === at)?.left ?? 0;
  const next = rows[row + direction];
  if (row < 0 || next === undefined) return at;
  const nearest = next.reduce((one, other) => (Math.abs(other.left - left) < Math.abs(one.left - left) ? other : one));
  return nearest.index;
}

/** The items by the rows that they lie in. */
function rowsOf(items: readonly HTMLElement[]): readonly (readonly PlaceInRow[])[] {
  const rows = new Map<number, PlaceInRow[]>();
  items.forEach((item, index) => {
    const place = { index, left: item.offsetLeft };
    const row = rows.get(item.offsetTop);
    if (row) row.push(place);
    else rows.set(item.offsetTop, [place]);
  });
  return [...rows].sort(([one], [other]) => one - other).map(([, row]) => row);
}

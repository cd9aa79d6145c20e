/** Arrow keys inside a group of buttons of which one can be tabbed to. */

/**
 * Moves the focus among `items` for an arrow key, Home or End, and clicks the item it lands on, as radio buttons do.
 * Where they lie in rows, the arrows up and down go to the next row. Other keys, and keys with modifiers, are left alone.
 */
export function roveWithKeys(event: KeyboardEvent, items: readonly HTMLElement[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey || items.length === 0) return;
  const at = items.findIndex((item) => item === event.target || item.contains(event.target as Node));
  const next = indexAfter(event.key, at, items.length, columnsOf(items));
  const item = next === undefined ? undefined : items[next];
  if (!item) return;
  event.preventDefault();
  event.stopPropagation();
  item.focus();
  item.click();
}

/**
 * Where `key` leads from index `at` of `count` in rows of `columns`; undefined for other keys. Sideways it goes round at
 * the ends, and so it does up and down where there is one row or one column; from the first and last of several rows
 * there is no way further.
 */
export function indexAfter(key: string, at: number, count: number, columns = count): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const direction = key === "ArrowRight" || key === "ArrowDown" ? 1 : key === "ArrowLeft" || key === "ArrowUp" ? -1 : 0;
  if (direction === 0) return undefined;
  const inRows = columns > 1 && columns < count && (key === "ArrowDown" || key === "ArrowUp");
  if (!inRows) return (at + direction + count) % count;
  const next = at + direction * columns;
  return next < 0 || next >= count ? at : next;
}

/** How many items lie in the first row. */
function columnsOf(items: readonly HTMLElement[]): number {
  const below = items.findIndex((item) => item.offsetTop > (items[0]?.offsetTop ?? 0));
  return below < 0 ? items.length : below;
}

/** Arrow keys inside a group of buttons of which one can be tabbed to. */

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * Moves the focus among `items` for an arrow key, Home or End, and clicks the item it lands on, as radio buttons do.
 * Other keys, and keys with modifiers, are left alone.
 */
export function roveWithKeys(event: KeyboardEvent, items: readonly HTMLElement[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey || items.length === 0) return;
  const at = items.findIndex((item) => item === event.target || item.contains(event.target as Node));
  const next = indexAfter(event.key, at, items.length);
  const item = next === undefined ? undefined : items[next];
  if (!item) return;
  event.preventDefault();
  event.stopPropagation();
  item.focus();
  item.click();
}

/** Where `key` leads from index `at` of `count`, going round at the ends; undefined for other keys. */
export function indexAfter(key: string, at: number, count: number): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = steps[key];
  return step === undefined ? undefined : (at + step + count) % count;
}

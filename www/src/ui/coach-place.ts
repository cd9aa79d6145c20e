/** Where the coach's card goes. */

/** A place in the window, in CSS pixels; `arrow` is where the arrow's tip lies, from the card's left edge. */
export interface CoachPlace {
  readonly x: number;
  readonly y: number;
  readonly arrow: number;
  readonly side: "above" | "below" | "over";
}

/** A rectangle in the window, in CSS pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const EDGE = 12;
const GAP = 14;

/** Above the subject where there is room, else below it, else over its lower part; always within the window. */
export function coachPlace(
  subject: Box | undefined,
  card: { readonly width: number; readonly height: number },
  windowWidth: number,
  windowHeight: number,
): CoachPlace {
  const box = subject ?? { left: windowWidth / 2, top: windowHeight / 2, width: 0, height: 0 };
  const middle = box.left + box.width / 2;
  const x = clamp(middle - card.width / 2, EDGE, windowWidth - card.width - EDGE);
  const arrow = clamp(middle - x, 20, card.width - 20);
  const above = box.top - card.height - GAP;
  if (above >= EDGE) return { x, y: above, arrow, side: "above" };
  const below = box.top + box.height + GAP;
  if (below + card.height <= windowHeight - EDGE) return { x, y: below, arrow, side: "below" };
  const over = box.top + box.height - card.height - GAP;
  return { x, y: clamp(over, EDGE, windowHeight - card.height - EDGE), arrow, side: "over" };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(least, most), Math.max(least, value));
}

/** Tells a page of painting with the events of form controls: `input` while it goes on, `change` when it is done. */

import type { ChangeCause, Painting } from "../state/painting.js";

/** What a change of the label map is told as; what a page itself has set is not told, as with form controls. */
const EVENTS: Readonly<Record<ChangeCause, readonly ValueEvent[]>> = {
  edit: ["input"],
  cancel: ["input"],
  commit: ["change"],
  undo: ["input", "change"],
  redo: ["input", "change"],
  replace: [],
  reset: [],
};

/** The events that tell of the value. */
export type ValueEvent = "input" | "change";

/** Dispatches them as form controls do: both bubble, and none can be prevented. */
export function tellValue(element: EventTarget, ...names: readonly ValueEvent[]): void {
  for (const name of names) element.dispatchEvent(new Event(name, { bubbles: true, composed: name === "input" }));
}

/** Follows the painting that is shown, whichever that is. */
export class PaintingEvents {
  private painting: Painting | undefined;
  private stop: (() => void) | undefined;

  constructor(private readonly element: EventTarget) {}

  /** Tells of this painting from now on. */
  follow(painting: Painting | undefined): void {
    if (painting === this.painting) return;
    this.stop?.();
    this.painting = painting;
    this.stop = painting?.subscribe(({ cause }) => tellValue(this.element, ...EVENTS[cause]));
  }
}

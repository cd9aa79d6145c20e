/** Tells a page of painting with the events of form controls: `input` while it goes on, `change` when it is done. */

import type { ChangeCause, Painting } from "../state/painting.js";

/** What a change of the label map is told as; what a page itself has set is not told, as with form controls. */
const EVENTS: Readonly<Record<ChangeCause, readonly ("input" | "change")[]>> = {
  edit: ["input"],
  cancel: ["input"],
  commit: ["change"],
  undo: ["input", "change"],
  redo: ["input", "change"],
  replace: [],
  reset: [],
};

/** Follows the painting that is shown, whichever that is. */
export class PaintingEvents {
  private painting: Painting | undefined;
  private stop: (() => void) | undefined;
  private isQuiet = false;

  constructor(private readonly element: EventTarget) {}

  /** Tells of this painting from now on. */
  follow(painting: Painting | undefined): void {
    if (painting === this.painting) return;
    this.stop?.();
    this.painting = painting;
    this.stop = painting?.subscribe(({ cause }) => {
      if (!this.isQuiet) this.tell(...EVENTS[cause]);
    });
  }

  /** Tells of something else that the person changes, such as the seed: once, whatever the painting says of it. */
  deed(act: () => void): void {
    this.isQuiet = true;
    try {
      act();
    } finally {
      this.isQuiet = false;
    }
    this.tell("input", "change");
  }

  /** As form controls do: both bubble, and none can be prevented. */
  private tell(...names: readonly ("input" | "change")[]): void {
    for (const name of names) {
      this.element.dispatchEvent(new Event(name, { bubbles: true, composed: name === "input" }));
    }
  }
}

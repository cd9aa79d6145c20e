/** What a person does to how a scene looks. */

import type { StepKind } from "./history.js";
import { isSameLook, withObject, type Look, type SceneLook, type SceneStyle } from "./look.js";
import type { Studio } from "./studio.js";

/** Shows a look while it is still being chosen, as a slider is dragged: no step of the history. */
export function showLook(studio: Studio, look: Look): void {
  if (!isSameLook(studio.state.look, look)) studio.store.update({ look });
}

/**
 * Makes what is shown a step of the history.
 *
 * @param before the look before a person began to choose
 */
export function recordLook(studio: Studio, before: Look, kind: Extract<StepKind, "style" | "look">): void {
  const after = studio.state.look;
  if (!isSameLook(before, after)) studio.record({ change: "look", kind, before, after });
}

/** Shows another look altogether, as one undoable step. */
export function chooseLook(studio: Studio, look: Look): void {
  const before = studio.state.look;
  showLook(studio, look);
  recordLook(studio, before, "style");
}

/** Shows another style, as one undoable step. */
export function chooseStyle(studio: Studio, style: SceneStyle): void {
  const before = studio.state.look;
  showLook(studio, { ...before, style });
  recordLook(studio, before, "style");
}

/** Gives an object a look, or lets the seed draw it again, as one undoable step. */
export function chooseObjectLook(studio: Studio, label: number, object: number, chosen: SceneLook | undefined): void {
  const before = studio.state.look;
  showLook(studio, withObject(before, label, object, chosen));
  recordLook(studio, before, "look");
}

/** Gives many objects their looks at once, as one undoable step. */
export function chooseObjectLooks(studio: Studio, chosen: readonly SceneLook[]): void {
  const before = studio.state.look;
  const look = chosen.reduce((all, one) => withObject(all, one.label, one.object, one), before);
  showLook(studio, look);
  recordLook(studio, before, "look");
}

/** Names and colours of classes for weight files, which have none. */
import type { LabelClass } from "../engine/manifest.js";

/** A palette that can be chosen. */
export interface PaletteChoice {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Undefined for numbered classes with colours of our own. */
  readonly classes: readonly LabelClass[] | undefined;
}

/** The palettes for so many classes, the likely one first; only numbered ones until data sets have theirs here. */
export function palettesFor(_classes: number, numbered: string): readonly PaletteChoice[] {
  return [{ id: "numbered", name: numbered, classes: undefined }];
}

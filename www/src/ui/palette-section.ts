/** The palette below the stage. */
import { html, type TemplateResult } from "lit";
import type { LabelClass } from "../canvas/label-map.js";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { classesOf, type StudioState } from "../state/studio-state.js";
import { classKey } from "../tools/shortcuts.js";
import type { PaletteEntry } from "./palette.js";

/** Shows a studio's labels and picks them. */
export class PaletteSection {
  private shown: { readonly classes: readonly LabelClass[]; readonly entries: readonly PaletteEntry[] } | undefined;

  /** The section. */
  render(studio: Studio): TemplateResult {
    return html`<section class="palette" aria-label=${t("region.palette")}>
      <up-palette
        .labels=${this.entries(studio.state)}
        .active=${studio.state.classId}
        @label-pick=${(event: CustomEvent<number>) => pick(studio, event.detail)}
      ></up-palette>
    </section>`;
  }

  /** The same list as long as the classes are the same, so that the palette is not drawn again for every picture. */
  private entries(state: Readonly<StudioState>): readonly PaletteEntry[] {
    const classes = classesOf(state);
    if (this.shown?.classes !== classes) {
      const entries = classes.map((entry) => ({ ...entry, key: classKey(entry.id) ?? "" }));
      this.shown = { classes, entries };
    }
    return this.shown.entries;
  }
}

/** Whoever picks a label wants to paint with it. */
function pick(studio: Studio, id: number): void {
  commands.chooseClass(studio, id);
  const { tool } = studio.state;
  if (tool === "eraser" || tool === "eyedropper" || tool === "pan") commands.chooseTool(studio, "brush");
}

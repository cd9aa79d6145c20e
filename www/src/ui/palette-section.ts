/** The palette below the stage. */
import { html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import { favouriteName, labelKeys, quickLabels, type QuickSource } from "../state/quick-labels.js";
import type { Studio } from "../state/studio.js";
import { quickSource } from "../state/studio-state.js";
import type { PaletteEntry } from "./palette-parts.js";

/** What a palette is given. */
interface Shown {
  readonly source: QuickSource;
  readonly entries: readonly PaletteEntry[];
  readonly quick: readonly number[];
}

/** Shows a studio's labels and picks them. */
export class PaletteSection {
  private last: Shown | undefined;

  /** The section. */
  render(studio: Studio): TemplateResult {
    const { entries, quick } = this.shown(quickSource(studio.state));
    return html`<section class="palette" aria-label=${t("region.palette")}>
      <up-palette
        .labels=${entries}
        .quick=${quick}
        .active=${studio.state.classId}
        @label-pick=${(event: CustomEvent<number>) => pick(studio, event.detail)}
        @label-favourite=${(event: CustomEvent<number>) => like(studio, event.detail)}
      ></up-palette>
    </section>`;
  }

  /** The same lists as long as nothing about them changes, so that the palette is not drawn again for every picture. */
  private shown(source: QuickSource): Shown {
    const { last } = this;
    const isSame = (["classes", "favourites", "recent"] as const).every((name) => last?.source[name] === source[name]);
    if (last && isSame) return last;
    const keys = labelKeys(source);
    const liked = new Set(source.favourites);
    const entries = source.classes.map((entry) => ({
      ...entry,
      key: keys.get(entry.id) ?? "",
      isFavourite: liked.has(favouriteName(entry.name)),
    }));
    // What is shown of few labels depends on nothing but the classes.
    const isFew = last?.source.classes === source.classes && last.quick.length === 0;
    const quick = quickLabels(source).map(({ id }) => id);
    const next = { source, entries: isFew ? last.entries : entries, quick };
    this.last = next;
    return next;
  }
}

/** Whoever picks a label wants to paint with it. */
function pick(studio: Studio, id: number): void {
  commands.chooseClass(studio, id);
  const { tool } = studio.state;
  if (tool === "eraser" || tool === "eyedropper" || tool === "pan") commands.chooseTool(studio, "brush");
}

function like(studio: Studio, id: number): void {
  const label = quickSource(studio.state).classes.find((entry) => entry.id === id);
  if (label) commands.toggleFavourite(studio, label.name);
}

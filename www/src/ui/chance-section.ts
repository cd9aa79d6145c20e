/** In the palette's place where there is nothing to paint: another seed, and back. */
import { html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import type { ShortcutCommand } from "../tools/shortcuts.js";
import { glyph } from "./glyph.js";
import { historyButton } from "./tool-rail.js";

/** The section; `run` runs undo and redo. */
export function chanceSection(studio: Studio, run: (command: ShortcutCommand) => boolean): TemplateResult {
  return html`<section class="chance" aria-label=${t("pane.picture")}>
    <p>${t("latent.text")}</p>
    <div class="seeds">${historyButton(studio, run, "undo")} ${historyButton(studio, run, "redo")}</div>
    <button class="primary" @click=${() => commands.rollSeed(studio)}>${glyph("dice")}${t("latent.another")}</button>
  </section>`;
}

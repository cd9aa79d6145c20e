/** In the palette's place where there is nothing to paint: another seed, and back. */
import { html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import type { ShortcutCommand } from "../tools/shortcuts.js";
import { glyph } from "./glyph.js";
import { historyButton } from "./tool-rail.js";

/** A list of the classes of each attribute, where the model has any. */
function classLists(studio: Studio): TemplateResult[] {
  const { model, choice } = studio.state;
  return (model?.attributes ?? []).map(({ name, classes }) => {
    const choose = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      commands.askForClass(studio, name, value === "" ? undefined : value);
    };
    return html`<label class="class-list">
      ${name}
      <select .value=${choice[name] ?? ""} @change=${choose}>
        <option value="">${t("latent.any")}</option>
        ${classes.map((option) => html`<option value=${option}>${option}</option>`)}
      </select>
    </label>`;
  });
}

/** The section; `run` runs undo and redo. */
export function chanceSection(studio: Studio, run: (command: ShortcutCommand) => boolean): TemplateResult {
  return html`<section class="chance" aria-label=${t("pane.picture")}>
    <p>${t("latent.text")}</p>
    ${classLists(studio)}
    <div class="seeds">${historyButton(studio, run, "undo")} ${historyButton(studio, run, "redo")}</div>
    <button class="primary" @click=${() => commands.rollSeed(studio)}>${glyph("dice")}${t("latent.another")}</button>
  </section>`;
}

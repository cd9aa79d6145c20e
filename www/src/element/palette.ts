/** The element's palette: all labels, or, where there are many, some rows of them and a field to search them. */

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { LabelClass } from "../canvas/label-map.js";
import { groupName } from "../i18n/groups.js";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import { labelKeys } from "../state/quick-labels.js";
import { classesOf, quickSource } from "../state/studio-state.js";
import type { Studio } from "../state/studio.js";
import { cssVars } from "../ui/css-vars.js";
import { labelSections } from "../ui/label-groups.js";
import { SEARCH_FROM, searchedLabels } from "../ui/label-search.js";
import { scrollToSee, searchField } from "../ui/palette-search.js";
import { rove } from "./controls.js";
import type { ElementLanguage, ElementText } from "./text.js";

/** Draws the palette, and remembers what is searched for. */
export class PaletteView implements ReactiveController {
  private query = "";
  private classes: readonly LabelClass[] = [];
  /** What was in sight after the last update. */
  private seen: { readonly classId: number; readonly query: string } | undefined;

  constructor(
    private readonly host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment },
    private readonly studio: Studio,
  ) {
    host.addController(this);
  }

  /** The labels to paint with; nothing where there are none. */
  render(text: ElementText, language: ElementLanguage): TemplateResult | typeof nothing {
    const { state } = this.studio;
    const classes = classesOf(state);
    if (classes !== this.classes) this.query = "";
    this.classes = classes;
    if (classes.length === 0) return nothing;
    if (classes.length < SEARCH_FROM) return this.labels(classes, text, language);
    const found = this.found(language);
    const chosen = classes.find(({ id }) => id === state.classId);
    return html`<div class="searched" part="searched">
      <div class="find">
        ${searchField(
          this.query,
          { find: text.find, clear: text.clearSearch },
          {
            search: (query) => this.search(query),
            pickBest: () => void this.pickBest(language),
            enterLabels: () => this.find('.palette [tabindex="0"]')?.focus(),
          },
        )}
        ${
          chosen === undefined
            ? nothing
            : html`<span class="chosen" aria-hidden="true">
                ${swatch(chosen)}<span class="name">${translatedName(chosen.name, language)}</span>
              </span>`
        }
        <span class="unseen" role="status">${this.query === "" ? "" : text.labelsFound(found.length)}</span>
      </div>
      <div class="shown">
        ${found.length > 0 ? this.labels(found, text, language) : html`<p class="none">${text.noLabel(this.query)}</p>`}
      </div>
    </div>`;
  }

  /** Brings the chosen label in sight when it, or what is shown, is another. */
  hostUpdated(): void {
    const { classId } = this.studio.state;
    const box = this.find(".shown");
    if (box === null || (this.seen?.classId === classId && this.seen.query === this.query)) return;
    this.seen = { classId, query: this.query };
    const chosen = box.querySelector<HTMLElement>('[aria-checked="true"]');
    if (chosen !== null) scrollToSee(box, chosen);
  }

  /** The labels in one group of radio buttons, under headings where there are kinds of them. */
  private labels(classes: readonly LabelClass[], text: ElementText, language: ElementLanguage): TemplateResult {
    const sections = classes.length < SEARCH_FROM || this.query !== "" ? [] : labelSections(classes);
    const buttons = this.buttons(classes, language);
    if (sections.length < 2) {
      return html`<div class="palette" part="palette" role="radiogroup" aria-label=${text.palette} @keydown=${rove}>
        ${classes.map(buttons)}
      </div>`;
    }
    return html`<div class="sections" role="radiogroup" aria-label=${text.palette} @keydown=${rove}>
      ${sections.map(({ group, labels }) => {
        const name = groupName(group === "" ? "other" : group, language);
        return html`<div role="group" aria-label=${name}>
          <div class="kind" part="kind" aria-hidden="true">${name}</div>
          <div class="palette" part="palette">${labels.map(buttons)}</div>
        </div>`;
      })}
    </div>`;
  }

  private buttons(classes: readonly LabelClass[], language: ElementLanguage): (label: LabelClass) => TemplateResult {
    const { state } = this.studio;
    const keys = labelKeys(quickSource(state));
    // Where the chosen label is not shown, Tab leads to the first that is.
    const entry = classes.some(({ id }) => id === state.classId) ? state.classId : classes[0]?.id;
    return (label) => {
      const shown = translatedName(label.name, language);
      const key = keys.get(label.id);
      return html`<button
        part="label"
        role="radio"
        aria-checked=${label.id === state.classId}
        tabindex=${label.id === entry ? 0 : -1}
        title=${key === undefined ? shown : `${shown} (${key})`}
        data-label=${label.id}
        @click=${() => commands.chooseClass(this.studio, label.id)}
      >
        ${swatch(label)}
        <span class="name">${shown}</span>
      </button>`;
    };
  }

  private found(language: ElementLanguage): readonly LabelClass[] {
    return searchedLabels(this.classes, this.query, ({ name }) => translatedName(name, language));
  }

  private search(query: string): void {
    this.query = query;
    this.host.requestUpdate();
  }

  /** Takes the first label found, shows all of them again, and leaves the focus with it. */
  private async pickBest(language: ElementLanguage): Promise<void> {
    const [best] = this.found(language);
    if (this.query === "" || best === undefined) return;
    this.search("");
    commands.chooseClass(this.studio, best.id);
    await this.host.updateComplete;
    this.find(`[data-label="${best.id}"]`)?.focus({ preventScroll: true });
  }

  private find(selector: string): HTMLElement | null {
    return this.host.renderRoot.querySelector<HTMLElement>(selector);
  }
}

function swatch({ color }: LabelClass): TemplateResult {
  return html`<span class="swatch" part="swatch" ${cssVars({ "--swatch": `rgb(${color.join(" ")})` })}></span>`;
}

/** The parts of a palette: a label's button, headings, labels at hand, and the kinds to go to. */

import { html, nothing, type TemplateResult } from "lit";
import { groupName } from "../i18n/groups.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import { cssVars } from "./css-vars.js";
import { glyph } from "./glyph.js";
import type { LabelSection } from "./label-groups.js";
import { roveWithKeys } from "./roving.js";

/** A label as the palette shows it. */
export interface PaletteEntry {
  readonly id: number;
  /** As the manifest names it; shown in the page's language where that is known. */
  readonly name: string;
  /** sRGB bytes. */
  readonly color: readonly [number, number, number];
  /** Key that picks it, as people read it; empty for none. */
  readonly key: string;
  /** What kind of thing it is; undefined where nobody says. */
  readonly group?: string | undefined;
  /** Whether it is wanted at hand. */
  readonly isFavourite?: boolean;
}

/** What buttons of labels need to know of their palette. */
export interface LabelContext {
  /** The label that is chosen. */
  readonly active: number;
  /** The label that the Tab key leads to. */
  readonly entry: number | undefined;
  readonly pick: (id: number, event: MouseEvent) => void;
}

/** A label's name as it is shown. */
export function shownName(label: Pick<PaletteEntry, "name">): string {
  return translatedName(label.name, language());
}

/** A label's colour, with its key on it. */
export function swatch(label: PaletteEntry, content: TemplateResult | typeof nothing): TemplateResult {
  return html`<span class="swatch" ${cssVars({ "--swatch": `rgb(${label.color.join(" ")})` })}>${content}</span>`;
}

/** The key is drawn by the style sheet: in the text, it would be part of what the button seems to be called. */
function keyBadge({ key }: PaletteEntry): TemplateResult | typeof nothing {
  return key ? html`<kbd aria-hidden="true" data-key=${key}></kbd>` : nothing;
}

/** A label's button: `radio` in a group of all labels, `option` in a list of many. */
export function labelButton(label: PaletteEntry, role: "radio" | "option", context: LabelContext): TemplateResult {
  const name = shownName(label);
  const isActive = label.id === context.active;
  return html`<button
    role=${role}
    aria-checked=${role === "radio" ? isActive : nothing}
    aria-selected=${role === "option" ? isActive : nothing}
    aria-label=${label.key ? t("palette.key", { name, key: label.key }) : name}
    title=${label.key ? `${name} (${label.key})` : name}
    tabindex=${label.id === context.entry ? 0 : -1}
    data-label=${label.id}
    @click=${(event: MouseEvent) => context.pick(label.id, event)}
  >
    ${swatch(label, keyBadge(label))}
    <span class="name">${name}</span>
  </button>`;
}

/** Labels under their headings, which are left out where there is one section. */
export function labelSectionList(
  sections: readonly LabelSection<PaletteEntry>[],
  context: LabelContext,
): readonly TemplateResult[] {
  const isPlain = sections.length < 2;
  return sections.map(({ group, labels }, at) => {
    const buttons = labels.map((label) => labelButton(label, "option", context));
    if (isPlain) return html`<div class="labels" role="presentation">${buttons}</div>`;
    return html`<div role="group" aria-labelledby=${`kind-${at}`} data-section=${at}>
      <div class="kind" id=${`kind-${at}`} role="presentation">${shownGroup(group)}</div>
      <div class="labels" role="presentation">${buttons}</div>
    </div>`;
  });
}

/** A group's name as it is shown. */
function shownGroup(group: string): string {
  return groupName(group === "" ? "other" : group, language());
}

/** The labels at hand: favourites and recent ones, in one row that moves sideways. */
export function quickRow(labels: readonly PaletteEntry[], context: LabelContext): TemplateResult {
  const entry = labels.some(({ id }) => id === context.active) ? context.active : labels[0]?.id;
  return html`<div class="quick" role="toolbar" aria-label=${t("palette.quick")} @keydown=${roveInRow}>
    ${labels.map((label) => {
      const name = shownName(label);
      return html`<button
        aria-pressed=${label.id === context.active}
        aria-label=${label.key ? t("palette.key", { name, key: label.key }) : name}
        title=${label.key ? `${name} (${label.key})` : name}
        tabindex=${label.id === entry ? 0 : -1}
        data-quick=${label.id}
        @click=${(event: MouseEvent) => context.pick(label.id, event)}
      >
        ${swatch(label, nothing)}<span class="name">${name}</span>
        ${label.isFavourite ? html`<span class="liked" aria-hidden="true">${glyph("star")}</span>` : nothing}
        ${keyBadge(label)}
      </button>`;
    })}
  </div>`;
}

/** Buttons that go to the sections of a list, the one in sight marked. */
export function jumpRow(
  sections: readonly LabelSection<PaletteEntry>[],
  inSight: number | undefined,
  go: (section: number) => void,
): TemplateResult | typeof nothing {
  if (sections.length < 2) return nothing;
  return html`<div class="kinds" role="toolbar" aria-label=${t("palette.groups")} @keydown=${roveInRow}>
    ${sections.map(
      ({ group }, at) =>
        html`<button
          aria-current=${at === inSight ? "true" : nothing}
          tabindex=${at === (inSight ?? 0) ? 0 : -1}
          data-kind=${at}
          @click=${() => go(at)}
        >
          ${shownGroup(group)}
        </button>`,
    )}
  </div>`;
}

/** Arrow keys move the focus along a row of buttons; Enter or Space presses one. */
function roveInRow(event: KeyboardEvent): void {
  const { currentTarget } = event;
  if (!(currentTarget instanceof HTMLElement)) return;
  roveWithKeys(event, [...currentTarget.querySelectorAll<HTMLElement>("button")], "focus");
}

/** The element's tool bar and palette. */

import { html, nothing, type TemplateResult } from "lit";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import { classesOf, type Layout, type ToolId } from "../state/studio-state.js";
import type { Studio } from "../state/studio.js";
import { classKey, toolKey } from "../tools/shortcuts.js";
import { cssVars } from "../ui/css-vars.js";
import { roveWithKeys } from "../ui/roving.js";
import { icon, type IconName } from "./icons.js";
import type { ElementLanguage, ElementText } from "./text.js";

const TOOLS = ["brush", "eraser", "fill"] as const satisfies readonly (ToolId & IconName)[];

const LAYOUT_CHOICES = [
  ["side-by-side", "sideBySide", "sideBySide"],
  ["overlay", "overlay", "overlay"],
  ["picture", "picture", "pictureOnly"],
] as const satisfies readonly (readonly [Layout, IconName, keyof ElementText])[];

/** Largest size of the slider, in label-map pixels. */
const LARGEST_SIZE = 96;

/**
 * Tools, brush size, undo and view; for photo models a button to choose a photo, and the view; where there is nothing to
 * paint, a sentence that says so, and a button for another picture.
 */
export function toolBar(studio: Studio, text: ElementText, choosePhoto: () => void): TemplateResult {
  const { model, photo } = studio.state;
  if (model?.input === "latent") {
    return bar(
      text,
      html`<p class="hint">${text.nothingToPaint}</p>
        <span class="spring"></span>
        <button part="tool" @click=${() => commands.rollSeed(studio)}>${icon("dice")}${text.anotherPicture}</button>`,
    );
  }
  const takesPhotos = model?.input === "photo";
  const layouts = LAYOUT_CHOICES.filter(([layout]) => !takesPhotos || layout !== "overlay");
  return bar(
    text,
    html`${takesPhotos ? nothing : paintingGroups(studio, text)}
      ${
        takesPhotos && photo !== undefined
          ? html`<button part="tool" @click=${choosePhoto}>${icon("photo")}${text.choosePhoto}</button>`
          : nothing
      }
      <span class="spring"></span>
      <span class="group" role="radiogroup" aria-label=${text.layout} @keydown=${rove}>
        ${layouts.map(([layout, name, label]) =>
          radio(studio.state.layout === layout, text[label], name, () => commands.setLayout(studio, layout)),
        )}
      </span>`,
  );
}

function bar(text: ElementText, content: TemplateResult): TemplateResult {
  return html`<div class="bar" part="toolbar" role="toolbar" aria-label=${text.tools}>${content}</div>`;
}

/** The labels to paint with. */
export function palette(studio: Studio, text: ElementText, language: ElementLanguage): TemplateResult {
  const { classId } = studio.state;
  return html`<div class="palette" part="palette" role="radiogroup" aria-label=${text.palette} @keydown=${rove}>
    ${classesOf(studio.state).map(({ id, name, color }) => {
      const shown = translatedName(name, language);
      const key = classKey(id);
      return html`<button
        part="label"
        role="radio"
        aria-checked=${id === classId}
        tabindex=${id === classId ? 0 : -1}
        title=${key === undefined ? shown : `${shown} (${key})`}
        @click=${() => commands.chooseClass(studio, id)}
      >
        <span class="swatch" part="swatch" ${cssVars({ "--swatch": `rgb(${color.join(" ")})` })}></span>
        <span class="name">${shown}</span>
      </button>`;
    })}
  </div>`;
}

function paintingGroups(studio: Studio, text: ElementText): TemplateResult {
  const { tool, undoKind, redoKind } = studio.state;
  return html`<span class="group" role="radiogroup" aria-label=${text.tools} @keydown=${rove}>
      ${TOOLS.map((id) => radio(tool === id, withKey(text[id], id), id, () => commands.chooseTool(studio, id)))}
    </span>
    ${sizeSlider(studio, text)}
    <span class="group">
      ${action(text.undo, "undo", undoKind === undefined, () => commands.undo(studio))}
      ${action(text.redo, "redo", redoKind === undefined, () => commands.redo(studio))}
      ${action(text.clear, "clear", studio.painting === undefined, () => commands.clear(studio))}
    </span>`;
}

function sizeSlider(studio: Studio, text: ElementText): TemplateResult {
  const { brushSize } = studio.state;
  return html`<label class="size" part="size">
    <span class="unseen">${text.brushSize}</span>
    <input
      type="range"
      min="1"
      max=${LARGEST_SIZE}
      .value=${String(brushSize)}
      title=${text.brushSize}
      @input=${({ target }: Event) => {
        if (target instanceof HTMLInputElement) commands.setBrushSize(studio, target.valueAsNumber);
      }}
    />
    <span class="value" aria-hidden="true">${brushSize}</span>
  </label>`;
}

function radio(checked: boolean, label: string, name: IconName, choose: () => void): TemplateResult {
  return html`<button
    part="tool"
    role="radio"
    aria-checked=${checked}
    aria-label=${label}
    title=${label}
    tabindex=${checked ? 0 : -1}
    @click=${choose}
  >
    ${icon(name)}
  </button>`;
}

function action(label: string, name: IconName, disabled: boolean, act: () => void): TemplateResult {
  return html`<button part="tool" aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>
    ${icon(name)}
  </button>`;
}

function withKey(label: string, tool: ToolId): string {
  const key = toolKey(tool);
  return key === undefined ? label : `${label} (${key})`;
}

function rove(event: KeyboardEvent): void {
  const { currentTarget } = event;
  if (currentTarget instanceof Element) roveWithKeys(event, [...currentTarget.querySelectorAll<HTMLElement>("button")]);
}

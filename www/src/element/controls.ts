/** The element's tool bar. */

import { html, nothing, type TemplateResult } from "lit";
import { NO_OBJECT } from "../canvas/label-map.js";
import * as commands from "../state/commands.js";
import * as objects from "../state/object-commands.js";
import { hasObjectLayer, type Layout, type ToolId } from "../state/studio-state.js";
import type { Studio } from "../state/studio.js";
import { toolKey } from "../tools/shortcuts.js";
import { roveWithKeys } from "../ui/roving.js";
import { icon, type IconName } from "./icons.js";
import type { ElementText } from "./text.js";

const TOOLS = ["brush", "eraser", "fill"] as const satisfies readonly (ToolId & IconName)[];

const LAYOUT_CHOICES = [
  ["side-by-side", "sideBySide", "sideBySide"],
  ["overlay", "overlay", "overlay"],
  ["picture", "picture", "pictureOnly"],
] as const satisfies readonly (readonly [Layout, IconName, keyof ElementText])[];

/** Largest size of the slider, in label-map pixels. */
const LARGEST_SIZE = 96;

/** What the tool bar does beside painting. */
export interface ToolBarActions {
  readonly choosePhoto: () => void;
  /** The person has set another seed. */
  readonly setSeed: (seed: number) => void;
  readonly rollSeed: () => void;
  readonly save: () => void;
}

/**
 * Tools, brush size, undo, the seed where it matters, saving, and the view; for photo models a button to choose a photo in
 * place of the tools; where there is nothing to paint, a sentence that says so, and a button for another picture.
 */
export function toolBar(studio: Studio, text: ElementText, actions: ToolBarActions): TemplateResult {
  const { model, photo, layout: shown } = studio.state;
  const end = html`${model?.usesSeed === true ? seedGroup(studio, text, actions) : nothing}
  ${action(text.save, "save", studio.state.picture === undefined, actions.save)}`;
  if (model?.input === "latent") {
    return bar(
      text,
      html`<p class="hint">${text.nothingToPaint}</p>
        <span class="spring"></span>
        ${end}`,
    );
  }
  const takesPhotos = model?.input === "photo";
  const layouts = LAYOUT_CHOICES.filter(([layout]) => !takesPhotos || layout !== "overlay");
  return bar(
    text,
    html`${takesPhotos ? nothing : paintingGroups(studio, text)}
      ${
        takesPhotos && photo !== undefined
          ? html`<button part="tool" @click=${actions.choosePhoto}>${icon("photo")}${text.choosePhoto}</button>`
          : nothing
      }
      <span class="spring"></span>
      ${end}
      <span class="group" role="radiogroup" aria-label=${text.layout} @keydown=${rove}>
        ${layouts.map(([layout, name, label]) =>
          radio(shown === layout, text[label], name, () => commands.setLayout(studio, layout)),
        )}
      </span>`,
  );
}

/** The seed, to be read, typed and drawn again; where nothing is painted, drawing it has a word. */
function seedGroup(studio: Studio, text: ElementText, { setSeed, rollSeed }: ToolBarActions): TemplateResult {
  const { seed, model } = studio.state;
  const typed = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return;
    if (target.value !== "" && target.validity.valid) setSeed(target.valueAsNumber);
    // What is no seed gives way to the one in use.
    else target.value = String(seed);
  };
  return html`<span class="seeds">
    <label class="seed" part="seed">
      ${text.seed}
      <input
        type="number"
        min="0"
        max="4294967295"
        step="1"
        inputmode="numeric"
        .value=${String(seed)}
        @change=${typed}
      />
    </label>
    ${
      model?.input === "latent"
        ? html`<button part="tool" @click=${rollSeed}>${icon("dice")}${text.anotherPicture}</button>`
        : action(text.anotherPicture, "dice", false, rollSeed)
    }
  </span>`;
}

function bar(text: ElementText, content: TemplateResult): TemplateResult {
  return html`<div class="bar" part="toolbar" role="toolbar" aria-label=${text.tools}>${content}</div>`;
}

function paintingGroups(studio: Studio, text: ElementText): TemplateResult {
  const { tool, undoKind, redoKind } = studio.state;
  return html`<span class="group" role="radiogroup" aria-label=${text.tools} @keydown=${rove}>
      ${TOOLS.map((id) => radio(tool === id, withKey(text[id], id), id, () => commands.chooseTool(studio, id)))}
    </span>
    ${sizeSlider(studio, text)} ${hasObjectLayer(studio.state) ? objectGroup(studio, text) : nothing}
    <span class="group">
      ${action(text.undo, "undo", undoKind === undefined, () => commands.undo(studio))}
      ${action(text.redo, "redo", redoKind === undefined, () => commands.redo(studio))}
      ${action(text.clear, "clear", studio.painting === undefined, () => commands.clear(studio))}
    </span>`;
}

/** Whether paint begins another object, and that it belongs to none. */
function objectGroup(studio: Studio, text: ElementText): TemplateResult {
  const { object } = studio.state;
  const words = object === NO_OBJECT ? text.newObject : `${text.newObject} (#${object})`;
  return html`<span class="group">
    ${action(words, "newObject", false, () => objects.newObject(studio))}
    ${action(text.noObject, "noObject", object === NO_OBJECT, () => objects.noObject(studio))}
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

/** Arrow keys within a group of buttons. */
export function rove(event: KeyboardEvent): void {
  const { currentTarget } = event;
  if (currentTarget instanceof Element)
    roveWithKeys(event, [...currentTarget.querySelectorAll<HTMLElement>('[role="radio"]')]);
}

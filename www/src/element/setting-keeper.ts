/** Takes what a page sets on the element over into the studio, or refuses it and keeps what there was. */

import * as commands from "../state/commands.js";
import { isPainted } from "../state/studio-model.js";
import { classesOf } from "../state/studio-state.js";
import type { Studio } from "../state/studio.js";
import { SETTINGS, refusal, type ElementSettings, type SettingError, type SettingName } from "./settings.js";

/** What a setting changes in the studio; the others are read when a model is loaded. */
const APPLY: Readonly<Partial<Record<SettingName, (studio: Studio, settings: ElementSettings) => void>>> = {
  tool: (studio, { tool }) => commands.chooseTool(studio, tool),
  layout: (studio, { layout }) => commands.setLayout(studio, layout),
  brushSize: (studio, { brushSize }) => commands.setBrushSize(studio, brushSize),
  seed: (studio, { seed }) => commands.setSeed(studio, seed),
  label: (studio, { label }) => {
    if (label !== undefined) commands.chooseClass(studio, label);
  },
};

/** Checks the settings of one element. */
export class SettingKeeper {
  /** What was set last and taken. */
  private kept: Readonly<Partial<Record<SettingName, unknown>>>;
  private refused: readonly SettingError[] = [];

  constructor(
    private readonly element: Element & ElementSettings,
    private readonly studio: Studio,
    defaults: Partial<ElementSettings>,
  ) {
    this.kept = defaults;
    Object.assign(element, defaults);
  }

  /** A property was set: it is taken, or goes back to what it was. */
  take(name: SettingName): void {
    const { element, studio } = this;
    const value: unknown = element[name];
    // An attribute that was removed asks for no label.
    const asksNothing = name === "label" && (value === undefined || value === null);
    const error = asksNothing
      ? undefined
      : refusal(name, value, element.getAttribute(SETTINGS[name]), classesOf(studio.state));
    if (error !== undefined) {
      this.refused = [...this.refused, error];
    } else if (!asksNothing) {
      this.kept = { ...this.kept, [name]: value };
      APPLY[name]?.(studio, element);
    }
    Object.assign(element, { [name]: this.current(name) });
  }

  /**
   * A model is loaded: the label that was asked for before is taken or refused.
   *
   * @param followed the label that the element showed of the model before; this one need not have it
   */
  takeLabel(followed: number | undefined): void {
    const { element, studio } = this;
    const isKnown = classesOf(studio.state).some(({ id }) => id === element.label);
    if (isKnown || element.label !== followed) this.take("label");
    else Object.assign(element, { label: this.current("label") });
  }

  /** What was refused since the last call. */
  takeRefusals(): readonly SettingError[] {
    const { refused } = this;
    this.refused = [];
    return refused;
  }

  /** What the studio has, where it has it: numbers come back rounded. */
  private current(name: SettingName): unknown {
    const { model, classId, brushSize } = this.studio.state;
    if (name === "brushSize") return brushSize;
    if (name === "label" && model !== undefined && isPainted(model)) return classId;
    return this.kept[name] ?? undefined;
  }
}

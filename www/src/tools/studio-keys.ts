/** Runs the commands of keys on the studio. */

import * as commands from "../state/commands.js";
import * as objects from "../state/object-commands.js";
import type { Studio } from "../state/studio.js";
import { hasObjectLayer, LAYOUTS, shownLayout } from "../state/studio-state.js";
import type { ToolController } from "./controller.js";
import type { ShortcutCommand } from "./shortcuts.js";

/** Commands that open dialogs or files, which the interface runs itself. */
export type ShellCommand = Extract<
  ShortcutCommand,
  { type: "save" | "open" | "paintings" | "copy" | "find-label" | "sheet" }
>;

/** Runs everything but `ShellCommand`s, which it gives to `shell`. False when there was nothing to do. */
export function runStudioCommand(
  studio: Studio,
  controller: ToolController,
  command: ShortcutCommand,
  shell: (command: ShellCommand) => void,
): boolean {
  switch (command.type) {
    case "tool":
      commands.chooseTool(studio, command.tool);
      return true;
    case "brush-size":
      commands.stepBrushSize(studio, command.direction, command.coarse);
      return true;
    case "class":
      commands.chooseClassOfDigit(studio, command.digit);
      return true;
    case "swap-class":
      commands.swapClass(studio);
      return true;
    case "object":
      return runObjectCommand(studio, command.what);
    case "undo":
      return controller.cancel() || commands.undo(studio);
    case "redo":
      return !controller.cancel() && commands.redo(studio);
    case "cancel":
      return controller.cancel();
    case "clear":
      commands.clear(studio);
      return true;
    case "zoom":
      commands.zoomStep(studio, command.direction);
      return true;
    case "fit":
      commands.fitToView(studio);
      return true;
    case "actual-size":
      commands.zoomToActualSize(studio);
      return true;
    case "next-layout":
      return nextLayout(studio);
    case "save":
    case "open":
    case "paintings":
    case "copy":
    case "find-label":
    case "sheet":
      shell(command);
      return true;
  }
}

/** False where the model does not tell objects apart. */
function runObjectCommand(studio: Studio, what: "new" | "none" | "outlines"): boolean {
  const { state } = studio;
  if (!hasObjectLayer(state)) return false;
  if (what === "new") objects.newObject(studio);
  else if (what === "none") objects.noObject(studio);
  else objects.setOutlinesShown(studio, !state.outlinesShown);
  return true;
}

/** False where the model leaves no choice. */
function nextLayout(studio: Studio): boolean {
  if (shownLayout(studio.state) !== studio.state.layout) return false;
  const next = (LAYOUTS.indexOf(studio.state.layout) + 1) % LAYOUTS.length;
  commands.setLayout(studio, LAYOUTS[next] ?? "side-by-side");
  return true;
}

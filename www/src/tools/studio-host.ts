/** Lets tools act on the studio. */

import type { Size } from "../canvas/geometry.js";
import type { LabelMap } from "../canvas/label-map.js";
import type { ToolPreview } from "../canvas/preview.js";
import type { View } from "../canvas/view.js";
import * as commands from "../state/commands.js";
import type { StepKind } from "../state/history.js";
import type { Edit } from "../state/painting.js";
import type { Studio } from "../state/studio.js";
import type { ShapeFill } from "../state/studio-state.js";
import { ToolController } from "./controller.js";
import type { ToolHost } from "./tool.js";

/** The studio as tools see it. */
export class StudioHost implements ToolHost {
  private readonly studio: Studio;

  constructor(studio: Studio) {
    this.studio = studio;
  }

  get map(): LabelMap | undefined {
    return this.studio.painting?.map;
  }

  get imageSize(): Size | undefined {
    return commands.imageSizeOf(this.studio);
  }

  get classId(): number {
    return this.studio.state.classId;
  }

  get object(): number {
    return this.map?.objects ? this.studio.state.object : 0;
  }

  get brushSize(): number {
    return this.studio.state.brushSize;
  }

  get pressureEnabled(): boolean {
    return this.studio.state.pressureEnabled;
  }

  get shapeFill(): ShapeFill {
    return this.studio.state.shapeFill;
  }

  get view(): View {
    return this.studio.state.view;
  }

  begin(kind: StepKind): Edit {
    const { painting } = this.studio;
    if (!painting) throw new Error("tool: nothing to paint on; ask `map` before `begin`");
    return painting.begin(kind);
  }

  chooseClass(id: number, object: number): void {
    commands.chooseClass(this.studio, id, object);
  }

  setView(view: View): void {
    commands.setView(this.studio, view);
  }

  setPreview(preview: ToolPreview): void {
    commands.setPreview(this.studio, preview);
  }

  undo(): void {
    commands.undo(this.studio);
  }

  redo(): void {
    commands.redo(this.studio);
  }
}

/** The studio's tools; the controller follows the chosen tool. Call `stop` when the studio goes. */
export function studioTools(studio: Studio): { controller: ToolController; host: StudioHost; stop: () => void } {
  const host = new StudioHost(studio);
  const controller = new ToolController(host);
  controller.tool = studio.state.tool;
  const stop = studio.store.watch(
    (state) => state.tool,
    (tool) => {
      controller.tool = tool;
    },
  );
  return { controller, host, stop };
}

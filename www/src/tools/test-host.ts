/** A host and pointers for tests of tools. */

import type { Point, Size } from "../canvas/geometry.js";
import { LabelMap } from "../canvas/label-map.js";
import { NO_PREVIEW, type ToolPreview } from "../canvas/preview.js";
import { pointInCanvasFromImage, type View } from "../canvas/view.js";
import type { StepKind } from "../state/history.js";
import { Painting, type Edit } from "../state/painting.js";
import type { ShapeFill } from "../state/studio-state.js";
import { BUTTON, type PointerInput, type ToolHost } from "./tool.js";

/** A host with a 64×48 map seen at twice its size. */
export class TestHost implements ToolHost {
  readonly painting: Painting = new Painting(new LabelMap(64, 48));
  classId = 3;
  object = 0;
  brushSize = 5;
  pressureEnabled = true;
  shapeFill: ShapeFill = "filled";
  view: View = { zoom: 2, offsetX: 10, offsetY: 20 };
  preview: ToolPreview = NO_PREVIEW;
  /** Every kind of step that was begun. */
  readonly begun: StepKind[] = [];

  get map(): LabelMap {
    return this.painting.map;
  }

  get imageSize(): Size {
    return this.painting.map;
  }

  begin(kind: StepKind): Edit {
    this.begun.push(kind);
    return this.painting.begin(kind);
  }

  chooseClass(id: number, object: number): void {
    this.classId = id;
    this.object = object;
  }

  setView(view: View): void {
    this.view = view;
  }

  setPreview(preview: ToolPreview): void {
    this.preview = preview;
  }

  /** A pointer over an image point: the left mouse button, unless said otherwise. */
  at(x: number, y: number, more: Partial<PointerInput> = {}): PointerInput {
    const pointInImage: Point = { x, y };
    return {
      pointerId: 1,
      kind: "mouse",
      pointInImage,
      pointInCanvas: pointInCanvasFromImage(this.view, pointInImage),
      pressure: 0.5,
      buttons: BUTTON.primary,
      shift: false,
      alt: false,
      space: false,
      ...more,
    };
  }

  /** How many pixels have a class. */
  count(id: number): number {
    return this.map.ids.reduce((count, found) => count + (found === id ? 1 : 0), 0);
  }
}

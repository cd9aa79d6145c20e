import { beforeEach, describe, expect, it } from "vitest";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import { stampBrush } from "../canvas/stroke.js";
import * as commands from "./commands.js";
import { Studio } from "./studio.js";
import { otherModel, photoModel, testDevice, testModel } from "./test-model.js";

let studio: Studio;

beforeEach(() => {
  studio = new Studio();
  commands.setCanvasSize(studio, { width: 400, height: 300 });
  commands.modelReady(studio, testModel, testDevice);
});

function filledMap(width: number, height: number, id: number): LabelMap {
  const map = new LabelMap(width, height);
  clearLabelMap(map, id);
  return map;
}

function paintDot(id: number): void {
  studio.painting?.apply("brush", (map) => stampBrush(map, { pointInImage: { x: 5, y: 5 }, size: 3 }, id));
}

describe("models", () => {
  it("a loaded model gives an empty painting of its size, its first class, and a fitted view", () => {
    const { state } = studio;
    expect([state.map?.width, state.map?.height]).toEqual([32, 24]);
    expect(state.classId).toBe(1);
    expect(state.viewIsFitted).toBe(true);
    expect(state.view.zoom).toBeCloseTo((300 - 2 * commands.FIT_PADDING) / 24);
    expect(state.loading).toEqual({ phase: "ready" });
  });

  it("starts from a kept painting, resized, with unknown classes as background", () => {
    const fresh = new Studio();
    const kept = filledMap(64, 48, 2);
    kept.ids[0] = 77;
    commands.modelReady(fresh, testModel, testDevice, kept);
    expect([fresh.state.map?.width, fresh.state.map?.height]).toEqual([32, 24]);
    expect(fresh.state.map?.at(31, 23)).toBe(2);
    expect(fresh.state.map?.ids.includes(77)).toBe(false);
    expect(fresh.state.undoKind).toBeUndefined();
    expect(fresh.state.dirty).toBe(false);
  });

  it("going to another model and back loses neither the painting nor its history", () => {
    paintDot(2);
    commands.modelReady(studio, otherModel, testDevice);
    expect([studio.state.map?.width, studio.state.undoKind]).toEqual([16, undefined]);
    commands.modelReady(studio, testModel, testDevice, filledMap(32, 24, 3));
    expect(studio.state.map?.at(5, 5)).toBe(2);
    expect(studio.state.undoKind).toBe("brush");
    commands.undo(studio);
    expect(studio.state.map?.at(5, 5)).toBe(0);
  });

  it("the painting of a model that is not shown does not touch the state", () => {
    const first = studio.painting;
    commands.modelReady(studio, otherModel, testDevice);
    const { revision } = studio.state;
    first?.apply("clear", (map) => clearLabelMap(map, 1));
    expect(studio.state.revision).toBe(revision);
  });

  it("a photo model has no painting; a photo counts as a change", () => {
    commands.modelReady(studio, photoModel, testDevice);
    expect([studio.state.map, studio.painting]).toEqual([undefined, undefined]);
    const { revision } = studio.state;
    commands.openPhoto(studio, { width: 32, height: 24, data: new Uint8ClampedArray(32 * 24 * 4), colorSpace: "srgb" });
    expect(studio.state.revision).toBe(revision + 1);
    expect(commands.undo(studio)).toBe(false);
  });

  it("reports loading, and keeps the model in use when another fails", () => {
    commands.modelLoading(studio, "New");
    commands.modelProgress(studio, { stage: "download", fraction: 0.25 });
    expect(studio.state.loading).toEqual({
      phase: "loading",
      name: "New",
      progress: { stage: "download", fraction: 0.25 },
    });
    commands.modelFailed(studio, { code: "network", message: "no" });
    expect(studio.state.loading).toEqual({ phase: "failed", name: "New", error: { code: "network", message: "no" } });
    expect(studio.state.model).toBe(testModel);
    commands.modelLoading(studio, "New");
    commands.modelFailed(studio);
    expect(studio.state.loading).toEqual({ phase: "ready" });
  });
});

describe("painting commands", () => {
  it("opening a file is one undoable step and leaves nothing to save", () => {
    paintDot(2);
    expect(studio.state.dirty).toBe(true);
    commands.openLabelMap(studio, filledMap(32, 24, 3));
    expect([studio.state.undoKind, studio.state.dirty]).toEqual(["open", false]);
    commands.undo(studio);
    expect([studio.state.map?.at(5, 5), studio.state.map?.at(0, 0), studio.state.dirty]).toEqual([2, 0, true]);
  });

  it("clear is one undoable step", () => {
    paintDot(2);
    commands.clear(studio);
    expect(studio.state.map?.ids.every((id) => id === 0)).toBe(true);
    commands.undo(studio);
    expect(studio.state.map?.at(5, 5)).toBe(2);
    expect([studio.state.undoKind, studio.state.redoKind]).toEqual(["brush", "clear"]);
  });

  it("an unfinished and cancelled stroke leaves nothing to save", () => {
    const edit = studio.painting?.begin("brush");
    edit?.paint((map) => stampBrush(map, { pointInImage: { x: 5, y: 5 }, size: 3 }, 1));
    edit?.cancel();
    expect(studio.state.dirty).toBe(false);
  });

  it("tells a painter that draws once a frame the rectangle around all that changed since", () => {
    const { revision } = studio.state;
    expect(studio.changedSince(revision)).toEqual({ x: 0, y: 0, width: 0, height: 0 });
    const stampAt = (x: number, y: number) =>
      studio.painting?.apply("brush", (map) => stampBrush(map, { pointInImage: { x, y }, size: 1 }, 2));
    stampAt(5, 6);
    stampAt(9, 3);
    expect(studio.changedSince(revision)).toEqual({ x: 5, y: 3, width: 5, height: 4 });
    expect(studio.changedSince(revision + 1)).toEqual({ x: 9, y: 3, width: 1, height: 1 });
    commands.modelReady(studio, otherModel, testDevice);
    expect(studio.changedSince(revision + 2)).toEqual({ x: 0, y: 0, width: 16, height: 16 });
  });

  it("says that everything changed when it was too long ago to know", () => {
    expect(studio.changedSince(-1)).toEqual({ x: 0, y: 0, width: 32, height: 24 });
    for (let index = 0; index < 5000; index += 1) {
      studio.painting?.apply("brush", (map) => stampBrush(map, { pointInImage: { x: 1, y: 1 }, size: 1 }, index % 3));
    }
    expect(studio.changedSince(1)).toEqual({ x: 0, y: 0, width: 32, height: 24 });
    expect(studio.changedSince(studio.state.revision - 9)).toEqual({ x: 1, y: 1, width: 1, height: 1 });
  });
});

describe("choices", () => {
  it("X swaps with the class before, and unknown classes are ignored", () => {
    commands.chooseClass(studio, 3);
    commands.swapClass(studio);
    expect(studio.state.classId).toBe(1);
    commands.swapClass(studio);
    expect(studio.state.classId).toBe(3);
    commands.chooseClass(studio, 99);
    expect(studio.state.classId).toBe(3);
  });

  it("labels painted with are at hand, and digits choose them, where there are many", () => {
    const many = (count: number, key: string) => ({
      ...testModel,
      classes: Array.from({ length: count }, (_, id) => ({ id, name: `${key} ${id}`, color: [id, 0, 0] as const })),
      paintingKey: key,
    });
    commands.modelReady(studio, many(40, "many"), testDevice);
    commands.chooseClass(studio, 30);
    commands.chooseClass(studio, 20);
    commands.chooseClassOfDigit(studio, 2);
    expect(studio.state.classId).toBe(30);
    expect(studio.state.recent.map(({ id }) => id)).toEqual([1, 30, 20]);
    commands.chooseClassOfDigit(studio, 9);
    expect(studio.state.classId).toBe(30);
    // Another model's ids are other things.
    commands.modelReady(studio, many(12, "few"), testDevice);
    expect(studio.state.recent.map(({ id }) => id)).toEqual([1]);
    commands.chooseClassOfDigit(studio, 9);
    expect(studio.state.classId).toBe(9);
  });

  it("brush steps grow with the brush and stay within limits", () => {
    commands.setBrushSize(studio, 8);
    commands.stepBrushSize(studio, 1);
    expect(studio.state.brushSize).toBe(9);
    commands.stepBrushSize(studio, 1, true);
    expect(studio.state.brushSize).toBe(14);
    for (let index = 0; index < 100; index += 1) commands.stepBrushSize(studio, -1, true);
    expect(studio.state.brushSize).toBe(1);
    for (let index = 0; index < 100; index += 1) commands.stepBrushSize(studio, 1, true);
    expect(studio.state.brushSize).toBe(512);
  });

  it("the shown brush follows its size", () => {
    commands.setPreview(studio, { kind: "brush", pointInImage: { x: 1, y: 1 }, size: 24 });
    commands.setBrushSize(studio, 50);
    expect(studio.state.preview).toEqual({ kind: "brush", pointInImage: { x: 1, y: 1 }, size: 50 });
  });

  it("seeds are unsigned 32-bit integers", () => {
    for (const [given, kept] of [
      [7.9, 7],
      [-1, 0xffffffff],
      [2 ** 32 + 5, 5],
      [NaN, 0],
    ] as const) {
      commands.setSeed(studio, given);
      expect(studio.state.seed).toBe(kept);
    }
  });
});

describe("view commands", () => {
  it("a fitted view follows the size of the canvas, a moved one does not", () => {
    commands.setCanvasSize(studio, { width: 800, height: 600 });
    const fitted = studio.state.view.zoom;
    expect(fitted).toBeCloseTo((600 - 2 * commands.FIT_PADDING) / 24);
    commands.zoomStep(studio, 1);
    expect(studio.state.view.zoom).toBeCloseTo(fitted * 1.25);
    commands.setCanvasSize(studio, { width: 400, height: 300 });
    expect(studio.state.view.zoom).toBeCloseTo(fitted * 1.25);
    commands.fitToView(studio);
    expect(studio.state.viewIsFitted).toBe(true);
  });

  it("actual size shows one CSS pixel per image pixel in the middle", () => {
    commands.zoomToActualSize(studio);
    expect(studio.state.view).toEqual({ zoom: 1, offsetX: 184, offsetY: 138 });
  });
});

describe("store", () => {
  it("tells listeners only of real changes, and watchers only of theirs", () => {
    const calls: string[] = [];
    studio.store.subscribe(() => calls.push("any"));
    const stop = studio.store.watch(
      (state) => state.tool,
      (tool) => calls.push(tool),
    );
    commands.chooseTool(studio, "fill");
    commands.chooseTool(studio, "fill");
    commands.setSeed(studio, 5);
    stop();
    commands.chooseTool(studio, "line");
    expect(calls).toEqual(["any", "fill", "any", "any"]);
  });
});

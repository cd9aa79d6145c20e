/**
 * What a person can do to the studio, as functions: the only code that changes its state.
 *
 * Painting itself goes through tools (`tools/`), which come back here through their host.
 */

import { EMPTY_RECT, rectOfSize, type Rect, type Size } from "../canvas/geometry.js";
import {
  BACKGROUND_ID,
  clearLabelMap,
  LabelMap,
  NO_OBJECT,
  replaceInk,
  resizeLabelMap,
  type Ink,
} from "../canvas/label-map.js";
import { NO_PREVIEW, type ToolPreview } from "../canvas/preview.js";
import { clampBrushSize } from "../canvas/stroke.js";
import { centredView, clampView, fitView, zoomAt, type View } from "../canvas/view.js";
import type { DeviceReport } from "../engine/device.js";
import type { LoadProgress } from "../engine/protocol.js";
import type { StepKind } from "./history.js";
import { PLAIN_LOOK, type Look } from "./look.js";
import { seedFrom } from "./seed.js";
import type { Studio } from "./studio.js";
import { favouriteName, labelOfDigit, withRecent } from "./quick-labels.js";
import { firstClass, isPainted, type StudioModel } from "./studio-model.js";
import {
  quickSource,
  type Layout,
  type ShapeFill,
  type ShownError,
  type StudioState,
  type Theme,
  type ToolId,
} from "./studio-state.js";

/** CSS pixels kept free around a fitted image. */
export const FIT_PADDING = 16;
/** Zoom per step of the + and − keys. */
const ZOOM_STEP = 1.25;

/** A model begins to load; `name` is shown meanwhile. The model in use stays until `modelReady`. */
export function modelLoading(studio: Studio, name: string): void {
  studio.store.update({ loading: { phase: "loading", name, progress: undefined } });
}

/** Loading has come this far. */
export function modelProgress(studio: Studio, progress: LoadProgress): void {
  const { loading } = studio.state;
  if (loading.phase === "loading") studio.store.update({ loading: { ...loading, progress } });
}

/** Loading was given up, or failed when there is an error. */
export function modelFailed(studio: Studio, error?: ShownError): void {
  const { loading, model, device } = studio.state;
  const name = loading.phase === "loading" ? loading.name : (model?.name ?? "");
  if (error) studio.store.update({ loading: { phase: "failed", name, error } });
  else studio.store.update({ loading: device ? { phase: "ready" } : { phase: "none" } });
}

/** Which painting is opened. */
export interface PaintingStart {
  /** Among those that are kept. */
  readonly id: string;
  /** What is on it; resized to the model's size, classes that it does not have become background. Else it is empty. */
  readonly map?: LabelMap | undefined;
  /** The seed that it was painted with; undefined for the one in use. */
  readonly seed?: number | undefined;
  /** How it looked; undefined for everything from the seed. */
  readonly look?: Look | undefined;
}

/** The first model is known, and can be painted for; it still loads. */
export function modelKnown(studio: Studio, model: StudioModel, start: PaintingStart): void {
  useModel(studio, model, start, {});
}

/**
 * A model is loaded and in use from now on.
 *
 * @param start what to paint on: a painting that this visit has opened before goes on with its history.
 */
export function modelReady(
  studio: Studio,
  model: StudioModel,
  device: DeviceReport,
  start?: LabelMap | PaintingStart,
): void {
  const painting = start && "id" in start ? start : { id: model.paintingKey, map: start };
  useModel(studio, model, painting, { device, loading: { phase: "ready" } });
}

/** Shows another painting of the model in use. */
export function openPainting(studio: Studio, start: PaintingStart): void {
  const { model } = studio.state;
  if (model && isPainted(model)) useModel(studio, model, start, {});
}

function useModel(studio: Studio, model: StudioModel, start: PaintingStart, more: Partial<StudioState>): void {
  const before = studio.state;
  const sameClasses = before.model?.paintingKey === model.paintingKey;
  const { id, map, seed, look } = start;
  const painting = isPainted(model)
    ? studio.showPainting(id, map ? fittedMap(map, model) : emptyMap(model))
    : undefined;
  // An older studio may have kept it, or the model as one that knows no objects.
  if (model.usesObjects) painting?.addObjects();
  if (!painting) studio.hidePainting();
  const classId = sameClasses ? before.classId : firstClass(model);
  const samePainting = painting !== undefined && before.paintingId === id;
  studio.store.update({
    model,
    ...more,
    map: painting?.map,
    paintingId: painting && id,
    revision: before.revision + 1,
    changedRect: rectOfSize(model.size),
    undoKind: painting?.history.undoKind,
    redoKind: painting?.history.redoKind,
    dirty: samePainting && before.dirty,
    seed: samePainting ? before.seed : (seed ?? before.seed),
    look: samePainting || (look === undefined && !painting && sameClasses) ? before.look : (look ?? PLAIN_LOOK),
    classId,
    object: samePainting ? before.object : NO_OBJECT,
    previousClassId: sameClasses ? before.previousClassId : BACKGROUND_ID,
    recent: sameClasses ? before.recent : withRecent([], classId),
    photo: sameClasses ? before.photo : undefined,
    picture: sameClasses ? before.picture : undefined,
    generation: more.device || !sameClasses ? { phase: "idle" } : before.generation,
    preview: NO_PREVIEW,
  });
  fitToView(studio);
}

/** Opens a label map as one undoable step; it is resized to the model's size where it has another. */
export function openLabelMap(studio: Studio, map: LabelMap, kind: Extract<StepKind, "open" | "scene"> = "open"): void {
  const { model } = studio.state;
  const { painting } = studio;
  if (!model || !painting) return;
  painting.replace(fittedMap(map, model), kind);
  if (kind === "open") studio.store.update({ dirty: false });
}

/** Shows a photo, already at the model's size. */
export function openPhoto(studio: Studio, photo: ImageData): void {
  studio.store.update({ photo, revision: studio.state.revision + 1, changedRect: EMPTY_RECT });
}

/** The label map was saved to a file. */
export function labelMapSaved(studio: Studio): void {
  studio.store.update({ dirty: false });
}

/** Paints everything with the background, as one undoable step. */
export function clear(studio: Studio): void {
  studio.painting?.apply("clear", (map) => clearLabelMap(map));
}

/** Gives every pixel of one ink (a class, or one of its objects) another, as one undoable step. */
export function replaceClass(studio: Studio, from: Ink, to: Ink): void {
  studio.painting?.apply("replace-class", (map) => replaceInk(map, from, to));
}

/** Takes the last step back, or cancels the one under way. False when there was nothing. */
export function undo(studio: Studio): boolean {
  return studio.undo();
}

/** Makes the last undone step again. False when there was nothing. */
export function redo(studio: Studio): boolean {
  return studio.redo();
}

/**
 * Chooses the class to paint with, and one of its objects; ignored when the model does not have the class.
 *
 * Without an object, another class paints none, and the same class goes on with what it painted.
 */
export function chooseClass(studio: Studio, id: number, object?: number): void {
  const { model, classId, recent } = studio.state;
  if (!model?.classes.some((entry) => entry.id === id)) return;
  if (id !== classId) {
    const chosen = { classId: id, previousClassId: classId, recent: withRecent(recent, id) };
    studio.store.update({ ...chosen, object: object ?? NO_OBJECT });
  } else if (object !== undefined) {
    studio.store.update({ object });
  }
}

/** Chooses the class to paint with that a digit is the key of. */
export function chooseClassOfDigit(studio: Studio, digit: number): void {
  const id = labelOfDigit(quickSource(studio.state), digit);
  if (id !== undefined) chooseClass(studio, id);
}

/** Makes labels of that name favourites, or no longer, in every model. */
export function toggleFavourite(studio: Studio, name: string): void {
  const { favourites } = studio.state;
  const wanted = favouriteName(name);
  const without = favourites.filter((favourite) => favourite !== wanted);
  const isOne = without.length < favourites.length;
  studio.store.update({ favourites: isOne ? without : [...favourites, wanted] });
}

/** Goes back to the class painted with before. */
export function swapClass(studio: Studio): void {
  chooseClass(studio, studio.state.previousClassId);
}

/** Chooses a tool. */
export function chooseTool(studio: Studio, tool: ToolId): void {
  studio.store.update({ tool, preview: NO_PREVIEW });
}

/** Sets the brush's diameter, in label-map pixels; kept within 1 to 512. */
export function setBrushSize(studio: Studio, size: number): void {
  const brushSize = clampBrushSize(size);
  const { preview } = studio.state;
  const resized: ToolPreview = preview.kind === "brush" ? { ...preview, size: brushSize } : preview;
  studio.store.update({ brushSize, preview: resized });
}

/** Makes the brush larger (above 0) or smaller by steps that grow with it; `coarse` steps are larger. */
export function stepBrushSize(studio: Studio, direction: 1 | -1, coarse = false): void {
  const { brushSize } = studio.state;
  const step = Math.max(1, Math.round(brushSize * (coarse ? 0.5 : 0.125)));
  setBrushSize(studio, brushSize + direction * step);
}

/** Whether a pen's pressure sets the size. */
export function setPressureEnabled(studio: Studio, pressureEnabled: boolean): void {
  studio.store.update({ pressureEnabled });
}

/** Filled shapes or outlines. */
export function setShapeFill(studio: Studio, shapeFill: ShapeFill): void {
  studio.store.update({ shapeFill });
}

/** Chooses how the panes are laid out. */
export function setLayout(studio: Studio, layout: Layout): void {
  studio.store.update({ layout });
}

/** Opacity of the picture over the labels, 0 to 1. */
export function setOverlayOpacity(studio: Studio, opacity: number): void {
  studio.store.update({ overlayOpacity: Math.min(1, Math.max(0, opacity)) });
}

/** Whether pictures are generated while painting. */
export function setLiveEnabled(studio: Studio, liveEnabled: boolean): void {
  studio.store.update({ liveEnabled });
}

/** Light, dark, or as the system says. */
export function setTheme(studio: Studio, theme: Theme): void {
  studio.store.update({ theme });
}

/** Sets the seed; taken modulo 2³². */
export function setSeed(studio: Studio, seed: number): void {
  studio.store.update({ seed: seedFrom(seed) });
}

/** Sets the seed as one undoable step. */
export function changeSeed(studio: Studio, seed: number): void {
  const before = studio.state.seed;
  setSeed(studio, seed);
  const after = studio.state.seed;
  if (after !== before) studio.record({ change: "seed", kind: "seed", before, after });
}

/** Another seed, at random, as one undoable step. */
export function rollSeed(studio: Studio): void {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  changeSeed(studio, seed ?? 0);
}

/** Asks a model of chance for a class of an attribute; for any without one. */
export function askForClass(studio: Studio, attribute: string, wanted: string | undefined): void {
  const { [attribute]: _before, ...others } = studio.state.choice;
  studio.store.update({ choice: wanted === undefined ? others : { ...others, [attribute]: wanted } });
}

/** Size of a pane in CSS pixels; a fitted view follows it. */
export function setCanvasSize(studio: Studio, canvasSize: Size): void {
  studio.store.update({ canvasSize });
  if (studio.state.viewIsFitted) fitToView(studio);
  else setView(studio, studio.state.view);
}

/** Moves the view; kept within limits. It no longer follows the canvas's size. */
export function setView(studio: Studio, view: View): void {
  const image = imageSizeOf(studio);
  if (!image) return;
  studio.store.update({ view: clampView(view, image, studio.state.canvasSize), viewIsFitted: false });
}

/** Shows the whole image. */
export function fitToView(studio: Studio): void {
  const image = imageSizeOf(studio);
  const { canvasSize } = studio.state;
  if (!image || canvasSize.width === 0 || canvasSize.height === 0) return;
  studio.store.update({ view: fitView(image, canvasSize, FIT_PADDING), viewIsFitted: true });
}

/** Shows image pixels at one CSS pixel each, centred. */
export function zoomToActualSize(studio: Studio): void {
  const image = imageSizeOf(studio);
  if (image) setView(studio, centredView(image, studio.state.canvasSize, 1));
}

/** Zooms in (1) or out (−1) by a step, around the middle of the pane. */
export function zoomStep(studio: Studio, direction: 1 | -1): void {
  const image = imageSizeOf(studio);
  const { view, canvasSize } = studio.state;
  const centre = { x: canvasSize.width / 2, y: canvasSize.height / 2 };
  if (image) setView(studio, zoomAt(view, direction > 0 ? ZOOM_STEP : 1 / ZOOM_STEP, centre, image));
}

/** What the tool shows over the canvas. */
export function setPreview(studio: Studio, preview: ToolPreview): void {
  studio.store.update({ preview });
}

/** Size of what the view shows; undefined without a model. */
export function imageSizeOf(studio: Studio): Size | undefined {
  return studio.state.map ?? studio.state.model?.size;
}

/** An empty label map of the model's size, with a layer of objects where the model tells them apart. */
export function emptyMap({ size: { width, height }, usesObjects }: StudioModel): LabelMap {
  const map = new LabelMap(width, height);
  if (usesObjects) map.addObjects();
  return map;
}

/**
 * The map at the model's size, classes that the model does not have turned into background, and objects only where the
 * model tells them apart. Never the same object.
 */
export function fittedMap(map: LabelMap, model: StudioModel): LabelMap {
  const { width, height } = model.size;
  const resized = resizeLabelMap(map, width, height);
  const fitted = model.usesObjects ? resized : new LabelMap(width, height, resized.ids);
  if (model.usesObjects) fitted.addObjects();
  const known = new Set(model.classes.map((entry) => entry.id));
  fitted.ids.forEach((id, index) => {
    if (!known.has(id)) fitted.fill(BACKGROUND_ID, index, index + 1);
  });
  return fitted;
}

/** What of the map has changed after a revision; see `Studio.changedSince`. */
export function changedSince(studio: Studio, revision: number): Rect {
  return studio.changedSince(revision);
}

/**
 * Undo and redo.
 *
 * One step is one deed of a person: a stroke from pointer down to up, a fill, a shape, opening a file or a scene,
 * clearing, another seed, another look. Strokes are never joined, and a deed that changes no pixel leaves no step. A new step forgets what had been
 * undone. Steps keep only changed pixels (`change-runs.ts`); when all of them together pass the memory budget, the
 * oldest are dropped.
 */

import { EMPTY_RECT, rectOfSize, unionRects, type Rect } from "../canvas/geometry.js";
import { LabelMap } from "../canvas/label-map.js";
import { applyChange, recordChange, type Direction, type PixelChange } from "./change-runs.js";
import type { Look } from "./look.js";

/** What a step was, for "Undo fill". */
export type StepKind =
  | "brush"
  | "eraser"
  | "fill"
  | "line"
  | "rectangle"
  | "ellipse"
  | "replace-class"
  | "clear"
  | "open"
  | "scene"
  | "seed"
  | "style"
  | "look"
  | "objects"
  | "edit";

/** One undoable step: changed pixels, another map of another size, another seed, or another look. */
export type Step =
  | ({ readonly change: "pixels"; readonly kind: StepKind } & LayerChanges)
  | { readonly change: "map"; readonly kind: StepKind; readonly before: PackedMap; readonly after: PackedMap }
  | { readonly change: "seed"; readonly kind: "seed"; readonly before: number; readonly after: number }
  | { readonly change: "look"; readonly kind: "style" | "look"; readonly before: Look; readonly after: Look };

/** What has changed in a label map; neither is there where nothing has. */
interface LayerChanges {
  /** Of the classes. */
  readonly pixels: PixelChange | undefined;
  /** Of the layer of objects. */
  readonly objects?: PixelChange | undefined;
}

/** A whole label map, compressed: what differs from an empty one. */
export interface PackedMap {
  readonly width: number;
  readonly height: number;
  /** Undefined for a map of background only. */
  readonly pixels: PixelChange | undefined;
  /** Undefined where nothing is an object; not there in paintings of a studio that did not know objects. */
  readonly objects?: PixelChange | undefined;
}

/** What applying a step gave: the map that is shown now, and what of it changed. */
export interface StepResult {
  readonly map: LabelMap;
  readonly rect: Rect;
  /** The seed that is in use now, where the step changed that. */
  readonly seed?: number;
  /** The look that is in use now, where the step changed that. */
  readonly look?: Look;
}

/** Memory that undo may take, in bytes: 256 MiB. */
export const HISTORY_BUDGET_BYTES = 256 * 1024 * 1024;
/** What a step takes beside its runs, in bytes; an estimate. */
const STEP_OVERHEAD_BYTES = 200;

/** The undo and redo steps of one painting. */
export class History {
  private readonly budgetBytes: number;
  private undoSteps: Step[] = [];
  private redoSteps: Step[] = [];
  private usedBytes = 0;

  constructor(budgetBytes: number = HISTORY_BUDGET_BYTES) {
    this.budgetBytes = budgetBytes;
  }

  /** What undo would take back; undefined when there is nothing. */
  get undoKind(): StepKind | undefined {
    return this.undoSteps.at(-1)?.kind;
  }

  /** What redo would do again; undefined when there is nothing. */
  get redoKind(): StepKind | undefined {
    return this.redoSteps.at(-1)?.kind;
  }

  /** Steps that can be undone. */
  get undoCount(): number {
    return this.undoSteps.length;
  }

  /** Memory in use, in bytes. */
  get bytes(): number {
    return this.usedBytes;
  }

  /** Adds a step; what had been undone is forgotten, and the oldest steps beyond the budget too. The newest stays. */
  push(step: Step): void {
    for (const undone of this.redoSteps) this.usedBytes -= stepBytes(undone);
    this.redoSteps = [];
    this.undoSteps.push(step);
    this.usedBytes += stepBytes(step);
    let dropped = 0;
    while (this.usedBytes > this.budgetBytes && dropped < this.undoSteps.length - 1) {
      const oldest = this.undoSteps[dropped];
      if (oldest) this.usedBytes -= stepBytes(oldest);
      dropped += 1;
    }
    if (dropped > 0) this.undoSteps.splice(0, dropped);
  }

  /** Takes the last step back; undefined when there is none. Changes `map` in place or gives another. */
  undo(map: LabelMap): StepResult | undefined {
    const step = this.undoSteps.pop();
    if (!step) return undefined;
    this.redoSteps.push(step);
    return applyStep(map, step, "undo");
  }

  /** Makes the last undone step again; undefined when there is none. */
  redo(map: LabelMap): StepResult | undefined {
    const step = this.redoSteps.pop();
    if (!step) return undefined;
    this.undoSteps.push(step);
    return applyStep(map, step, "redo");
  }

  /** Forgets everything. */
  clear(): void {
    this.undoSteps = [];
    this.redoSteps = [];
    this.usedBytes = 0;
  }
}

/** The step from one map to another; undefined when they are equal. Maps of one size cost only what differs. */
export function stepBetween(before: LabelMap, after: LabelMap, kind: StepKind, searched?: Rect): Step | undefined {
  if (before.width === after.width && before.height === after.height) {
    const changes = changesBetween(before, after, searched ?? rectOfSize(after));
    return changes && { change: "pixels", kind, ...changes };
  }
  return { change: "map", kind, before: packMap(before), after: packMap(after) };
}

/** What of the map a step of pixels changes. */
export function rectOfChanges({ pixels, objects }: LayerChanges): Rect {
  return unionRects(pixels?.rect ?? EMPTY_RECT, objects?.rect ?? EMPTY_RECT);
}

/** Compresses a map. */
export function packMap(map: LabelMap): PackedMap {
  const { width, height } = map;
  const changes = changesBetween(new LabelMap(width, height), map, rectOfSize(map));
  return { width, height, pixels: changes?.pixels, ...(changes?.objects && { objects: changes.objects }) };
}

/** The map that was compressed; with a layer where something is an object. */
export function unpackMap(packed: PackedMap): LabelMap {
  const map = new LabelMap(packed.width, packed.height);
  applyChanges(map, packed, "redo");
  return map;
}

function changesBetween(before: LabelMap, after: LabelMap, searched: Rect): LayerChanges | undefined {
  const { width } = after;
  const pixels = recordChange(before.ids, after.ids, width, searched);
  const objects =
    before.objects || after.objects ? recordChange(objectsOf(before), objectsOf(after), width, searched) : undefined;
  if (!pixels && !objects) return undefined;
  return { pixels, ...(objects && { objects }) };
}

/** Without a layer, nothing is an object. */
function objectsOf(map: LabelMap): Uint16Array {
  return map.objects ?? new Uint16Array(map.ids.length);
}

function applyChanges(map: LabelMap, changes: LayerChanges, direction: Direction): Rect {
  const { pixels, objects } = changes;
  if (pixels) applyChange(map.ids, map.width, pixels, direction);
  if (objects) applyChange(map.addObjects(), map.width, objects, direction);
  return rectOfChanges(changes);
}

function applyStep(map: LabelMap, step: Step, direction: Direction): StepResult {
  if (step.change === "pixels") return { map, rect: applyChanges(map, step, direction) };
  if (step.change === "seed") {
    return { map, rect: EMPTY_RECT, seed: direction === "undo" ? step.before : step.after };
  }
  if (step.change === "look") {
    return { map, rect: EMPTY_RECT, look: direction === "undo" ? step.before : step.after };
  }
  const other = unpackMap(direction === "undo" ? step.before : step.after);
  if (map.objects) other.addObjects();
  return { map: other, rect: rectOfSize(other) };
}

function stepBytes(step: Step): number {
  if (step.change === "seed") return STEP_OVERHEAD_BYTES;
  // One of the two is most often the other's neighbour's: half of it is this step's own.
  if (step.change === "look") return STEP_OVERHEAD_BYTES + JSON.stringify(step.after).length * 2;
  const changes = step.change === "pixels" ? [step] : [step.before, step.after];
  return changes.reduce((bytes, change) => bytes + layerBytes(change), STEP_OVERHEAD_BYTES);
}

function layerBytes({ pixels, objects }: LayerChanges): number {
  return (pixels?.runs.byteLength ?? 0) + (objects?.runs.byteLength ?? 0);
}

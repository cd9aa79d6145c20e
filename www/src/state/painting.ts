/** A painting: a label map, its undo history, and the one edit that may be under way. */

import { EMPTY_RECT, isEmptyRect, rectOfSize, unionRects, type Rect } from "../canvas/geometry.js";
import { LabelMap, NO_OBJECT } from "../canvas/label-map.js";
import { History, rectOfChanges, stepBetween, type Step, type StepKind, type StepResult } from "./history.js";
import type { Look } from "./look.js";

/**
 * Why a painting changed: `edit` and `cancel` belong to an unfinished step; after the others the history has changed.
 */
export type ChangeCause = "edit" | "cancel" | "commit" | "undo" | "redo" | "replace" | "reset";

/** Told after every change. */
export interface PaintingChange {
  readonly cause: ChangeCause;
  /** Which pixels of `painting.map` are new; empty for `commit`. */
  readonly rect: Rect;
  /** Whether `painting.map` is another object. */
  readonly mapReplaced: boolean;
  /** The seed that undo or redo brought back. */
  readonly seed?: number;
  /** The look that undo or redo brought back. */
  readonly look?: Look;
}

/** What listens to a painting. */
export type PaintingListener = (change: PaintingChange) => void;

/** Changes some of a map and says which rectangle. */
export type Paint = (map: LabelMap) => Rect;

/**
 * An unfinished step: painted at once, and either committed as one undo step or cancelled without a trace.
 *
 * Only the painting's newest edit is live: replacing the map, undo or another edit cancels it, and then its methods do
 * nothing.
 */
export interface Edit {
  /** Paints more. */
  paint(paint: Paint): void;
  /** Takes back what was painted so far and paints this instead, as one change: for shapes that follow the pointer. */
  repaint(paint: Paint): void;
  /** Makes it one undo step; none when no pixel changed. */
  commit(): void;
  /** Takes everything back. */
  cancel(): void;
}

/** A label map with undo. */
export class Painting {
  /** Its history; use the painting's own `undo` and `redo`. */
  readonly history: History;
  private currentMap: LabelMap;
  private changeCount = 0;
  /** The map when the edit under way began. */
  private snapshot: LabelMap;
  private active: OpenEdit | undefined;
  private readonly listeners = new Set<PaintingListener>();

  constructor(map: LabelMap, history: History = new History()) {
    this.currentMap = map;
    this.history = history;
    this.snapshot = new LabelMap(map.width, map.height);
  }

  /** The label map as it is now; read it, and change it only through edits. */
  get map(): LabelMap {
    return this.currentMap;
  }

  /** Counts changes; two equal values mean the same pixels. */
  get revision(): number {
    return this.changeCount;
  }

  /** Whether an edit is under way. */
  get isEditing(): boolean {
    return this.active !== undefined;
  }

  /** Calls `listener` after every change until the returned function is called. */
  subscribe(listener: PaintingListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Starts a step; an edit under way is cancelled. */
  begin(kind: StepKind): Edit {
    this.active?.cancel();
    const { width, height } = this.currentMap;
    if (this.snapshot.width !== width || this.snapshot.height !== height) this.snapshot = new LabelMap(width, height);
    copyPixels(this.currentMap, this.snapshot, rectOfSize(this.currentMap));
    const edit = new OpenEdit(this.currentMap, this.snapshot, {
      changed: (rect, cause) => this.announce(cause, rect),
      closed: (committed) => this.close(edit, kind, committed),
    });
    this.active = edit;
    return edit;
  }

  /** Paints one whole step at once. */
  apply(kind: StepKind, paint: Paint): void {
    const edit = this.begin(kind);
    edit.paint(paint);
    edit.commit();
  }

  /** Shows another map (a copy is taken when the size is the same), as one undoable step. */
  replace(map: LabelMap, kind: StepKind): void {
    this.active?.cancel();
    const step = stepBetween(this.currentMap, map, kind);
    if (!step) return;
    this.history.push(step);
    if (step.change === "pixels") {
      copyPixels(map, this.currentMap, rectOfSize(map));
      this.announce("replace", rectOfChanges(step));
    } else {
      this.currentMap = map.clone();
      this.announce("replace", rectOfSize(map), true);
    }
  }

  /** Adds a layer of objects where the map has none; not a step, and nothing that is seen. */
  addObjects(): void {
    this.currentMap.addObjects();
  }

  /** Makes another seed or look, which the studio has already taken, an undo step. */
  record(step: Extract<Step, { change: "seed" | "look" }>): void {
    this.active?.cancel();
    this.history.push(step);
    this.announce("commit", EMPTY_RECT);
  }

  /** Shows another map and forgets the history: for a painting restored at start. */
  reset(map: LabelMap): void {
    this.active?.cancel();
    this.history.clear();
    this.currentMap = map;
    this.announce("reset", rectOfSize(map), true);
  }

  /** Cancels an edit under way, else takes the last step back. False when there was nothing to do. */
  undo(): boolean {
    if (this.active) {
      this.active.cancel();
      return true;
    }
    return this.show("undo", this.history.undo(this.currentMap));
  }

  /** Makes the last undone step again; cancels an edit under way first. False when there was nothing to do. */
  redo(): boolean {
    this.active?.cancel();
    return this.show("redo", this.history.redo(this.currentMap));
  }

  private show(cause: "undo" | "redo", result: StepResult | undefined): boolean {
    if (!result) return false;
    const mapReplaced = result.map !== this.currentMap;
    this.currentMap = result.map;
    this.announce(cause, result.rect, mapReplaced, result);
    return true;
  }

  private close(edit: OpenEdit, kind: StepKind, committed: boolean): void {
    this.active = undefined;
    if (!committed) return;
    const step = stepBetween(this.snapshot, this.currentMap, kind, edit.touched);
    if (!step) return;
    this.history.push(step);
    this.announce("commit", EMPTY_RECT);
  }

  private announce(
    cause: ChangeCause,
    rect: Rect,
    mapReplaced = false,
    { seed, look }: Pick<PaintingChange, "seed" | "look"> = {},
  ): void {
    if (!isEmptyRect(rect)) this.changeCount += 1;
    const change = { cause, rect, mapReplaced, ...(seed === undefined ? {} : { seed }), ...(look && { look }) };
    for (const listener of this.listeners) listener(change);
  }
}

interface EditOwner {
  readonly changed: (rect: Rect, cause: "edit" | "cancel") => void;
  readonly closed: (committed: boolean) => void;
}

class OpenEdit implements Edit {
  /** Everything painted since the beginning. */
  touched: Rect = EMPTY_RECT;
  private readonly map: LabelMap;
  private readonly before: LabelMap;
  private readonly owner: EditOwner;
  private open = true;

  constructor(map: LabelMap, before: LabelMap, owner: EditOwner) {
    this.map = map;
    this.before = before;
    this.owner = owner;
  }

  paint(paint: Paint): void {
    if (!this.open) return;
    const rect = paint(this.map);
    this.touched = unionRects(this.touched, rect);
    if (!isEmptyRect(rect)) this.owner.changed(rect, "edit");
  }

  repaint(paint: Paint): void {
    if (!this.open) return;
    const restored = this.touched;
    this.restore();
    const painted = paint(this.map);
    this.touched = painted;
    const changed = unionRects(restored, painted);
    if (!isEmptyRect(changed)) this.owner.changed(changed, "edit");
  }

  commit(): void {
    if (!this.open) return;
    this.open = false;
    this.owner.closed(true);
  }

  cancel(): void {
    if (!this.open) return;
    this.open = false;
    const restored = this.touched;
    this.restore();
    this.owner.closed(false);
    if (!isEmptyRect(restored)) this.owner.changed(restored, "cancel");
  }

  private restore(): void {
    copyPixels(this.before, this.map, this.touched);
  }
}

/** Copies ids and objects within a rectangle; a map without a layer has no object anywhere. */
function copyPixels(from: LabelMap, to: LabelMap, { x, y, width, height }: Rect): void {
  const objects = from.objects ? to.addObjects() : to.objects;
  for (let row = y; row < y + height; row += 1) {
    const start = row * to.width + x;
    to.ids.set(from.ids.subarray(start, start + width), start);
    if (from.objects) objects?.set(from.objects.subarray(start, start + width), start);
    else objects?.fill(NO_OBJECT, start, start + width);
  }
}

/** The studio: its state, and the paintings that this visit has opened. */

import { EMPTY_RECT, isEmptyRect, rectOfSize, unionRects, type Rect } from "../canvas/geometry.js";
import { LabelMap } from "../canvas/label-map.js";
import { History, type Step, type StepResult } from "./history.js";
import { Painting, type ChangeCause } from "./painting.js";
import { Store } from "./store.js";
import { DEFAULT_PREFERENCES, initialState, type Preferences, type StudioState } from "./studio-state.js";

/** Causes after which there is something to save. */
const DEEDS: readonly ChangeCause[] = ["commit", "undo", "redo", "replace"];

/** Steps of seeds and looks change no pixel. */
const NO_MAP = new LabelMap(1, 1);

/** How many revisions back `changedSince` knows rectangles: more than any frame brings. */
const REMEMBERED_RECTS = 1024;

/**
 * Holds the store and the paintings; `commands.ts` changes them.
 *
 * Every painting keeps its own history, so going to another one and back loses nothing.
 */
export class Studio {
  readonly store: Store<StudioState>;
  private readonly paintings = new Map<string, Painting>();
  /** Changed rectangles; the last one belongs to the revision of the state. */
  private recentRects: Rect[] = [];
  private shown: { readonly painting: Painting; readonly stop: () => void } | undefined;
  /** Seeds and looks of a model that nothing is painted for; with a painting, its own history has them. */
  private readonly seeds = new History();

  constructor(preferences: Preferences = DEFAULT_PREFERENCES) {
    this.store = new Store(initialState(preferences));
    this.store.subscribe((state, previous) => {
      if (state.revision === previous.revision) return;
      this.recentRects.push(state.changedRect);
      if (this.recentRects.length > 2 * REMEMBERED_RECTS) this.recentRects = this.recentRects.slice(-REMEMBERED_RECTS);
    });
  }

  /** Short for `store.state`. */
  get state(): Readonly<StudioState> {
    return this.store.state;
  }

  /** The painting in use; undefined without a model that is painted for. */
  get painting(): Painting | undefined {
    return this.shown?.painting;
  }

  /** The painting with an id, if this visit has opened it. */
  paintingOf(id: string): Painting | undefined {
    return this.paintings.get(id);
  }

  /** Shows the painting with an id, made from `map` when there is none yet; the store follows its changes. */
  showPainting(id: string, map: LabelMap): Painting {
    const painting = this.paintings.get(id) ?? new Painting(map);
    this.paintings.set(id, painting);
    this.hidePainting();
    const stop = painting.subscribe((change) => {
      this.store.update({
        map: painting.map,
        revision: this.state.revision + (isEmptyRect(change.rect) ? 0 : 1),
        changedRect: change.rect,
        undoKind: painting.history.undoKind,
        redoKind: painting.history.redoKind,
        dirty: this.state.dirty || DEEDS.includes(change.cause),
        seed: change.seed ?? this.state.seed,
        look: change.look ?? this.state.look,
      });
    });
    this.shown = { painting, stop };
    return painting;
  }

  /**
   * What of the map has changed after a revision: the rectangle around it all, for a painter that draws once a frame.
   *
   * The whole map when that was very long ago. Empty for the revision of the state.
   */
  changedSince(revision: number): Rect {
    const { map, revision: now } = this.state;
    if (revision === now) return EMPTY_RECT;
    const count = now - revision;
    if (count < 0 || count > this.recentRects.length) return map ? rectOfSize(map) : EMPTY_RECT;
    return this.recentRects.slice(-count).reduce(unionRects, EMPTY_RECT);
  }

  /** Shows no painting. */
  hidePainting(): void {
    this.shown?.stop();
    this.shown = undefined;
    this.seeds.clear();
  }

  /** Gives a painting another id; the shown one too. */
  renamePainting(id: string, other: string): void {
    const painting = this.paintings.get(id);
    if (!painting) return;
    this.paintings.delete(id);
    this.paintings.set(other, painting);
    if (this.state.paintingId === id) this.store.update({ paintingId: other });
  }

  /** Forgets a painting and its history; one that is shown stays to be seen. */
  forgetPainting(id: string): void {
    this.paintings.delete(id);
  }

  /** Makes another seed or look, which the state already has, an undo step. */
  record(step: Extract<Step, { change: "seed" | "look" }>): void {
    if (this.painting) return this.painting.record(step);
    this.seeds.push(step);
    this.followSeeds();
  }

  /** Takes the last step back. False when there was nothing. */
  undo(): boolean {
    return this.painting ? this.painting.undo() : this.showStep(this.seeds.undo(NO_MAP));
  }

  /** Makes the last undone step again. False when there was nothing. */
  redo(): boolean {
    return this.painting ? this.painting.redo() : this.showStep(this.seeds.redo(NO_MAP));
  }

  private showStep(result: StepResult | undefined): boolean {
    if (result === undefined) return false;
    const { seed = this.state.seed, look = this.state.look } = result;
    this.store.update({ seed, look });
    this.followSeeds();
    return true;
  }

  private followSeeds(): void {
    this.store.update({ undoKind: this.seeds.undoKind, redoKind: this.seeds.redoKind });
  }
}

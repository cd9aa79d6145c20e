/** The studio: its state, and the painting of each model that was used. */

import { EMPTY_RECT, isEmptyRect, rectOfSize, unionRects, type Rect } from "../canvas/geometry.js";
import type { LabelMap } from "../canvas/label-map.js";
import { Painting, type ChangeCause } from "./painting.js";
import { Store } from "./store.js";
import { DEFAULT_PREFERENCES, initialState, type Preferences, type StudioState } from "./studio-state.js";

/** Causes after which there is something to save. */
const DEEDS: readonly ChangeCause[] = ["commit", "undo", "redo", "replace"];

/** How many revisions back `changedSince` knows rectangles: more than any frame brings. */
const REMEMBERED_RECTS = 1024;

/**
 * Holds the store and the paintings; `commands.ts` changes them.
 *
 * Each model keeps its own painting with its own history, so going to another model and back loses nothing.
 */
export class Studio {
  readonly store: Store<StudioState>;
  private readonly paintings = new Map<string, Painting>();
  /** Changed rectangles; the last one belongs to the revision of the state. */
  private recentRects: Rect[] = [];
  private shown: { readonly painting: Painting; readonly stop: () => void } | undefined;

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

  /** The painting kept under a key, if this visit has used it. */
  paintingOf(key: string): Painting | undefined {
    return this.paintings.get(key);
  }

  /** Shows the painting kept under a key, made from `map` when there is none yet; the store follows its changes. */
  showPainting(key: string, map: LabelMap): Painting {
    const painting = this.paintings.get(key) ?? new Painting(map);
    this.paintings.set(key, painting);
    this.hidePainting();
    const stop = painting.subscribe((change) => {
      this.store.update({
        map: painting.map,
        revision: this.state.revision + (isEmptyRect(change.rect) ? 0 : 1),
        changedRect: change.rect,
        undoKind: painting.history.undoKind,
        redoKind: painting.history.redoKind,
        dirty: this.state.dirty || DEEDS.includes(change.cause),
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
  }
}

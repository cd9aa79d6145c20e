/** Keeps paintings between visits: saves after strokes, and gives them back when their model is loaded again. */

import type { LabelMap } from "../canvas/label-map.js";
import { packMap, unpackMap } from "./history.js";
import type { PaintingDatabase } from "./painting-database.js";
import type { Studio } from "./studio.js";

/** How long after a change it is saved, in milliseconds: strokes close together are saved once. */
export const SAVE_DELAY = 1000;
/** Most pixels of a stored painting: 64 megapixels. */
const MAX_PIXELS = 64 * 1024 * 1024;

/**
 * Saves the studio's painting a second after its last change, and at once when the page is hidden or another model comes.
 *
 * When saving fails (private windows, full disks), `state.keep` says why; painting goes on, and every later change tries
 * again.
 */
export class PaintingKeeper {
  private readonly studio: Studio;
  private readonly database: PaintingDatabase;
  private readonly stops: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pending: { readonly key: string; readonly map: LabelMap } | undefined;
  private saving: Promise<void> = Promise.resolve();

  constructor(studio: Studio, database: PaintingDatabase) {
    this.studio = studio;
    this.database = database;
    this.stops.push(
      studio.store.subscribe((state, previous) => {
        if (state.model !== previous.model) void this.flush();
        if (!state.model || !state.map || state.revision === previous.revision) return;
        if (state.model === previous.model) this.saveSoon(state.model.paintingKey, state.map);
      }),
    );
    if (typeof document !== "undefined") this.flushWhenHidden();
  }

  /** The painting kept under a key. Undefined when there is none or it cannot be read: never rejects. */
  async load(key: string): Promise<LabelMap | undefined> {
    try {
      const stored = await this.database.read(key);
      if (!stored || stored.packed.width * stored.packed.height > MAX_PIXELS) return undefined;
      return unpackMap(stored.packed);
    } catch (error) {
      this.report(error);
      return undefined;
    }
  }

  /** Saves now what is not saved yet; never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { pending } = this;
    this.pending = undefined;
    if (!pending) return this.saving;
    const painting = { key: pending.key, savedAt: Date.now(), packed: packMap(pending.map) };
    this.saving = this.saving.then(() => this.write(painting));
    return this.saving;
  }

  /** Saves what is not saved yet and stops. */
  async dispose(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.flush();
  }

  private saveSoon(key: string, map: LabelMap): void {
    this.pending = { key, map };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), SAVE_DELAY);
  }

  private async write(painting: Parameters<PaintingDatabase["write"]>[0]): Promise<void> {
    try {
      await this.database.write(painting);
      if (this.studio.state.keep.phase !== "kept") this.studio.store.update({ keep: { phase: "kept" } });
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.studio.store.update({ keep: { phase: "not-kept", reason } });
  }

  private flushWhenHidden(): void {
    const listener = () => {
      if (document.visibilityState === "hidden") void this.flush();
    };
    document.addEventListener("visibilitychange", listener);
    this.stops.push(() => document.removeEventListener("visibilitychange", listener));
  }
}

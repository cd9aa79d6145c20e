/** Keeps paintings between visits: saves after strokes, opens them again, and sees to it that tabs do not overwrite. */

import type { LabelMap } from "../canvas/label-map.js";
import type { PaintingStart } from "./commands.js";
import { packMap, unpackMap } from "./history.js";
import { isPlain, type Look } from "./look.js";
import type { KeptPainting, PaintingCard, Thumbnail } from "./kept-painting.js";
import { NO_CLAIMS, type PaintingClaims } from "./painting-claims.js";
import type { PaintingDatabase } from "./painting-database.js";
import { randomId } from "./random-id.js";
import type { Studio } from "./studio.js";
import { isSameOrigin, type StudioModel } from "./studio-model.js";
import type { StudioState } from "./studio-state.js";
import { thumbnailOfMap, thumbnailOfPicture } from "./thumbnail.js";
import { VisitMemory } from "./visit-memory.js";

/** How long after a change it is saved, in milliseconds: strokes close together are saved once. */
export const SAVE_DELAY = 1000;
/** Most pixels of a stored painting: 64 megapixels. */
const MAX_PIXELS = 64 * 1024 * 1024;

/**
 * What a person is told: `copy` when a painting is open in another tab and a copy of it was opened here; `parted` when
 * another tab has changed it, and what is painted here is kept as another painting from now on.
 */
export type KeeperNotice = "copy" | "parted";

/** What a keeper works with. */
export interface KeeperParts {
  readonly database: PaintingDatabase;
  readonly claims?: PaintingClaims;
  readonly memory?: VisitMemory;
}

/** A painting in a list. */
export interface ListedPainting extends PaintingCard {
  /** Whether it is the one that is shown. */
  readonly isShown: boolean;
  /** Whether another tab has it. */
  readonly isOpenElsewhere: boolean;
  /** False for what could not be saved: it is in this tab only, until it ends. */
  readonly isKept: boolean;
}

/** What there is, and why it may not be all. */
export interface PaintingList {
  readonly paintings: readonly ListedPainting[];
  /** Why storage cannot be read; undefined where it can. */
  readonly problem: string | undefined;
}

/**
 * Saves the studio's painting a second after its last change, and at once when the page is hidden or another painting
 * comes.
 *
 * When saving fails (private windows, full disks), `state.keep` says why; painting goes on, and every later change tries
 * again. A painting belongs to the tab that opened it first: others open a copy. Where tabs cannot know of each other,
 * the database finds out: it never takes a painting over one that the writer has not seen.
 */
export class PaintingKeeper {
  /** Told what a person has to know. */
  onNotice: ((notice: KeeperNotice) => void) | undefined;
  private readonly database: PaintingDatabase;
  private readonly claims: PaintingClaims;
  private readonly memory: VisitMemory;
  private readonly stops: (() => void)[] = [];
  /** By id: what this tab has read or written last. */
  private readonly versions = new Map<string, { readonly version: number; readonly createdAt: number }>();
  /** By the model's key: what this visit has opened last. */
  private readonly visited = new Map<string, string>();
  /** By id: what this visit has opened, for which model, and with which seed and look it was left. */
  private readonly opened = new Map<
    string,
    { readonly model: StudioModel; readonly seed?: number; readonly look?: Look }
  >();
  /** By id: what could not be saved. */
  private readonly unsaved = new Map<string, PaintingContent>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pending: Readonly<StudioState> | undefined;
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly studio: Studio,
    { database, claims = NO_CLAIMS, memory = new VisitMemory([]) }: KeeperParts,
  ) {
    this.database = database;
    this.claims = claims;
    this.memory = memory;
    this.stops.push(studio.store.subscribe((state, previous) => this.follow(state, previous)));
    if (typeof document !== "undefined") this.flushWhenHidden();
  }

  /**
   * What to paint on for a model: what this visit has opened, else what was seen last, else what was saved last, else a
   * new painting, with nothing on it. Never rejects.
   */
  async open(model: StudioModel): Promise<PaintingStart> {
    const key = model.paintingKey;
    const visited = this.visited.get(key);
    if (visited !== undefined) return this.again(visited, model);
    const found = await this.quietly(async () => {
      const all = (await this.database.all()).filter(({ modelKey }) => modelKey === key);
      const remembered = this.memory.painting(key);
      return all.find(({ id }) => id === remembered) ?? all[0];
    });
    return found ? this.take(found, model) : this.begin(model);
  }

  /** A painting of the list, for a model in use: another one's is fitted to it, as a new painting. Never rejects. */
  async openById(id: string, model: StudioModel): Promise<PaintingStart> {
    const isHere =
      this.opened.get(id)?.model.paintingKey === model.paintingKey && this.studio.paintingOf(id) !== undefined;
    if (isHere) return this.again(id, model);
    const found = await this.quietly(() => this.database.read(id));
    return found ? this.take(found, model) : this.open(model);
  }

  /** The painting that was seen last, with its model, before that is loaded. Never rejects. */
  async last(): Promise<{ readonly model: StudioModel; readonly start: PaintingStart } | undefined> {
    const id = this.memory.lastPainting;
    const found = id === undefined ? undefined : await this.quietly(() => this.database.read(id));
    const { model } = found ?? {};
    if (!found || !model || model.paintingKey !== found.modelKey) return undefined;
    // Of the model used last, which can be found again: that one will be loaded.
    if (!isSameOrigin(model.origin, this.memory.origin)) return undefined;
    return { model, start: await this.take(found, model) };
  }

  /** A new painting; with a map, which a link has brought, it is kept at once. */
  begin(model: StudioModel, map?: LabelMap, seed?: number, look?: Look): PaintingStart {
    const id = randomId();
    this.note(model, id);
    void this.claims.claim(id);
    return { id, map, seed, look };
  }

  /** Keeps what is shown now, changed or not; never rejects. */
  keepShown(): Promise<void> {
    this.saveSoon(this.studio.state);
    return this.flush();
  }

  /** Every painting, the newest first, also those that could not be saved. Never rejects. */
  async list(): Promise<PaintingList> {
    await this.flush();
    let problem: string | undefined;
    const kept = await this.database.all().catch((error: unknown) => {
      problem = reasonOf(error);
      return [];
    });
    const elsewhere = await this.claims.heldElsewhere(kept.map(({ id }) => id));
    const state = (id: string) => ({
      isShown: id === this.studio.state.paintingId,
      isOpenElsewhere: elsewhere.has(id),
    });
    const shown = thumbnailOfShown(this.studio.state);
    const cards = kept.map((painting) => ({
      ...this.cardOf(painting),
      ...(painting.id === this.studio.state.paintingId && shown ? { thumbnail: shown } : {}),
      ...state(painting.id),
      isKept: true,
    }));
    const ids = new Set(kept.map(({ id }) => id));
    const others = [...this.unsaved].flatMap(([id, { packed: _packed, seed: _seed, look: _look, ...content }]) =>
      ids.has(id) ? [] : [{ ...content, id, name: "", ...state(id), isKept: false }],
    );
    return { paintings: [...others.reverse(), ...cards], problem };
  }

  /** Gives a painting another name. Rejects as storage does. */
  async rename(id: string, name: string): Promise<void> {
    await this.saving;
    await this.database.rename(id, name.trim());
  }

  /** Removes a painting; the returned function brings it back. Both reject as storage does. */
  async remove(id: string): Promise<() => Promise<void>> {
    if (this.pending?.paintingId === id) await this.flush();
    await this.saving;
    const removed = await this.database.read(id);
    await this.database.remove(id);
    this.forget(id);
    return async () => {
      if (removed) await this.database.write(removed);
    };
  }

  /**
   * Saves now what is not saved yet; never rejects.
   *
   * @param isLeaving whether the page may end at any moment, before anything can be waited for
   */
  flush(isLeaving = false): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { pending } = this;
    this.pending = undefined;
    const { model, map, paintingId } = pending ?? {};
    if (!pending || !model || !map || paintingId === undefined) return this.saving;
    const now = this.studio.state;
    const content = contentOf(now.paintingId === paintingId ? now : pending, model, map);
    if (isLeaving) this.database.setAside(this.paintingOf(paintingId, content));
    this.saving = this.saving.then(() => this.write(paintingId, content));
    return this.saving;
  }

  /** Saves what is not saved yet and stops. */
  async dispose(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.flush();
  }

  private follow(state: Readonly<StudioState>, previous: Readonly<StudioState>): void {
    const samePainting = state.paintingId === previous.paintingId;
    if (!samePainting || state.model !== previous.model) void this.flush();
    if (!samePainting) this.leave(previous);
    if (state.model && state.model !== previous.model) this.memory.rememberModel(state.model.origin);
    if (!samePainting || state.model !== previous.model || !state.map || state.paintingId === undefined) return;
    const reseeded = state.seed !== previous.seed && state.model?.usesSeed === true;
    if (state.revision !== previous.revision || reseeded || state.look !== previous.look) this.saveSoon(state);
  }

  private saveSoon(state: Readonly<StudioState>): void {
    this.pending = state;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), SAVE_DELAY);
  }

  /** Opens what was found, or a copy of it where another tab has it or it belongs to another model. */
  private async take(found: KeptPainting, model: StudioModel): Promise<PaintingStart> {
    const { id, packed, version, createdAt } = found;
    if (packed.width * packed.height > MAX_PIXELS) return this.begin(model);
    const map = unpackMap(packed);
    const seed = model.usesSeed ? found.seed : undefined;
    const { look } = found;
    if (found.modelKey !== model.paintingKey) return this.begin(model, map, seed);
    if (!(await this.claims.claim(id))) {
      this.onNotice?.("copy");
      return this.begin(model, map, seed, look);
    }
    this.versions.set(id, { version, createdAt });
    this.note(model, id);
    return { id, map, seed, look };
  }

  /** A painting that this visit has opened before; its map and history are still there. */
  private again(id: string, model: StudioModel): PaintingStart {
    const { seed, look } = this.opened.get(id) ?? {};
    this.note(model, id);
    return { id, seed: model.usesSeed ? seed : undefined, look };
  }

  private leave({ paintingId, seed, look }: Readonly<StudioState>): void {
    const left = paintingId === undefined ? undefined : this.opened.get(paintingId);
    if (left && paintingId !== undefined) this.opened.set(paintingId, { ...left, seed, look });
  }

  private note(model: StudioModel, id: string): void {
    this.visited.set(model.paintingKey, id);
    this.opened.set(id, { ...this.opened.get(id), model });
    this.memory.rememberPainting(model.paintingKey, id);
  }

  private forget(id: string): void {
    this.versions.delete(id);
    this.opened.delete(id);
    this.unsaved.delete(id);
    for (const [key, visited] of this.visited) if (visited === id) this.visited.delete(key);
    this.studio.forgetPainting(id);
    this.claims.release(id);
  }

  private async write(id: string, content: PaintingContent): Promise<void> {
    const painting = this.paintingOf(id, content);
    const { version, createdAt } = painting;
    try {
      if ((await this.database.write(painting)) === "changed-elsewhere") return await this.part(id, content);
      this.versions.set(id, { version, createdAt });
      this.unsaved.delete(id);
      await this.saveUnsaved();
      if (this.studio.state.keep.phase !== "kept") this.studio.store.update({ keep: { phase: "kept" } });
    } catch (error) {
      this.unsaved.set(id, content);
      this.report(error);
    }
  }

  /** Saving works again: what had to wait is saved too. */
  private async saveUnsaved(): Promise<void> {
    const [waiting] = this.unsaved;
    if (!waiting) return;
    const [id, content] = waiting;
    this.unsaved.delete(id);
    await this.write(id, content);
  }

  private paintingOf(id: string, content: PaintingContent): KeptPainting {
    const { version, createdAt } = this.versions.get(id) ?? { version: 0, createdAt: content.savedAt };
    return { ...content, id, version: version + 1, name: "", createdAt };
  }

  /** Another tab has written the painting: what is painted here becomes one of its own. */
  private async part(id: string, content: PaintingContent): Promise<void> {
    const other = randomId();
    this.versions.delete(id);
    this.studio.renamePainting(id, other);
    this.note(content.model, other);
    this.claims.release(id);
    void this.claims.claim(other);
    this.onNotice?.("parted");
    await this.write(other, content);
  }

  /** A painting of an older studio has no small picture; its colours are those of the model in use, if it is that one's. */
  private cardOf({ id, name, modelKey, model, savedAt, thumbnail, packed }: KeptPainting): PaintingCard {
    const { model: shown } = this.studio.state;
    const classes = (model ?? (shown?.paintingKey === modelKey ? shown : undefined))?.classes;
    const drawn = !thumbnail && classes && packed.width * packed.height <= MAX_PIXELS;
    return {
      id,
      name,
      modelKey,
      model,
      savedAt,
      thumbnail: drawn ? thumbnailOfMap(unpackMap(packed), classes) : thumbnail,
    };
  }

  private async quietly<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.report(error);
      return undefined;
    }
  }

  private report(error: unknown): void {
    this.studio.store.update({ keep: { phase: "not-kept", reason: reasonOf(error) } });
  }

  private flushWhenHidden(): void {
    const listener = () => {
      if (document.visibilityState === "hidden") void this.flush(true);
    };
    document.addEventListener("visibilitychange", listener);
    this.stops.push(() => document.removeEventListener("visibilitychange", listener));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What of a painting changes from save to save. */
type PaintingContent = Pick<KeptPainting, "modelKey" | "savedAt" | "seed" | "look" | "packed" | "thumbnail"> & {
  readonly model: StudioModel;
};

function contentOf(state: Readonly<StudioState>, model: StudioModel, map: LabelMap): PaintingContent {
  return {
    modelKey: model.paintingKey,
    model,
    savedAt: Date.now(),
    seed: model.usesSeed ? state.seed : undefined,
    look: isPlain(state.look) ? undefined : state.look,
    packed: packMap(map),
    thumbnail: thumbnailOfShown(state) ?? thumbnailOfMap(map, model.classes),
  };
}

/** The picture made small, where it is of what is painted now. */
function thumbnailOfShown({ picture, generation, liveEnabled }: Readonly<StudioState>): Thumbnail | undefined {
  const isUpToDate = liveEnabled && generation.phase === "idle";
  return isUpToDate && picture ? thumbnailOfPicture(picture.image) : undefined;
}

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import * as commands from "./commands.js";
import { packMap } from "./history.js";
import { isStoredPainting, type PaintingDatabase, type StoredPainting } from "./painting-database.js";
import { PaintingKeeper, SAVE_DELAY } from "./painting-keeper.js";
import { keepPreferences, loadPreferences, type PreferenceStorage } from "./preferences.js";
import { Studio } from "./studio.js";
import { DEFAULT_PREFERENCES } from "./studio-state.js";
import { otherModel, testDevice, testModel } from "./test-model.js";

class MemoryStorage implements PreferenceStorage {
  text: string | null = null;
  getItem(): string | null {
    return this.text;
  }
  setItem(_key: string, value: string): void {
    this.text = value;
  }
}

class MemoryPaintings implements PaintingDatabase {
  readonly stored = new Map<string, StoredPainting>();
  writes = 0;
  problem: Error | undefined;
  async read(key: string): Promise<StoredPainting | undefined> {
    if (this.problem) throw this.problem;
    return this.stored.get(key);
  }
  async write(painting: StoredPainting): Promise<void> {
    if (this.problem) throw this.problem;
    this.writes += 1;
    this.stored.set(painting.key, painting);
  }
}

const forbidden: PreferenceStorage = {
  getItem() {
    throw new DOMException("denied", "SecurityError");
  },
  setItem() {
    throw new DOMException("full", "QuotaExceededError");
  },
};

describe("preferences", () => {
  it("come back on the next visit", () => {
    const storage = new MemoryStorage();
    const studio = new Studio(loadPreferences(storage));
    keepPreferences(studio, storage);
    commands.chooseTool(studio, "ellipse");
    commands.setBrushSize(studio, 77);
    commands.setTheme(studio, "dark");
    commands.setLayout(studio, "overlay");
    const next = new Studio(loadPreferences(storage)).state;
    expect([next.tool, next.brushSize, next.theme, next.layout]).toEqual(["ellipse", 77, "dark", "overlay"]);
  });

  it("are those of a first visit where nothing usable is stored", () => {
    const storage = new MemoryStorage();
    for (const text of [null, "", "{", "null", "[]", "3", '"text"', '{"tool":"chainsaw","brushSize":"9","theme":7}']) {
      storage.text = text;
      expect(loadPreferences(storage)).toEqual(DEFAULT_PREFERENCES);
    }
    storage.text = '{"brushSize":1e9,"overlayOpacity":-4,"layout":"picture"}';
    expect(loadPreferences(storage)).toEqual({
      ...DEFAULT_PREFERENCES,
      brushSize: 512,
      overlayOpacity: 0,
      layout: "picture",
    });
  });

  it("work without storage, and with storage that refuses", () => {
    expect(loadPreferences(forbidden)).toEqual(DEFAULT_PREFERENCES);
    const studio = new Studio();
    keepPreferences(studio, forbidden);
    commands.chooseTool(studio, "fill");
    expect(studio.state.tool).toBe("fill");
  });
});

describe("PaintingKeeper", () => {
  let studio: Studio;
  let database: MemoryPaintings;
  let keeper: PaintingKeeper;

  beforeEach(() => {
    vi.useFakeTimers();
    studio = new Studio();
    database = new MemoryPaintings();
    keeper = new PaintingKeeper(studio, database);
    commands.modelReady(studio, testModel, testDevice);
  });

  afterEach(() => vi.useRealTimers());

  const fill = (id: number) => studio.painting?.apply("fill", (map) => clearLabelMap(map, id));

  it("saves once, a second after the last of several strokes, and gives the painting back", async () => {
    fill(1);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY - 1);
    fill(2);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY - 1);
    expect(database.writes).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(database.writes).toBe(1);
    expect((await keeper.load(testModel.paintingKey))?.at(3, 3)).toBe(2);
  });

  it("saves the painting that is left when another model comes, also when that is painted on at once", async () => {
    fill(3);
    commands.modelReady(studio, otherModel, testDevice);
    fill(1);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY);
    const left = await keeper.load(testModel.paintingKey);
    const shown = await keeper.load(otherModel.paintingKey);
    expect([left?.width, left?.at(0, 0), shown?.width, shown?.at(0, 0)]).toEqual([32, 3, 16, 1]);
  });

  it("does not save a painting that was only restored", async () => {
    await vi.advanceTimersByTimeAsync(5 * SAVE_DELAY);
    expect(database.writes).toBe(0);
  });

  it("says why when saving is refused, and that it works again when it does", async () => {
    database.problem = new DOMException("The quota has been exceeded.", "QuotaExceededError");
    fill(1);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY);
    expect(studio.state.keep).toEqual({ phase: "not-kept", reason: "The quota has been exceeded." });
    expect(await keeper.load("anything")).toBeUndefined();
    database.problem = undefined;
    fill(2);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY);
    expect(studio.state.keep).toEqual({ phase: "kept" });
  });

  it("saves what is left when disposed of", async () => {
    fill(2);
    await keeper.dispose();
    fill(3);
    await vi.advanceTimersByTimeAsync(5 * SAVE_DELAY);
    expect((await keeper.load(testModel.paintingKey))?.at(0, 0)).toBe(2);
  });
});

describe("isStoredPainting", () => {
  it("takes what was stored, and nothing that does not fit together", () => {
    const map = new LabelMap(4, 4);
    clearLabelMap(map, 2);
    const painting: StoredPainting = { key: "k", savedAt: 1, packed: packMap(map) };
    expect(isStoredPainting(painting)).toBe(true);
    expect(isStoredPainting({ ...painting, packed: packMap(new LabelMap(4, 4)) })).toBe(true);
    for (const wrong of [
      undefined,
      3,
      {},
      { ...painting, packed: undefined },
      { ...painting, packed: { ...painting.packed, width: 2 } },
    ]) {
      expect(isStoredPainting(wrong)).toBe(false);
    }
  });
});

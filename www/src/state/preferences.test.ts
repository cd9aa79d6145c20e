import { describe, expect, it } from "vitest";
import * as commands from "./commands.js";
import { keepPreferences, loadPreferences, type PreferenceStorage } from "./preferences.js";
import { Studio } from "./studio.js";
import { DEFAULT_PREFERENCES } from "./studio-state.js";

class MemoryStorage implements PreferenceStorage {
  text: string | null = null;
  getItem(): string | null {
    return this.text;
  }
  setItem(_key: string, value: string): void {
    this.text = value;
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
    commands.setSeed(studio, 4_000_000_000);
    commands.toggleFavourite(studio, "Sky ");
    commands.toggleFavourite(studio, "tree");
    commands.toggleFavourite(studio, "grass");
    commands.toggleFavourite(studio, "TREE");
    const next = new Studio(loadPreferences(storage)).state;
    expect([next.tool, next.brushSize, next.theme, next.layout]).toEqual(["ellipse", 77, "dark", "overlay"]);
    expect(next.seed).toBe(4_000_000_000);
    expect(next.favourites).toEqual(["sky", "grass"]);
  });

  it("are those of a first visit where nothing usable is stored", () => {
    const storage = new MemoryStorage();
    for (const text of [null, "", "{", "null", "[]", "3", '"text"', '{"tool":"chainsaw","brushSize":"9","theme":7}']) {
      storage.text = text;
      expect(loadPreferences(storage)).toEqual(DEFAULT_PREFERENCES);
    }
    storage.text = '{"brushSize":1e9,"overlayOpacity":-4,"layout":"picture","favourites":["sky",7,"sky"]}';
    expect(loadPreferences(storage)).toEqual({
      ...DEFAULT_PREFERENCES,
      brushSize: 512,
      overlayOpacity: 0,
      layout: "picture",
      favourites: ["sky"],
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

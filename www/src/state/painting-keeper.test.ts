import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { floodFill } from "../canvas/flood-fill.js";
import { clearLabelMap, inkOf, LabelMap } from "../canvas/label-map.js";
import { isKeptPainting } from "./kept-painting.js";
import * as commands from "./commands.js";
import { unpackMap } from "./history.js";
import { PaintingKeeper, SAVE_DELAY, type KeeperNotice } from "./painting-keeper.js";
import { Studio } from "./studio.js";
import type { StudioModel } from "./studio-model.js";
import { objectModel, otherModel, testDevice, testModel } from "./test-model.js";
import { claimsOfTab, MapStorage, MemoryPaintings } from "./test-paintings.js";
import { VisitMemory } from "./visit-memory.js";

/** One tab of a browser: its own studio, a database and claims that it shares with others. */
class Tab {
  readonly studio = new Studio();
  readonly keeper: PaintingKeeper;
  readonly notices: KeeperNotice[] = [];

  constructor(
    name: string,
    readonly browser: Browser,
    claims = claimsOfTab(name, browser.held),
    session = new MapStorage(),
  ) {
    const memory = new VisitMemory([session, browser.local]);
    this.keeper = new PaintingKeeper(this.studio, { database: browser.database, claims, memory });
    this.keeper.onNotice = (notice) => this.notices.push(notice);
  }

  /** Loads a model and opens what belongs to it. */
  async load(model: StudioModel = testModel): Promise<void> {
    commands.modelReady(this.studio, model, testDevice, await this.keeper.open(model));
  }

  fill(id: number): void {
    this.studio.painting?.apply("fill", (map) => clearLabelMap(map, id));
  }

  /** The label everywhere. */
  get label(): number | undefined {
    return this.studio.state.map?.at(3, 3);
  }
}

class Browser {
  readonly database = new MemoryPaintings();
  readonly held = new Map<string, string>();
  readonly local = new MapStorage();

  /** Labels of all that is kept, sorted. */
  get labels(): (number | undefined)[] {
    return [...this.database.stored.values()].map(({ packed }) => unpackMap(packed).at(3, 3)).sort();
  }
}

const saved = (): Promise<unknown> => vi.advanceTimersByTimeAsync(SAVE_DELAY);

let browser: Browser;
let tab: Tab;

beforeEach(async () => {
  vi.useFakeTimers();
  browser = new Browser();
  tab = new Tab("first", browser);
  await tab.load();
});

afterEach(() => vi.useRealTimers());

describe("saving", () => {
  it("happens once, a second after the last of several strokes", async () => {
    tab.fill(1);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY - 1);
    tab.fill(2);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY - 1);
    expect(browser.database.writes).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect([browser.database.writes, browser.labels]).toEqual([1, [2]]);
  });

  it("keeps what is left when another model comes, also when that is painted on at once", async () => {
    tab.fill(3);
    await tab.load(otherModel);
    tab.fill(1);
    await saved();
    expect(browser.labels).toEqual([1, 3]);
    await tab.load(testModel);
    expect([tab.label, tab.studio.state.undoKind]).toEqual([3, "fill"]);
  });

  it("leaves alone what was only opened", async () => {
    await vi.advanceTimersByTimeAsync(5 * SAVE_DELAY);
    expect(browser.database.writes).toBe(0);
  });

  it("keeps the seed too, and what it looks like", async () => {
    commands.changeSeed(tab.studio, 77);
    await saved();
    const [kept] = [...browser.database.stored.values()];
    expect(kept).toMatchObject({ seed: 77, model: { name: "Test" }, thumbnail: { width: 32, height: 24 } });
    const next = new Tab("next visit", browser, claimsOfTab("next visit", new Map()));
    await next.load();
    expect(next.studio.state.seed).toBe(77);
  });

  it("keeps objects, and opens what an older studio has kept without any for the same model", async () => {
    await tab.load(objectModel);
    const ink = inkOf(2, 300);
    tab.studio.painting?.apply("fill", (map) => floodFill(map, { x: 0, y: 0 }, ink));
    await saved();
    const next = new Tab("next visit", browser, claimsOfTab("next visit", new Map()));
    await next.load(objectModel);
    expect([next.label, next.studio.state.map?.objectAt(3, 3)]).toEqual([2, 300]);

    const [kept] = [...browser.database.stored.values()].filter(({ modelKey }) => modelKey === objectModel.paintingKey);
    if (!kept) throw new Error("nothing is kept");
    const { usesObjects: _, ...olderModel } = objectModel;
    const { objects: __, ...packed } = kept.packed;
    const older = { ...kept, model: olderModel, packed };
    expect([isKeptPainting(kept), isKeptPainting(older)]).toEqual([true, true]);
    browser.database.stored.set(kept.id, older);
    const after = new Tab("after", browser, claimsOfTab("after", new Map()));
    await after.load(objectModel);
    expect([after.label, after.studio.state.map?.objectAt(3, 3)]).toEqual([2, 0]);
    after.studio.painting?.apply("fill", (map) => floodFill(map, { x: 0, y: 0 }, inkOf(2, 7)));
    expect(after.studio.state.map?.objectAt(3, 3)).toBe(7);
  });

  it("says why when it is refused, and that it works again when it does", async () => {
    browser.database.problem = new DOMException("The quota has been exceeded.", "QuotaExceededError");
    tab.fill(1);
    await saved();
    expect(tab.studio.state.keep).toEqual({ phase: "not-kept", reason: "The quota has been exceeded." });
    expect((await tab.keeper.list()).problem).toContain("quota");
    await new Tab("private", browser).load();
    browser.database.problem = undefined;
    tab.fill(2);
    await saved();
    expect([tab.studio.state.keep, browser.labels]).toEqual([{ phase: "kept" }, [2]]);
  });

  it("that is refused leaves every painting of the visit within reach, and catches up once it works", async () => {
    browser.database.problem = new DOMException("The quota has been exceeded.", "QuotaExceededError");
    tab.fill(1);
    const first = tab.studio.state.paintingId ?? "";
    commands.openPainting(tab.studio, tab.keeper.begin(testModel));
    tab.fill(2);
    const { paintings, problem } = await tab.keeper.list();
    expect(paintings.map(({ isKept, isShown }) => [isKept, isShown])).toEqual([
      [false, true],
      [false, false],
    ]);
    expect([paintings[1]?.id, problem]).toEqual([first, "The quota has been exceeded."]);
    commands.openPainting(tab.studio, await tab.keeper.openById(first, testModel));
    expect([tab.label, tab.studio.state.undoKind]).toEqual([1, "fill"]);
    browser.database.problem = undefined;
    tab.fill(3);
    await saved();
    expect([browser.labels, tab.studio.state.keep.phase]).toEqual([[2, 3], "kept"]);
    expect((await tab.keeper.list()).paintings.map(({ isKept }) => isKept)).toEqual([true, true]);
  });

  it("sets aside what is not saved yet when the page is left, and that only", async () => {
    const { aside } = browser.database;
    void tab.keeper.flush(true);
    expect(aside).toEqual([]);
    tab.fill(2);
    void tab.keeper.flush(true);
    expect(aside).toMatchObject([{ id: tab.studio.state.paintingId, version: 1 }]);
    await saved();
    expect(browser.labels).toEqual([2]);
  });

  it("keeps what is left when disposed of", async () => {
    tab.fill(2);
    await tab.keeper.dispose();
    tab.fill(3);
    await vi.advanceTimersByTimeAsync(5 * SAVE_DELAY);
    expect(browser.labels).toEqual([2]);
  });
});

describe("opening", () => {
  it("brings back what was seen last in this tab, then in any, then what was saved last", async () => {
    tab.fill(1);
    await saved();
    commands.openPainting(tab.studio, tab.keeper.begin(testModel));
    tab.fill(2);
    await saved();
    expect(browser.labels).toEqual([1, 2]);
    const [older] = [...browser.database.stored.values()].filter(({ packed }) => unpackMap(packed).at(3, 3) === 1);
    commands.openPainting(tab.studio, await tab.keeper.openById(older?.id ?? "", testModel));
    expect([tab.label, tab.studio.state.undoKind]).toEqual([1, "fill"]);

    const reloaded = new Tab("reloaded", browser, claimsOfTab("reloaded", new Map()));
    await reloaded.load();
    expect(reloaded.label).toBe(1);
    browser.local.texts.clear();
    const forgetful = new Tab("forgetful", browser, claimsOfTab("forgetful", new Map()));
    await forgetful.load();
    expect(forgetful.label).toBe(2);
  });

  it("knows the last painting and its model before anything is loaded", async () => {
    expect(await tab.keeper.last()).toBeUndefined();
    tab.fill(3);
    await saved();
    const next = new Tab("next", browser, claimsOfTab("next", new Map()));
    const last = await next.keeper.last();
    expect([last?.model, last?.start.map?.at(0, 0)]).toEqual([testModel, 3]);
    if (last) commands.modelKnown(next.studio, last.model, last.start);
    next.fill(1);
    await next.load();
    expect([next.label, next.studio.state.undoKind]).toEqual([1, "fill"]);
    await saved();
    expect(browser.labels).toEqual([1]);
  });

  it("gives paintings their own seeds back, also within a visit", async () => {
    commands.changeSeed(tab.studio, 5);
    const first = tab.studio.state.paintingId ?? "";
    commands.openPainting(tab.studio, tab.keeper.begin(testModel));
    commands.changeSeed(tab.studio, 6);
    commands.openPainting(tab.studio, await tab.keeper.openById(first, testModel));
    expect([tab.studio.state.seed, tab.studio.state.undoKind]).toEqual([5, "seed"]);
    await saved();
    expect([...browser.database.stored.values()].map(({ seed }) => seed).sort()).toEqual([5, 6]);
  });

  it("fits the painting of another model into a new one, and leaves the first as it was", async () => {
    tab.fill(2);
    const id = tab.studio.state.paintingId ?? "";
    await saved();
    const start = await tab.keeper.openById(id, otherModel);
    commands.modelReady(tab.studio, otherModel, testDevice, start);
    expect([start.id === id, tab.label, tab.studio.state.map?.width]).toEqual([false, 2, 16]);
    tab.fill(1);
    await saved();
    expect(browser.labels).toEqual([1, 2]);
  });

  it("keeps what a link has brought at once, as a painting of its own", async () => {
    tab.fill(1);
    const map = new LabelMap(32, 24);
    clearLabelMap(map, 3);
    commands.openPainting(tab.studio, tab.keeper.begin(testModel, map, 9));
    await tab.keeper.keepShown();
    expect([browser.labels, tab.studio.state.seed]).toEqual([[1, 3], 9]);
  });
});

describe("two tabs", () => {
  it("the second opens a copy and says so; both are kept", async () => {
    tab.fill(1);
    await saved();
    const second = new Tab("second", browser);
    await second.load();
    expect([second.label, second.notices]).toEqual([1, ["copy"]]);
    expect(
      (await second.keeper.list()).paintings.map(({ isOpenElsewhere, isShown }) => [isOpenElsewhere, isShown]),
    ).toEqual([[true, false]]);
    second.fill(2);
    tab.fill(3);
    await saved();
    expect(browser.labels).toEqual([2, 3]);
    tab.fill(1);
    await saved();
    expect([browser.labels, tab.notices]).toEqual([[1, 2], []]);
  });

  it("that cannot know of each other part when the second writes", async () => {
    tab.fill(1);
    await saved();
    const second = new Tab("second", browser, claimsOfTab("second", new Map()));
    await second.load();
    expect(second.studio.state.paintingId).toBe(tab.studio.state.paintingId);
    tab.fill(2);
    await saved();
    second.fill(3);
    await saved();
    expect([browser.labels, second.notices, second.label]).toEqual([[2, 3], ["parted"], 3]);
    expect(second.studio.state.paintingId).not.toBe(tab.studio.state.paintingId);
    commands.undo(second.studio);
    await saved();
    expect([browser.labels, second.notices.length]).toEqual([[1, 2], 1]);
  });
});

describe("the list", () => {
  it("names, removes, and brings back", async () => {
    tab.fill(1);
    await saved();
    const id = tab.studio.state.paintingId ?? "";
    await tab.keeper.rename(id, "  Lake at dawn ");
    tab.fill(2);
    expect((await tab.keeper.list()).paintings).toMatchObject([{ id, name: "Lake at dawn", isShown: true }]);
    const restore = await tab.keeper.remove(id);
    commands.openPainting(tab.studio, tab.keeper.begin(testModel));
    expect([(await tab.keeper.list()).paintings, tab.label]).toEqual([[], 0]);
    await restore();
    expect((await tab.keeper.list()).paintings).toMatchObject([{ id, name: "Lake at dawn", isShown: false }]);
    commands.openPainting(tab.studio, await tab.keeper.openById(id, testModel));
    tab.fill(3);
    await saved();
    expect([browser.labels, tab.notices]).toEqual([[3], []]);
  });
});

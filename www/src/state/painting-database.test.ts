import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import { packMap, unpackMap, type PackedMap } from "./history.js";
import { isKeptPainting, originOf, type KeptPainting } from "./kept-painting.js";
import { IndexedDbPaintings } from "./painting-database.js";
import { testModel } from "./test-model.js";
import { thumbnailOfMap } from "./thumbnail.js";

function filled(id: number): PackedMap {
  const map = new LabelMap(32, 24);
  clearLabelMap(map, id);
  return packMap(map);
}

function painting(id: string, version: number, more: Partial<KeptPainting> = {}): KeptPainting {
  const packed = filled(version);
  return {
    id,
    version,
    name: "",
    modelKey: testModel.paintingKey,
    model: testModel,
    createdAt: 1,
    savedAt: version,
    seed: 7,
    packed,
    thumbnail: thumbnailOfMap(unpackMap(packed), testModel.classes),
    ...more,
  };
}

/** The database as version 0.1 of the studio made it. */
async function firstFormat(rows: readonly unknown[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open("underpaint", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("paintings", { keyPath: "key" });
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const transaction = request.result.transaction("paintings", "readwrite");
      for (const row of rows) transaction.objectStore("paintings").put(row);
      transaction.oncomplete = () => {
        request.result.close();
        resolve();
      };
    };
  });
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe("IndexedDbPaintings", () => {
  it("takes the paintings of the first format over, every one of them", async () => {
    const keys = [
      "listed:landscapes:256x256:sky,sea",
      "address:https://a.org:8080/m/:64x64:a,b",
      "local:My: own:64x64:x",
    ];
    await firstFormat([
      ...keys.map((key, index) => ({ key, savedAt: 1000 + index, packed: filled(index + 1) })),
      { key: "broken", savedAt: 1, packed: { width: 4 } },
    ]);
    const all = await new IndexedDbPaintings().all();
    expect(all.map(({ modelKey, savedAt }) => [modelKey, savedAt])).toEqual([
      [keys[2], 1002],
      [keys[1], 1001],
      [keys[0], 1000],
    ]);
    expect(all.map(({ packed }) => unpackMap(packed).at(5, 5))).toEqual([3, 2, 1]);
    expect(all.map(originOf)).toEqual([
      { kind: "local" },
      { kind: "address", url: "https://a.org:8080/m/" },
      { kind: "listed", id: "landscapes" },
    ]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    // Opened again, nothing is taken over twice.
    expect((await new IndexedDbPaintings().all()).length).toBe(3);
  });

  it("gives back what was written, the newest first", async () => {
    const database = new IndexedDbPaintings();
    const [older, newer] = [painting("a", 1), painting("b", 1, { savedAt: 5 })];
    expect([await database.write(older), await database.write(newer)]).toEqual(["written", "written"]);
    expect(await database.all()).toEqual([newer, older]);
    expect(await database.read("a")).toEqual(older);
    await database.remove("a");
    expect([await database.read("a"), (await database.all()).length]).toEqual([undefined, 1]);
  });

  it("takes a painting only over the version that its writer has seen", async () => {
    const [one, other] = [new IndexedDbPaintings(), new IndexedDbPaintings()];
    expect(await one.write(painting("a", 1))).toBe("written");
    expect(await other.write(painting("a", 2))).toBe("written");
    expect(await one.write(painting("a", 2, { savedAt: 99 }))).toBe("changed-elsewhere");
    expect(await one.write(painting("a", 1))).toBe("changed-elsewhere");
    expect((await one.read("a"))?.savedAt).toBe(2);
    // One that was removed elsewhere is still somebody's.
    await one.remove("a");
    expect(await other.write(painting("a", 3))).toBe("written");
  });

  it("writes later what a page that ended has set aside, by the same rule", async () => {
    const page = new IndexedDbPaintings();
    page.setAside(painting("too early", 1));
    await page.write(painting("next", 1));
    await page.write(painting("done", 1));
    await page.write(painting("done", 2, { savedAt: 50 }));
    await page.write(painting("changed", 3));
    page.setAside(painting("new", 1, { savedAt: 10 }));
    page.setAside(painting("next", 2, { savedAt: 20 }));
    page.setAside(painting("done", 2, { savedAt: 50 }));
    page.setAside(painting("changed", 2, { savedAt: 30 }));
    const all = await new IndexedDbPaintings().all();
    const found = all.map(({ id, version, savedAt }) => [id.length === 32 ? "another" : id, version, savedAt]);
    expect(found).toEqual([
      ["done", 2, 50],
      ["another", 1, 30],
      ["next", 2, 20],
      ["new", 1, 10],
      ["changed", 3, 3],
    ]);
    expect((await new IndexedDbPaintings().all()).length).toBe(5);
    // The page did not end after all, and writes what it had set aside: that is no conflict.
    expect(await page.write(painting("next", 2, { savedAt: 20 }))).toBe("written");
    page.setAside(painting("next", 3));
    expect(await page.write(painting("next", 3))).toBe("written");
    expect((await new IndexedDbPaintings().all()).length).toBe(5);
  });

  it("only a rename changes the name", async () => {
    const database = new IndexedDbPaintings();
    await database.write(painting("a", 1));
    await database.rename("a", "Dawn");
    await database.rename("nothing", "x");
    await database.write(painting("a", 2));
    expect(await database.read("a")).toMatchObject({ name: "Dawn", version: 2 });
    expect(await database.read("nothing")).toBeUndefined();
  });

  it("says so where there is no database", async () => {
    Reflect.deleteProperty(globalThis, "indexedDB");
    await expect(new IndexedDbPaintings().all()).rejects.toThrow("this browser offers no database");
  });
});

describe("isKeptPainting", () => {
  it("takes what was stored, and nothing that does not fit together", () => {
    const kept = painting("a", 1);
    expect(isKeptPainting(kept)).toBe(true);
    expect(isKeptPainting({ ...kept, model: undefined, thumbnail: undefined, seed: undefined })).toBe(true);
    expect(isKeptPainting({ ...kept, packed: packMap(new LabelMap(4, 4)) })).toBe(true);
    for (const wrong of [
      undefined,
      3,
      {},
      { ...kept, id: 3 },
      { ...kept, version: "1" },
      { ...kept, packed: undefined },
      { ...kept, packed: { ...kept.packed, width: 2 } },
      { ...kept, model: { ...testModel, classes: [{ id: 0 }] } },
      { ...kept, thumbnail: { ...kept.thumbnail, width: 3 } },
    ]) {
      expect(isKeptPainting(wrong)).toBe(false);
    }
  });
});

/** Stores paintings in the browser's IndexedDB. */

import { isKeptPainting, isSinglePainting, paintingFromSingle, type KeptPainting } from "./kept-painting.js";
import { randomId } from "./random-id.js";

/** What became of a write: `changed-elsewhere` when the stored painting is not the one that the writer had seen. */
export type WriteResult = "written" | "changed-elsewhere";

/** Where paintings are stored. All reject when storage is forbidden, full or broken. */
export interface PaintingDatabase {
  /** Every painting, the newest first. */
  all(): Promise<readonly KeptPainting[]>;
  read(id: string): Promise<KeptPainting | undefined>;
  /**
   * Writes a painting whose version is one more than that of what is stored, or that is not stored at all; never over
   * anything else. The name of one that is stored stays: only `rename` changes it.
   */
  write(painting: KeptPainting): Promise<WriteResult>;
  /**
   * Puts a painting aside at once, for when the page may end before `write` has: it is written then when the database is
   * next opened, by the same rule; where that forbids it, as another painting.
   */
  setAside(painting: KeptPainting): void;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
}

const DATABASE = "underpaint";
/** 1: one painting for every model, in `paintings`. 2: any number of them, in `works`, and those set aside, in `aside`. */
const DATABASE_VERSION = 2;
const SINGLES = "paintings";
const WORKS = "works";
const ASIDE = "aside";

/** The browser's own database; opened when first used. */
export class IndexedDbPaintings implements PaintingDatabase {
  private opened: Promise<IDBDatabase> | undefined;
  /** Once it is open: a page that ends has no time to wait. */
  private database: IDBDatabase | undefined;

  async all(): Promise<readonly KeptPainting[]> {
    const database = await this.open();
    const found = await resultOf<unknown[]>(database.transaction(WORKS).objectStore(WORKS).getAll());
    return found.filter(isKeptPainting).sort((a, b) => b.savedAt - a.savedAt);
  }

  async read(id: string): Promise<KeptPainting | undefined> {
    const database = await this.open();
    const found = await resultOf<unknown>(database.transaction(WORKS).objectStore(WORKS).get(id));
    return isKeptPainting(found) ? found : undefined;
  }

  async write(painting: KeptPainting): Promise<WriteResult> {
    let result: WriteResult = "written";
    await this.change(painting.id, (stored, exists) => {
      // Set aside by this tab, and written by another that has just been opened.
      if (stored && isSameSave(stored, painting)) return undefined;
      if (exists && stored?.version !== painting.version - 1) {
        result = "changed-elsewhere";
        return undefined;
      }
      return { ...painting, name: stored?.name ?? painting.name };
    });
    return result;
  }

  setAside(painting: KeptPainting): void {
    if (!this.database) return;
    try {
      const transaction = this.database.transaction(ASIDE, "readwrite");
      transaction.objectStore(ASIDE).put(painting);
      transaction.commit();
    } catch {
      // Closed or full: what was saved before is all there is.
    }
  }

  async rename(id: string, name: string): Promise<void> {
    await this.change(id, (stored) => stored && { ...stored, name });
  }

  async remove(id: string): Promise<void> {
    const database = await this.open();
    const transaction = database.transaction([WORKS, ASIDE], "readwrite");
    transaction.objectStore(WORKS).delete(id);
    transaction.objectStore(ASIDE).delete(id);
    await completionOf(transaction);
  }

  /** Reads and writes in one transaction, so that no other tab comes in between. */
  private async change(
    id: string,
    change: (stored: KeptPainting | undefined, exists: boolean) => KeptPainting | undefined,
  ): Promise<void> {
    const database = await this.open();
    const transaction = database.transaction([WORKS, ASIDE], "readwrite");
    const works = transaction.objectStore(WORKS);
    transaction.objectStore(ASIDE).delete(id);
    const request: IDBRequest<unknown> = works.get(id);
    request.onsuccess = () => {
      const { result } = request;
      const changed = change(isKeptPainting(result) ? result : undefined, result !== undefined);
      if (changed) works.put(changed);
    };
    await completionOf(transaction);
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= openDatabase().then(
      async (database) => {
        this.database = database;
        // Another tab with a newer studio may want to change the database.
        database.onversionchange = () => {
          database.close();
          this.forget();
        };
        database.onclose = () => this.forget();
        // Where that fails, they stay where they are until the next time.
        await writeAside(database).catch(() => undefined);
        return database;
      },
      (error: unknown) => {
        this.forget();
        throw error;
      },
    );
    return this.opened;
  }

  private forget(): void {
    this.opened = undefined;
    this.database = undefined;
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (typeof indexedDB === "undefined") throw new Error("this browser offers no database");
    const request = indexedDB.open(DATABASE, DATABASE_VERSION);
    request.onupgradeneeded = () => {
      if (request.transaction) upgrade(request.result, request.transaction);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser did not open its database"));
    request.onblocked = () => reject(new Error("another tab holds an older version of the studio open; close it"));
  });
}

/** All or nothing: where any of it fails, the browser keeps the database as it was. */
function upgrade(database: IDBDatabase, transaction: IDBTransaction): void {
  const works = database.createObjectStore(WORKS, { keyPath: "id" });
  database.createObjectStore(ASIDE, { keyPath: "id" });
  if (!database.objectStoreNames.contains(SINGLES)) return;
  const request: IDBRequest<unknown[]> = transaction.objectStore(SINGLES).getAll();
  request.onsuccess = () => {
    for (const single of request.result) {
      if (isSinglePainting(single)) works.put(paintingFromSingle(single, randomId()));
    }
    database.deleteObjectStore(SINGLES);
  };
}

/** Writes what pages that ended have put aside. */
async function writeAside(database: IDBDatabase): Promise<void> {
  const transaction = database.transaction([WORKS, ASIDE], "readwrite");
  const [works, aside] = [transaction.objectStore(WORKS), transaction.objectStore(ASIDE)];
  const request: IDBRequest<unknown[]> = aside.getAll();
  request.onsuccess = () => {
    for (const painting of request.result.filter(isKeptPainting)) {
      const reading: IDBRequest<unknown> = works.get(painting.id);
      reading.onsuccess = () => {
        const stored = isKeptPainting(reading.result) ? reading.result : undefined;
        if (stored && isSameSave(stored, painting)) return;
        const isNext = reading.result === undefined || stored?.version === painting.version - 1;
        works.put(
          isNext ? { ...painting, name: stored?.name ?? painting.name } : { ...painting, id: randomId(), version: 1 },
        );
      };
    }
    aside.clear();
  };
  await completionOf(transaction);
}

function isSameSave(one: KeptPainting, other: KeptPainting): boolean {
  return one.version === other.version && one.savedAt === other.savedAt;
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser did not read its database"));
  });
}

function completionOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error("the browser did not write its database"));
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser stopped writing its database"));
  });
}

/** Stores paintings in the browser's IndexedDB. */

import type { PackedMap } from "./history.js";

/** A painting as it is stored, by its model's `paintingKey`. */
export interface StoredPainting {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly packed: PackedMap;
}

/** Where paintings are stored. Both reject when storage is forbidden, full or broken. */
export interface PaintingDatabase {
  read(key: string): Promise<StoredPainting | undefined>;
  write(painting: StoredPainting): Promise<void>;
}

const DATABASE = "underpaint";
const DATABASE_VERSION = 1;
const STORE = "paintings";

/** The browser's own database; opened when first used. */
export class IndexedDbPaintings implements PaintingDatabase {
  private opened: Promise<IDBDatabase> | undefined;

  async read(key: string): Promise<StoredPainting | undefined> {
    const database = await this.open();
    const found = await resultOf<unknown>(database.transaction(STORE).objectStore(STORE).get(key));
    return isStoredPainting(found) ? found : undefined;
  }

  async write(painting: StoredPainting): Promise<void> {
    const database = await this.open();
    const transaction = database.transaction(STORE, "readwrite");
    transaction.objectStore(STORE).put(painting);
    await completionOf(transaction);
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= openDatabase().then(
      (database) => {
        // Another tab with a newer studio may want to change the database.
        database.onversionchange = () => {
          database.close();
          this.opened = undefined;
        };
        database.onclose = () => {
          this.opened = undefined;
        };
        return database;
      },
      (error: unknown) => {
        this.opened = undefined;
        throw error;
      },
    );
    return this.opened;
  }
}

/** Whether what was stored has the shape that is expected; storage may hold anything. */
export function isStoredPainting(value: unknown): value is StoredPainting {
  const packed = fieldOf(value, "packed");
  const pixels = fieldOf(packed, "pixels");
  const sides = [fieldOf(packed, "width"), fieldOf(packed, "height")];
  if (typeof fieldOf(value, "key") !== "string" || !sides.every((side) => Number.isInteger(side) && Number(side) > 0)) {
    return false;
  }
  return (
    pixels === undefined || (fieldOf(pixels, "runs") instanceof Uint8Array && isRect(fieldOf(pixels, "rect"), packed))
  );
}

function isRect(rect: unknown, map: unknown): boolean {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(fieldOf(rect, name)));
  const [mapWidth, mapHeight] = [Number(fieldOf(map, "width")), Number(fieldOf(map, "height"))];
  if (![x, y, width, height].every((value) => Number.isInteger(value) && Number(value) >= 0)) return false;
  return Number(x) + Number(width) <= mapWidth && Number(y) + Number(height) <= mapHeight;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, DATABASE_VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser did not open its database"));
    request.onblocked = () => reject(new Error("another tab holds an older version of the studio open; close it"));
  });
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

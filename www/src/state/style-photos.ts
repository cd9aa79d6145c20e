/** Photos that a person has given a model as styles, kept in the browser's IndexedDB. */

import type { Thumbnail } from "./kept-painting.js";

/** A photo as a style: what the encoder said of it, and a small picture to know it by. */
export interface StylePhoto {
  readonly id: string;
  /** The `paintingKey` of the model whose encoder has read it. */
  readonly modelKey: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly mean: readonly number[];
  readonly logVariance: readonly number[];
  readonly thumbnail: Thumbnail;
}

/** Where they are kept. All reject when storage is forbidden, full or broken. */
export interface StylePhotos {
  /** Those of a model, the oldest first. */
  of(modelKey: string): Promise<readonly StylePhoto[]>;
  add(photo: StylePhoto): Promise<void>;
  remove(id: string): Promise<void>;
}

const DATABASE = "underpaint-styles";
const PHOTOS = "photos";

/** The browser's own database; opened when first used. */
export class IndexedDbStylePhotos implements StylePhotos {
  private opened: Promise<IDBDatabase> | undefined;

  async of(modelKey: string): Promise<readonly StylePhoto[]> {
    const database = await this.open();
    const found = await resultOf<unknown[]>(database.transaction(PHOTOS).objectStore(PHOTOS).getAll());
    return found
      .filter(isStylePhoto)
      .filter((photo) => photo.modelKey === modelKey)
      .sort((a, b) => a.addedAt - b.addedAt);
  }

  async add(photo: StylePhoto): Promise<void> {
    const database = await this.open();
    await resultOf(database.transaction(PHOTOS, "readwrite").objectStore(PHOTOS).put(photo));
  }

  async remove(id: string): Promise<void> {
    const database = await this.open();
    await resultOf(database.transaction(PHOTOS, "readwrite").objectStore(PHOTOS).delete(id));
  }

  private open(): Promise<IDBDatabase> {
    this.opened ??= openDatabase().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(PHOTOS, { keyPath: "id" });
  return resultOf(request);
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
  });
}

/** Storage may hold anything. */
function isStylePhoto(value: unknown): value is StylePhoto {
  const field = (name: string): unknown =>
    typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
  const isNumbers = (list: unknown): boolean => Array.isArray(list) && list.every(Number.isFinite);
  const thumbnail = field("thumbnail");
  return (
    ["id", "modelKey", "name"].every((name) => typeof field(name) === "string") &&
    typeof field("addedAt") === "number" &&
    isNumbers(field("mean")) &&
    isNumbers(field("logVariance")) &&
    typeof thumbnail === "object" &&
    thumbnail !== null
  );
}

/** What a tab had open, for its reload and for the next visit: painting and model. */

import type { ModelOrigin } from "./studio-model.js";

/** The part of `Storage` that is used. */
export type MemoryStorage = Pick<Storage, "getItem" | "setItem">;

const PAINTINGS_KEY = "underpaint.paintings";
const MODEL_KEY = "underpaint.model";

/**
 * Remembers in the tab's own storage, which outlasts a reload, and in the browser's, for tabs to come.
 *
 * Where storage is forbidden nothing is remembered.
 */
export class VisitMemory {
  private readonly storages: readonly MemoryStorage[];

  constructor(storages: readonly MemoryStorage[] = pageStorages()) {
    this.storages = storages;
  }

  /** The painting last opened for a model, in this tab or, if that had none, in any. */
  painting(modelKey: string): string | undefined {
    return this.first((storage) => paintingsIn(storage)[modelKey]);
  }

  /** The model used last that can be found again. */
  get origin(): ModelOrigin | undefined {
    return this.first((storage) => originFrom(readJson(storage, MODEL_KEY)));
  }

  /** The painting that was seen last. */
  get lastPainting(): string | undefined {
    return this.first((storage) => Object.values(paintingsIn(storage)).at(-1));
  }

  /** A painting is opened for a model. */
  rememberPainting(modelKey: string, id: string): void {
    this.each((storage) => {
      // The newest comes last.
      const { [modelKey]: _before, ...others } = paintingsIn(storage);
      storage.setItem(PAINTINGS_KEY, JSON.stringify({ ...others, [modelKey]: id }));
    });
  }

  /** A model is in use; one from this computer cannot be found again. */
  rememberModel(origin: ModelOrigin): void {
    if (origin.kind !== "local") this.each((storage) => storage.setItem(MODEL_KEY, JSON.stringify(origin)));
  }

  private first<Found>(read: (storage: MemoryStorage) => Found | undefined): Found | undefined {
    for (const storage of this.storages) {
      try {
        const found = read(storage);
        if (found !== undefined) return found;
      } catch {
        // Forbidden.
      }
    }
    return undefined;
  }

  private each(act: (storage: MemoryStorage) => void): void {
    for (const storage of this.storages) {
      try {
        act(storage);
      } catch {
        // Forbidden or full.
      }
    }
  }
}

function paintingsIn(storage: MemoryStorage): Record<string, string> {
  const stored = readJson(storage, PAINTINGS_KEY);
  if (typeof stored !== "object" || stored === null) return {};
  return Object.fromEntries(Object.entries(stored).filter(([, id]) => typeof id === "string"));
}

function originFrom(stored: unknown): ModelOrigin | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const [kind, id, url] = ["kind", "id", "url"].map((name) => Reflect.get(stored, name) as unknown);
  if ((kind === "listed" || kind === "kept") && typeof id === "string") return { kind, id };
  if (kind === "address" && typeof url === "string" && /^https?:/.test(url) && URL.canParse(url)) return { kind, url };
  return undefined;
}

function readJson(storage: MemoryStorage, key: string): unknown {
  const text = storage.getItem(key);
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Even asking for them throws where storage is forbidden. */
function pageStorages(): MemoryStorage[] {
  const found: MemoryStorage[] = [];
  for (const name of ["sessionStorage", "localStorage"] as const) {
    try {
      found.push(globalThis[name]);
    } catch {
      // Forbidden.
    }
  }
  return found.filter(Boolean);
}

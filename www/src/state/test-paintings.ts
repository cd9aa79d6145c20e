/** Storage and claims for tests of what keeps paintings. */

import type { KeptPainting } from "./kept-painting.js";
import type { PaintingClaims } from "./painting-claims.js";
import type { PaintingDatabase, WriteResult } from "./painting-database.js";
import type { MemoryStorage } from "./visit-memory.js";

/** A database in memory, with the rules of the real one. */
export class MemoryPaintings implements PaintingDatabase {
  readonly stored = new Map<string, KeptPainting>();
  readonly aside: KeptPainting[] = [];
  writes = 0;
  problem: Error | undefined;

  async all(): Promise<readonly KeptPainting[]> {
    this.fail();
    return [...this.stored.values()].sort((a, b) => b.savedAt - a.savedAt);
  }

  async read(id: string): Promise<KeptPainting | undefined> {
    this.fail();
    return this.stored.get(id);
  }

  async write(painting: KeptPainting): Promise<WriteResult> {
    this.fail();
    const stored = this.stored.get(painting.id);
    if (stored && stored.version !== painting.version - 1) return "changed-elsewhere";
    this.writes += 1;
    this.stored.set(painting.id, { ...painting, name: stored?.name ?? painting.name });
    return "written";
  }

  setAside(painting: KeptPainting): void {
    this.aside.push(painting);
  }

  async rename(id: string, name: string): Promise<void> {
    this.fail();
    const stored = this.stored.get(id);
    if (stored) this.stored.set(id, { ...stored, name });
  }

  async remove(id: string): Promise<void> {
    this.fail();
    this.stored.delete(id);
  }

  private fail(): void {
    if (this.problem) throw this.problem;
  }
}

/** The claims of tabs that share `held`: which tab has which painting. */
export function claimsOfTab(tab: string, held: Map<string, string>): PaintingClaims {
  return {
    claim: async (id) => {
      const owner = held.get(id) ?? tab;
      held.set(id, owner);
      return owner === tab;
    },
    release: (id) => void (held.get(id) === tab && held.delete(id)),
    heldElsewhere: async (ids) => new Set(ids.filter((id) => (held.get(id) ?? tab) !== tab)),
  };
}

/** Storage of texts in memory. */
export class MapStorage implements MemoryStorage {
  readonly texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }
}

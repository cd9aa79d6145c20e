/** Keeps verified weights by their hash, and the manifests that led to them, in the browser's Cache API. */

import { parseManifest, type Manifest } from "./manifest.js";

const CACHE_NAME = "underpaint-bundles-1";

/** Cache keys have to be addresses; these are nobody's, so that no service worker answers with what is here. */
const WEIGHTS_PREFIX = "https://underpaint.invalid/weights/";
const MANIFEST_PREFIX = "https://underpaint.invalid/manifests/";

/** The part of the Cache API that is used. */
export type CacheStore = Pick<Cache, "match" | "put" | "delete">;

/**
 * A cache of bundles.
 *
 * A convenience: whatever goes wrong in it (no room, private browsing) counts as an empty cache.
 */
export class WeightCache {
  private constructor(private readonly store: CacheStore) {}

  /** Opens the cache; undefined where the browser offers none, as in pages that are not from https or localhost. */
  static async open(storage: Pick<CacheStorage, "open"> | undefined): Promise<WeightCache | undefined> {
    const store = await quietly(async () => storage?.open(CACHE_NAME));
    return store === undefined ? undefined : new WeightCache(store);
  }

  /** The manifest last kept for this address. */
  async manifest(url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.read(MANIFEST_PREFIX + encodeURIComponent(url));
  }

  /** The weights with this SHA-256 (lower-case hexadecimal). */
  async weights(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.read(WEIGHTS_PREFIX + sha256);
  }

  /** Keeps verified weights and their manifest, and lets go of those that this address had before. */
  async keep(
    url: string,
    manifest: Uint8Array<ArrayBuffer>,
    sha256: string,
    weights: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    await quietly(async () => {
      const named = hashesIn(parseManifest(manifest, url));
      for (const before of await this.hashesKeptFor(url)) if (!named.includes(before)) await this.forget(before);
      await this.store.put(WEIGHTS_PREFIX + sha256, new Response(weights));
      await this.store.put(MANIFEST_PREFIX + encodeURIComponent(url), new Response(manifest));
    });
  }

  /** Removes the weights with this SHA-256. */
  async forget(sha256: string): Promise<void> {
    await quietly(async () => this.store.delete(WEIGHTS_PREFIX + sha256));
  }

  /** Keeps the verified weights of an encoder; they go when the manifest that is kept names others. */
  async keepEncoder(sha256: string, weights: Uint8Array<ArrayBuffer>): Promise<void> {
    await quietly(async () => this.store.put(WEIGHTS_PREFIX + sha256, new Response(weights)));
  }

  private async hashesKeptFor(url: string): Promise<readonly string[]> {
    const hashes = await quietly(async () => {
      const manifest = await this.manifest(url);
      return manifest === undefined ? [] : hashesIn(parseManifest(manifest, url));
    });
    return hashes ?? [];
  }

  private async read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return quietly(async () => {
      const response = await this.store.match(key);
      return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
    });
  }
}

function hashesIn({ weights, encoder_weights }: Manifest): readonly string[] {
  return encoder_weights === undefined ? [weights.sha256] : [weights.sha256, encoder_weights.sha256];
}

async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

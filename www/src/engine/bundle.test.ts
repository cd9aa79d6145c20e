import { describe, expect, it } from "vitest";
import { manifestUrl, readManifest, readWeights, type BundleEnvironment } from "./bundle.js";
import { FakeCaches, FakeServer, FOLDER, SHA256, WEIGHTS, bytesOfJson, manifestWith, rejection } from "./fixtures.js";
import { WeightCache } from "./weight-cache.js";

const source = { kind: "url", url: FOLDER } as const;

function environmentOf(
  server: FakeServer,
  cache?: WeightCache,
  signal = new AbortController().signal,
): BundleEnvironment {
  return { fetch: server.fetch, cache, signal };
}

async function read(
  environment: BundleEnvironment,
  onBytes: (loaded: number, total: number) => void = () => undefined,
) {
  const manifest = await readManifest(source, environment);
  return { manifest, weights: await readWeights(source, manifest, environment, onBytes) };
}

describe("manifestUrl", () => {
  it("takes a folder, with and without slash, and a manifest", () => {
    expect(manifestUrl("https://a.test/m/lake")).toBe("https://a.test/m/lake/manifest.json");
    expect(manifestUrl("https://a.test/m/lake/?v=2")).toBe("https://a.test/m/lake/manifest.json?v=2");
    expect(manifestUrl("https://a.test/lake/other.json")).toBe("https://a.test/lake/other.json");
  });
});

describe("reading from the network", () => {
  it("reads both files and tells every part of the weights", async () => {
    const told: [number, number][] = [];
    const { weights } = await read(environmentOf(FakeServer.withBundle()), (...part) => told.push(part));
    expect(weights.bytes).toEqual(WEIGHTS);
    expect(told).toEqual([
      [0, 5],
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
  });

  it("names the address and the status of a missing file", async () => {
    const server = FakeServer.withBundle();
    server.files.delete(`${FOLDER}weights.safetensors`);
    const error = await rejection(read(environmentOf(server)));
    expect(error.code).toBe("network");
    expect(error.message).toContain(`${FOLDER}weights.safetensors: expected the file, found HTTP status 404`);
  });

  it("names the address when there is no network", async () => {
    const server = FakeServer.withBundle();
    server.online = false;
    const error = await rejection(read(environmentOf(server)));
    expect(error.code).toBe("network");
    expect(error.message).toContain(`${FOLDER}manifest.json could not be downloaded (Failed to fetch)`);
  });

  it.each([3, 7])("refuses %i bytes where the manifest says 5", async (length) => {
    const server = FakeServer.withBundle(manifestWith(), new Uint8Array(length));
    const error = await rejection(read(environmentOf(server)));
    expect(error.code).toBe("integrity");
    expect(error.message).toContain(`expected 5 bytes, found ${length}`);
  });

  it("stops when told to", async () => {
    const stop = new AbortController();
    const environment = environmentOf(FakeServer.withBundle(), undefined, stop.signal);
    const manifest = await readManifest(source, environment);
    stop.abort();
    expect((await rejection(readWeights(source, manifest, environment, () => undefined))).code).toBe("aborted");
  });
});

describe("the cache", () => {
  async function filled(): Promise<{ caches: FakeCaches; cache: WeightCache }> {
    const caches = new FakeCaches();
    const cache = await WeightCache.open(caches);
    if (cache === undefined) throw new Error("no cache");
    await cache.keep(`${FOLDER}manifest.json`, bytesOfJson(manifestWith()), SHA256, WEIGHTS);
    return { caches, cache };
  }

  it("saves the download of weights that it has", async () => {
    const server = FakeServer.withBundle();
    const { cache } = await filled();
    const { weights } = await read(environmentOf(server, cache));
    expect(weights.cached).toBe(true);
    expect(server.requests).toEqual([`${FOLDER}manifest.json`]);
  });

  it("has everything without network", async () => {
    const server = FakeServer.withBundle();
    server.online = false;
    const { cache } = await filled();
    const { manifest, weights } = await read(environmentOf(server, cache));
    expect(manifest.manifest).toEqual(manifestWith());
    expect(weights.bytes).toEqual(WEIGHTS);
  });

  it("does not hide that a bundle is gone from a server that answers with a page", async () => {
    const server = FakeServer.withBundle();
    server.files.set(`${FOLDER}manifest.json`, new TextEncoder().encode("<html>"));
    const { cache } = await filled();
    expect((await rejection(read(environmentOf(server, cache)))).code).toBe("bad-bundle");
  });

  it("lets go of the weights that an address had before", async () => {
    const { caches, cache } = await filled();
    const newer = manifestWith({ weights: { ...manifestWith().weights, sha256: "a".repeat(64) } });
    await cache.keep(`${FOLDER}manifest.json`, bytesOfJson(newer), "a".repeat(64), WEIGHTS);
    expect(await cache.weights(SHA256)).toBeUndefined();
    expect(caches.entries.size).toBe(2);
  });

  it("counts as empty when the browser refuses it", async () => {
    const open = async (): Promise<Cache> => Promise.reject(new DOMException("no", "SecurityError"));
    expect(await WeightCache.open({ open })).toBeUndefined();
    expect(await WeightCache.open(undefined)).toBeUndefined();
  });
});

describe("reading files", () => {
  it("reads both, and names a weight file of another size", async () => {
    const files = {
      kind: "files",
      manifest: new Blob([bytesOfJson(manifestWith())]),
      weights: WEIGHTS.buffer,
    } as const;
    const environment = environmentOf(FakeServer.withBundle());
    const manifest = await readManifest(files, environment);
    const { bytes } = await readWeights(files, manifest, environment, () => undefined);
    expect(bytes).toEqual(WEIGHTS);
    const other = { ...files, weights: new File(["ab"], "other.safetensors") };
    const error = await rejection(readWeights(other, manifest, environment, () => undefined));
    expect(error.message).toContain("The weights other.safetensors: expected 5 bytes, found 2");
  });
});

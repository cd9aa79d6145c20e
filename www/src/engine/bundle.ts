/** Reads a bundle: its manifest and its weights, from the network, the browser's cache or files. */

import { UnderpaintError, errorFrom } from "./errors.js";
import { parseManifest, type Manifest, type WeightFile } from "./manifest.js";
import type { BundleSource } from "./protocol.js";
import type { WeightCache } from "./weight-cache.js";

/** A bundle's manifest, and the bytes that it was read from. */
export interface ReadManifest {
  manifest: Manifest;
  bytes: Uint8Array<ArrayBuffer>;
  /** Address or file name, for messages. */
  name: string;
}

/** A bundle's weights, not yet verified. */
export interface ReadWeights {
  bytes: Uint8Array<ArrayBuffer> | Blob;
  /** Address or file name, for messages. */
  name: string;
  /** Whether they come out of the cache, and the network may have better ones. */
  cached: boolean;
}

/** What reading needs of its surroundings. */
export interface BundleEnvironment {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Absent where the caller wants none, or the browser offers none. */
  cache: WeightCache | undefined;
  signal: AbortSignal;
}

/** A source whose manifest and weights are files of their own. */
export type PartedSource = Exclude<BundleSource, { kind: "file" }>;

/** Called with the bytes of the weights that have arrived, and their number in all. */
export type OnBytes = (loaded: number, total: number) => void;

/** The address of the manifest, given that of the bundle's folder or of the manifest itself. */
export function manifestUrl(bundle: string): string {
  const url = new URL(bundle);
  if (!url.pathname.endsWith(".json")) {
    url.pathname = `${url.pathname.replace(/\/$/, "")}/manifest.json`;
  }
  return url.href;
}

/**
 * Reads the manifest. Without network, the one that came from the same address last time.
 *
 * @throws UnderpaintError `network`, `bad-bundle`, `unsupported` or `aborted`
 */
export async function readManifest(source: PartedSource, environment: BundleEnvironment): Promise<ReadManifest> {
  if (source.kind === "files") {
    const bytes = await bytesOf(source.manifest);
    return { manifest: parseManifest(bytes, nameOf(source.manifest, "manifest.json")), bytes, name: "manifest.json" };
  }
  const url = manifestUrl(source.url);
  const bytes = await manifestBytes(url, environment);
  return { manifest: parseManifest(bytes, url), bytes, name: url };
}

/**
 * Reads the weights that belong to a manifest, from the cache where it has them.
 *
 * @param fresh passes over every cache
 * @throws UnderpaintError `network`, `integrity` (another size than the manifest says) or `aborted`
 */
export async function readWeights(
  source: PartedSource,
  { manifest }: ReadManifest,
  environment: BundleEnvironment,
  onBytes: OnBytes,
  fresh = false,
): Promise<ReadWeights> {
  if (source.kind === "files") return readGiven(source.weights, manifest.weights);
  return readBeside(source.url, manifest.weights, environment, onBytes, fresh);
}

/**
 * Reads the weights of a bundle's encoder, from the cache where it has them.
 *
 * @throws UnderpaintError as {@link readWeights}; `bad-input` if the bundle has no encoder, or came without its file
 */
export async function readEncoder(
  source: PartedSource,
  manifest: Manifest,
  environment: BundleEnvironment,
  fresh = false,
): Promise<ReadWeights> {
  const { encoder_weights: weights, name } = manifest;
  if (weights === undefined) {
    throw new UnderpaintError("bad-input", `${name} has no encoder that reads pictures.`);
  }
  if (source.kind === "url") return readBeside(source.url, weights, environment, () => undefined, fresh);
  if (source.encoder !== undefined) return readGiven(source.encoder, weights);
  throw new UnderpaintError(
    "bad-input",
    `Reading a picture needs the encoder of ${name}, ${weights.file}, which was not given with the other files. ` +
      "Choose the whole folder of the bundle.",
  );
}

function readGiven(given: Blob | ArrayBuffer, { file, bytes: total }: WeightFile): ReadWeights {
  const name = nameOf(given, file);
  const bytes = given instanceof Blob ? given : new Uint8Array(given);
  return { bytes: checkLength(bytes, total, name), name, cached: false };
}

async function readBeside(
  bundle: string,
  { file, sha256, bytes: total }: WeightFile,
  environment: BundleEnvironment,
  onBytes: OnBytes,
  fresh: boolean,
): Promise<ReadWeights> {
  const url = new URL(encodeURIComponent(file), manifestUrl(bundle)).href;
  const kept = fresh ? undefined : await environment.cache?.weights(sha256);
  if (kept?.length === total) {
    onBytes(total, total);
    return { bytes: kept, name: url, cached: true };
  }
  const response = await download(url, environment, fresh ? "reload" : "default");
  return { bytes: checkLength(await collect(response, url, total, onBytes), total, url), name: url, cached: false };
}

async function manifestBytes(url: string, environment: BundleEnvironment): Promise<Uint8Array<ArrayBuffer>> {
  const { cache, signal } = environment;
  try {
    // Asks the server whether it has changed: a stale manifest would not fit newer weights.
    const response = await download(url, environment, "no-cache");
    return new Uint8Array(await response.arrayBuffer());
  } catch (thrown) {
    const error = errorFrom(thrown);
    const kept = error.code === "network" && !signal.aborted ? await cache?.manifest(url) : undefined;
    if (kept === undefined) throw error;
    return kept;
  }
}

export async function download(url: string, environment: BundleEnvironment, cache: RequestCache): Promise<Response> {
  let response: Response;
  try {
    response = await environment.fetch(url, { cache, signal: environment.signal });
  } catch (thrown) {
    throw downloadError(thrown, url);
  }
  if (response.ok) return response;
  const hint = response.status === 404 ? " There is no such file on that server." : "";
  throw new UnderpaintError("network", `${url}: expected the file, found HTTP status ${response.status}.${hint}`);
}

export function downloadError(thrown: unknown, url: string): UnderpaintError {
  const error = errorFrom(thrown);
  if (error.code === "aborted") return error;
  return new UnderpaintError(
    "network",
    `${url} could not be downloaded (${error.message}). Is the network there, and does that server allow this page?`,
    { cause: thrown },
  );
}

/** Reads a body as it arrives. It may be longer or shorter than `expected`; the caller compares. */
async function collect(
  response: Response,
  url: string,
  expected: number,
  onBytes: OnBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(expected);
  let loaded = 0;
  onBytes(0, expected);
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      if (loaded + part.value.length > bytes.length) bytes = grown(bytes, loaded + part.value.length);
      bytes.set(part.value, loaded);
      loaded += part.value.length;
      onBytes(Math.min(loaded, expected), expected);
    }
  } catch (thrown) {
    throw downloadError(thrown, url);
  }
  return bytes.subarray(0, loaded);
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

function checkLength<Bytes extends Uint8Array<ArrayBuffer> | Blob>(
  bytes: Bytes,
  expected: number,
  name: string,
): Bytes {
  const found = bytes instanceof Blob ? bytes.size : bytes.length;
  if (found === expected) return bytes;
  throw new UnderpaintError(
    "integrity",
    `The weights ${name}: expected ${expected} bytes, found ${found}. ` +
      "They do not belong to this manifest, or are damaged; export the bundle or copy it again.",
  );
}

async function bytesOf(file: Blob | ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (thrown) {
    const { message } = errorFrom(thrown);
    throw new UnderpaintError(
      "network",
      `${nameOf(file, "The file")} could not be read (${message}). Choose it again.`,
    );
  }
}

/** What a file is called, for messages. */
export function nameOf(file: Blob | ArrayBuffer, fallback: string): string {
  return typeof File !== "undefined" && file instanceof File ? file.name : fallback;
}

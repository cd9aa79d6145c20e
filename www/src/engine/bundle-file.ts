/** Bundles in one file: told from weight files of the authors, taken apart, downloaded. */

import type { BundleEnvironment, OnBytes } from "./bundle.js";
import { download, downloadError } from "./bundle.js";
import type { BundleSource } from "./protocol.js";
import type { WasmModule } from "./wasm.js";

/** Ending of the name of a bundle in one file. */
export const BUNDLE_ENDING = ".underpaint";

/** What our files begin with: the header of an archive's first entry, with its name 30 bytes on. */
const SIGNATURE = "PK\u0003\u0004";
const NAME_AT = 30;
const MANIFEST = "manifest.json";

/** Whether an address is that of a bundle in one file. */
export function isBundleFileUrl(url: string): boolean {
  return new URL(url).pathname.toLowerCase().endsWith(BUNDLE_ENDING);
}

/** Whether a file is a bundle, by its name or by what it begins with. */
export async function isBundleFile(file: Blob, name: string): Promise<boolean> {
  if (name.toLowerCase().endsWith(BUNDLE_ENDING)) return true;
  const start = new Uint8Array(await file.slice(0, NAME_AT + MANIFEST.length).arrayBuffer());
  const text = String.fromCharCode(...start);
  return text.startsWith(SIGNATURE) && text.slice(NAME_AT) === MANIFEST;
}

/**
 * The files in a bundle; they stay where they are.
 *
 * @throws UnderpaintError `bad-bundle` or `network`
 */
export function takeApart(file: Blob, module: WasmModule): BundleSource & { kind: "files" } {
  const parts = new module.BundleParts(file);
  const { manifest, weights, encoder } = parts;
  const part = (range: Float64Array): Blob => file.slice(range[0], range[1]);
  const found = { kind: "files", manifest: new Uint8Array(manifest).buffer, weights: part(weights) } as const;
  return encoder === undefined ? found : { ...found, encoder: part(encoder) };
}

/**
 * Downloads a bundle in one file.
 *
 * @throws UnderpaintError `network` or `aborted`
 */
export async function downloadBundleFile(url: string, environment: BundleEnvironment, onBytes: OnBytes): Promise<Blob> {
  const response = await download(url, environment, "default");
  const announced = Number(response.headers.get("content-length") ?? 0);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      parts.push(part.value);
      loaded += part.value.length;
      onBytes(loaded, Math.max(loaded, announced));
    }
  } catch (thrown) {
    throw downloadError(thrown, url);
  }
  return new Blob(parts);
}

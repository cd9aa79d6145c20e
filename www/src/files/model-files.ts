/** Finds a model among a person's own files: a bundle's folder, a bundle in one file, or weights of the authors. */

import { BUNDLE_ENDING } from "../engine/bundle-file.js";
import { isCheckpointName, pairFiles } from "../engine/checkpoint.js";
import { bundleFromFiles, named, type LocalBundle } from "./bundle-folder.js";
import type { NamedFile } from "./folder-files.js";

/** A weight file, or a bundle in one file; and an encoder's beside it. */
export interface WeightFiles {
  readonly file: File;
  readonly encoder: File | undefined;
}

/** What a file input is asked to offer. */
export const MODEL_FILES = `.json,.safetensors,.pth,.pt,.ckpt,.bin,${BUNDLE_ENDING}`;

/**
 * The model among files. What has a manifest is a bundle; else a file that ends so is one, and else there are weights.
 *
 * @throws FileError as `bundleFromFiles` does, where there is nothing of these
 */
export async function modelFromFiles(picked: readonly (File | NamedFile)[]): Promise<LocalBundle | WeightFiles> {
  const files = picked.map(named);
  const hasManifest = files.some(({ path }) => /(^|\/)manifest\.json$/.test(path));
  if (hasManifest) return bundleFromFiles(files);
  const plain = files.map(({ file }) => file);
  const bundle = plain.find(({ name }) => name.toLowerCase().endsWith(BUNDLE_ENDING));
  if (bundle) return { file: bundle, encoder: undefined };
  const weights = pairFiles(plain.filter(({ name }) => isCheckpointName(name)));
  if (weights) return weights;
  // One file of another name may still hold weights: whoever reads it says what it is.
  const [only, ...others] = plain;
  return only && others.length === 0 ? { file: only, encoder: undefined } : bundleFromFiles(files);
}

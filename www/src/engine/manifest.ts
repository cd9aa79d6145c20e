/** `manifest.json` as `core/src/bundle/manifest.rs` writes it: everything of a bundle but the weights. */

import { UnderpaintError } from "./errors.js";

/** The newest format version that this code reads. */
export const FORMAT_VERSION = 1;

/** One class of a label map. `color` is sRGB, three bytes. */
export interface LabelClass {
  id: number;
  name: string;
  color: [red: number, green: number, blue: number];
}

/** Family and full config of the generator. Only `family` is certain; the rest is the family's own. */
export interface ModelConfig {
  family: string;
  generator: GeneratorConfig;
}

/** Config of a generator. Families add fields of their own. */
export interface GeneratorConfig {
  architecture?: string;
  input_channels?: number;
  output_channels?: number;
  base_channels?: number;
  norm?: string;
  dropout?: boolean;
  [field: string]: unknown;
}

/** Takes label maps with ids in `0..num_classes`. */
export interface LabelsInput {
  kind: "labels";
  num_classes: number;
  classes: LabelClass[];
}

/** Takes pictures; with a palette, pictures that are painted with these colours alone. */
export interface ImageInput {
  kind: "image";
  channels: number;
  value_range: [black: number, white: number];
  palette: LabelClass[];
}

/** What a generator takes. */
export type InputKind = LabelsInput | ImageInput;

/** A bundle's manifest. */
export interface Manifest {
  format_version: number;
  name: string;
  model: ModelConfig;
  input: InputKind;
  output: { channels: number; value_range: [black: number, white: number] };
  /** Trained at this size, in pixels; both sides of what it computes are multiples of `multiple`. */
  size: { height: number; width: number; multiple: number };
  test_time: { statistics: "batch" | "running"; dropout: boolean };
  /** The weight file beside the manifest; `sha256` in lower-case hexadecimal. */
  weights: { file: string; dtype: "f32" | "f16"; bytes: number; sha256: string };
  provenance: { producer: string; steps?: number; imported_from?: string };
}

/** The classes that a person paints with: of a label map, or of a picture's palette; empty for photos. */
export function paintedClasses(manifest: Manifest): LabelClass[] {
  return manifest.input.kind === "labels" ? manifest.input.classes : manifest.input.palette;
}

/** Whether the generator draws random numbers, so that the seed matters. */
export function usesSeed(manifest: Manifest): boolean {
  return manifest.test_time.dropout && manifest.model.generator.dropout !== false;
}

/**
 * Reads a manifest, checking what the page itself relies on; the WebAssembly module checks the rest.
 *
 * @param source where it came from, for messages
 * @throws UnderpaintError `bad-bundle`, or `unsupported` for a later format version
 */
export function parseManifest(bytes: Uint8Array, source: string): Manifest {
  const fields = parseObject(bytes, source);
  const bad = (what: string): UnderpaintError =>
    new UnderpaintError("bad-bundle", `The manifest ${source} is damaged: ${what}.`);
  checkVersion(fields["format_version"], source);
  const input = objectIn(fields, "input");
  const kind = input?.["kind"];
  if (kind !== "labels" && kind !== "image") {
    throw bad(`input.kind: expected "labels" or "image", found ${JSON.stringify(kind)}`);
  }
  const classes = kind === "labels" ? input?.["classes"] : (input?.["palette"] ?? []);
  if (!Array.isArray(classes) || !classes.every(isLabelClass)) {
    throw bad(`input.${kind === "labels" ? "classes" : "palette"} is not a list of {id, name, color}`);
  }
  const size = objectIn(fields, "size");
  if (![size?.["height"], size?.["width"], size?.["multiple"]].every(isPositiveInteger)) {
    throw bad(`size: expected positive height, width and multiple, found ${JSON.stringify(size)}`);
  }
  const weights = objectIn(fields, "weights");
  const { file, bytes: length, sha256 } = weights ?? {};
  if (typeof file !== "string" || !/^[^/\\:?#]+$/.test(file) || file === "." || file === "..") {
    throw bad(`weights.file: expected the name of a file beside it, found ${JSON.stringify(file)}`);
  }
  if (!isPositiveInteger(length) || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw bad("weights.bytes or weights.sha256 is missing or malformed");
  }
  for (const name of ["model", "output", "test_time"]) {
    if (objectIn(fields, name) === undefined) throw bad(`${name} is missing`);
  }
  if (objectIn(objectIn(fields, "model") ?? {}, "generator") === undefined) {
    throw bad("model.generator is missing");
  }
  const manifest = fields as unknown as Manifest;
  return manifest.input.kind === "image" ? { ...manifest, input: { ...manifest.input, palette: classes } } : manifest;
}

function parseObject(bytes: Uint8Array, source: string): Record<string, unknown> {
  const text = new TextDecoder().decode(bytes);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const start = JSON.stringify(text.slice(0, 24));
    throw new UnderpaintError(
      "bad-bundle",
      `The manifest ${source} is not JSON: it starts with ${start}. Is that the address of a bundle?`,
    );
  }
  if (isObject(parsed)) return parsed;
  throw new UnderpaintError("bad-bundle", `The manifest ${source} is not a JSON object.`);
}

function checkVersion(version: unknown, source: string): void {
  if (!isPositiveInteger(version)) {
    throw new UnderpaintError("bad-bundle", `${source} has no format_version: it is no manifest of Underpaint.`);
  }
  if (version > FORMAT_VERSION) {
    throw new UnderpaintError(
      "unsupported",
      `The manifest ${source} has format version ${version}; this page reads up to ${FORMAT_VERSION}. ` +
        "A newer Underpaint may read it.",
    );
  }
}

function isLabelClass(value: unknown): value is LabelClass {
  if (!isObject(value)) return false;
  const { id, name, color } = value;
  const isByte = (part: unknown): boolean => Number.isInteger(part) && Number(part) >= 0 && Number(part) <= 255;
  return isByte(id) && typeof name === "string" && Array.isArray(color) && color.length === 3 && color.every(isByte);
}

function isPositiveInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectIn(fields: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = fields[name];
  return isObject(value) ? value : undefined;
}

/** `manifest.json` as `core/src/bundle/manifest.rs` writes it: everything of a bundle but the weights. */

import { UnderpaintError } from "./errors.js";

/** The newest format version that this code reads. */
export const FORMAT_VERSION = 1;

/** One class of a label map. `color` is sRGB, three bytes. */
export interface LabelClass {
  id: number;
  name: string;
  color: [red: number, green: number, blue: number];
  /** What kind of thing it is, such as "plants": a heading in palettes of many labels. */
  group?: string;
}

/** Family and full config of the generator. Only `family` is certain; the rest is the family's own. */
export interface ModelConfig {
  family: string;
  generator: GeneratorConfig;
  /** Channels of the features that come beside a label map; pix2pixHD's. */
  feature_channels?: number;
  /** Config of the encoder that reads a style or features from a picture, where there is one. */
  encoder?: { [field: string]: unknown };
}

/** Config of a generator. Families add fields of their own. */
export interface GeneratorConfig {
  /** A name, or an object with fields of its own. */
  architecture?: string | { [field: string]: unknown };
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
  /** Whether pixels may be of no class: {@link NO_CLASS_ID}. */
  dont_care?: boolean;
  /** Whether it looks at edges between instances; without instances, at those between classes. */
  edges?: boolean;
}

/** Takes pictures; with a palette, pictures that are painted with these colours alone. */
export interface ImageInput {
  kind: "image";
  channels: number;
  value_range: [black: number, white: number];
  palette: LabelClass[];
}

/** What a class-conditional generator can be asked for: one class of each attribute. */
export interface LatentAttribute {
  name: string;
  classes: string[];
}

/** Takes nothing but a seed, which draws that many numbers from N(0, 1), and a class of each attribute. */
export interface LatentInput {
  kind: "latent";
  channels: number;
  /** Absent where the generator has no classes, or their names are lost. */
  attributes?: LatentAttribute[];
}

/** What a generator takes. */
export type InputKind = LabelsInput | ImageInput | LatentInput;

/** A weight file beside the manifest; `sha256` in lower-case hexadecimal. */
export interface WeightFile {
  file: string;
  dtype: "f32" | "f16";
  bytes: number;
  sha256: string;
}

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
  /** The generator's weights. */
  weights: WeightFile;
  /** Those of the encoder that reads a style or features from a picture; fetched when one is to be read. */
  encoder_weights?: WeightFile;
  /** Typical looks of the objects of a class, by its id: features of `model.feature_channels` numbers each. */
  clusters?: { readonly [label: number]: readonly (readonly number[])[] };
  provenance: { producer: string; steps?: number; imported_from?: string };
}

/** Id of pixels of no class, in label maps for models with `dont_care`. */
export const NO_CLASS_ID = 255;

/** What pixels of no class are painted with; the colour is that of PASCAL VOC. */
const NO_CLASS: LabelClass = { id: NO_CLASS_ID, name: "no class", color: [224, 224, 192] };

/**
 * The classes that a person paints with: of a label map, {@link NO_CLASS_ID} among them where the model knows pixels of
 * no class; or of a picture's palette. Empty for models of photos, and for those that take nothing but a seed.
 */
export function paintedClasses({ input }: Manifest): LabelClass[] {
  switch (input.kind) {
    case "labels":
      // With 256 classes, 255 is one of them.
      return input.dont_care === true && input.num_classes <= NO_CLASS_ID
        ? [...input.classes, NO_CLASS]
        : input.classes;
    case "image":
      return input.palette;
    case "latent":
      return [];
  }
}

/** Whether the generator draws random numbers, latents, looks or dropout, so that the seed matters. */
export function usesSeed(manifest: Manifest): boolean {
  const { model, test_time, clusters } = manifest;
  const drops = test_time.dropout && model.generator.dropout !== false;
  return latentChannels(manifest) !== undefined || clusters !== undefined || drops;
}

/** Length of the latent that a picture starts from; undefined for models without. */
export function latentChannels({ input, model }: Manifest): number | undefined {
  if (input.kind === "latent") return input.channels;
  const { architecture } = model.generator;
  const channels = typeof architecture === "object" ? architecture["latent_channels"] : undefined;
  return typeof channels === "number" ? channels : undefined;
}

/** Channels of the features that come beside a label map; 0 for models without. */
export function featureChannels({ model }: Manifest): number {
  return model.feature_channels ?? 0;
}

/** Whether there is an encoder that reads a style, or features, from a picture. */
export function hasEncoder({ encoder_weights }: Manifest): boolean {
  return encoder_weights !== undefined;
}

/** Sides, in pixels, at which a Progressive GAN makes pictures, the smallest first; only their own size for others. */
export function scalesOf({ input, model, size }: Manifest): readonly number[] {
  const { depths } = model.generator;
  if (input.kind !== "latent" || !Array.isArray(depths) || depths.length === 0) return [size.width];
  return depths.map((_, scale) => 4 * 2 ** scale);
}

/** Whether the generator tells objects apart: it marks edges between them, or averages features over them. */
export function usesInstances({ input, model }: Manifest): boolean {
  const channels = model.feature_channels ?? 0;
  return input.kind === "labels" && (input.edges === true || channels > 0);
}

/**
 * Reads a manifest, checking what the page itself relies on; the WebAssembly module checks the rest.
 *
 * @param source where it came from, for messages
 * @throws UnderpaintError `bad-bundle`, or `unsupported` for a later format version
 */
export function parseManifest(bytes: Uint8Array, source: string): Manifest {
  const fields = parseObject(bytes, source);
  const bad: Bad = (what) => new UnderpaintError("bad-bundle", `The manifest ${source} is damaged: ${what}.`);
  checkVersion(fields["format_version"], source);
  const input = parseInput(objectIn(fields, "input"), bad);
  const size = objectIn(fields, "size");
  if (![size?.["height"], size?.["width"], size?.["multiple"]].every(isPositiveInteger)) {
    throw bad(`size: expected positive height, width and multiple, found ${JSON.stringify(size)}`);
  }
  checkWeights(objectIn(fields, "weights"), "weights", bad);
  if (fields["encoder_weights"] !== undefined) {
    checkWeights(objectIn(fields, "encoder_weights"), "encoder_weights", bad);
  }
  for (const name of ["model", "output", "test_time"]) {
    if (objectIn(fields, name) === undefined) throw bad(`${name} is missing`);
  }
  checkModel(objectIn(fields, "model") ?? {}, bad);
  checkClusters(fields["clusters"], bad);
  return { ...(fields as unknown as Manifest), input };
}

/** Makes the error for a damaged manifest. */
type Bad = (what: string) => UnderpaintError;

function parseInput(input: Record<string, unknown> | undefined, bad: Bad): InputKind {
  const kind = input?.["kind"];
  switch (kind) {
    case "labels":
      checkClasses(input?.["classes"], "classes", bad);
      for (const name of ["dont_care", "edges"]) {
        const found = input?.[name];
        if (found !== undefined && typeof found !== "boolean") {
          throw bad(`input.${name}: expected true or false, found ${JSON.stringify(found)}`);
        }
      }
      return input as unknown as LabelsInput;
    case "image": {
      // Rust leaves an empty palette out.
      const palette = input?.["palette"] ?? [];
      checkClasses(palette, "palette", bad);
      return { ...(input as unknown as ImageInput), palette };
    }
    case "latent": {
      if (!isPositiveInteger(input?.["channels"])) {
        throw bad(`input.channels: expected a whole number above 0, found ${JSON.stringify(input?.["channels"])}`);
      }
      const attributes: unknown = input?.["attributes"] ?? [];
      if (!Array.isArray(attributes) || !attributes.every(isLatentAttribute)) {
        throw bad(`input.attributes: expected names with classes, found ${JSON.stringify(attributes)}`);
      }
      return input as unknown as LatentInput;
    }
    default:
      throw bad(`input.kind: expected "labels", "image" or "latent", found ${JSON.stringify(kind)}`);
  }
}

function isLatentAttribute(found: unknown): found is LatentAttribute {
  if (typeof found !== "object" || found === null) return false;
  const { name, classes } = found as Record<string, unknown>;
  const isText = (text: unknown): boolean => typeof text === "string";
  return isText(name) && Array.isArray(classes) && classes.length > 0 && classes.every(isText);
}

function checkClasses(classes: unknown, name: string, bad: Bad): asserts classes is LabelClass[] {
  if (Array.isArray(classes) && classes.every(isLabelClass)) return;
  throw bad(`input.${name} is not a list of {id, name, color}`);
}

function checkWeights(weights: Record<string, unknown> | undefined, name: string, bad: Bad): void {
  const { file, bytes, sha256 } = weights ?? {};
  if (typeof file !== "string" || !/^[^/\\:?#]+$/.test(file) || file === "." || file === "..") {
    throw bad(`${name}.file: expected the name of a file beside it, found ${JSON.stringify(file)}`);
  }
  if (!isPositiveInteger(bytes) || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw bad(`${name}.bytes or ${name}.sha256 is missing or malformed`);
  }
}

function checkModel(model: Record<string, unknown>, bad: Bad): void {
  if (objectIn(model, "generator") === undefined) throw bad("model.generator is missing");
  const channels = model["feature_channels"] ?? 0;
  if (channels === 0 || isPositiveInteger(channels)) return;
  throw bad(`model.feature_channels: expected a whole number, found ${JSON.stringify(channels)}`);
}

/** Clusters are shown and chosen here: they must be what they say. */
function checkClusters(clusters: unknown, bad: Bad): void {
  if (clusters === undefined) return;
  const isFeature = (value: unknown): boolean => Array.isArray(value) && value.every((part) => Number.isFinite(part));
  const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isFeature);
  if (isObject(clusters) && Object.values(clusters).every(isList)) return;
  throw bad("clusters: expected lists of features by class");
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
  if (!["undefined", "string"].includes(typeof value["group"])) return false;
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

/** How a scene looks, beside what is painted and its seed: a style, and looks chosen for objects. Plain data. */

/**
 * Where the latent of a scene comes from.
 *
 * `seed`: from the scene's own seed. `random`: from another one. `listed`: from a style picture of the model's folder, by
 * its path. `photo`: from what the encoder said of a photo; `id` names the photo among those that are kept. `latent`: its
 * numbers themselves. The others are made of styles: on the way between two, and a step beside one.
 */
export type SceneStyle =
  | { readonly kind: "seed" }
  | { readonly kind: "random"; readonly seed: number }
  | { readonly kind: "listed"; readonly file: string }
  | {
      readonly kind: "photo";
      readonly id: string;
      readonly mean: readonly number[];
      readonly logVariance: readonly number[];
    }
  | { readonly kind: "latent"; readonly latent: readonly number[] }
  | { readonly kind: "between"; readonly from: SceneStyle; readonly to: SceneStyle; readonly share: number }
  | { readonly kind: "near"; readonly of: SceneStyle; readonly seed: number; readonly step: number };

/**
 * The look of an object of the label map: of `object` among those of its class, 0 for all of the class that is no object.
 * One of the typical ones of the class, or the numbers that the encoder has read from a photo.
 */
export type SceneLook = { readonly label: number; readonly object: number } & (
  { readonly cluster: number } | { readonly feature: readonly number[] }
);

/** A style and the looks of objects. */
export interface Look {
  readonly style: SceneStyle;
  readonly objects: readonly SceneLook[];
}

/** Everything from the seed. */
export const PLAIN_LOOK: Look = { style: { kind: "seed" }, objects: [] };

/** Deepest style within styles that is kept: neighbours of neighbours go on from their latest. */
const MAX_DEPTH = 12;
/** Most numbers of a latent or feature, and most objects with a look, that storage or a link may bring. */
const MAX_NUMBERS = 4096;
const MAX_OBJECTS = 4096;

/** Whether everything comes from the seed. */
export function isPlain({ style, objects }: Look): boolean {
  return style.kind === "seed" && objects.length === 0;
}

/** Whether two looks are the same. */
export function isSameLook(one: Look, other: Look): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** The look that an object has, if one is chosen. */
export function lookOf({ objects }: Look, label: number, object: number): SceneLook | undefined {
  return objects.find((one) => one.label === label && one.object === object);
}

/** The look with another one for an object; undefined lets the seed draw it again. */
export function withObject(look: Look, label: number, object: number, chosen: SceneLook | undefined): Look {
  const others = look.objects.filter((one) => one.label !== label || one.object !== object);
  return { ...look, objects: chosen ? [...others, chosen] : others };
}

/** How many styles lie within each other. */
export function depthOf(style: SceneStyle): number {
  switch (style.kind) {
    case "between":
      return 1 + Math.max(depthOf(style.from), depthOf(style.to));
    case "near":
      return 1 + depthOf(style.of);
    default:
      return 1;
  }
}

/** Whether what came from storage or a link is a look. */
export function isLook(value: unknown): value is Look {
  const objects = fieldOf(value, "objects");
  return (
    isStyle(fieldOf(value, "style"), MAX_DEPTH) &&
    Array.isArray(objects) &&
    objects.length <= MAX_OBJECTS &&
    objects.every(isSceneLook)
  );
}

function isStyle(value: unknown, depth: number): value is SceneStyle {
  if (depth === 0) return false;
  const field = (name: string): unknown => fieldOf(value, name);
  switch (field("kind")) {
    case "seed":
      return true;
    case "random":
      return isSeed(field("seed"));
    case "listed":
      return isListedFile(field("file"));
    case "photo":
      return typeof field("id") === "string" && isNumbers(field("mean")) && isNumbers(field("logVariance"));
    case "latent":
      return isNumbers(field("latent"));
    case "between":
      return isStyle(field("from"), depth - 1) && isStyle(field("to"), depth - 1) && isShare(field("share"));
    case "near":
      return isStyle(field("of"), depth - 1) && isSeed(field("seed")) && isShare(field("step"));
    default:
      return false;
  }
}

function isSceneLook(value: unknown): value is SceneLook {
  const [label, object, cluster, feature] = ["label", "object", "cluster", "feature"].map((name) =>
    fieldOf(value, name),
  );
  const isId = (id: unknown): boolean => Number.isInteger(id) && Number(id) >= 0 && Number(id) <= 0xffff;
  return isId(label) && isId(object) && (isId(cluster) || isNumbers(feature));
}

/** A path below the model's folder, and never out of it. */
export function isListedFile(file: unknown): file is string {
  return typeof file === "string" && file.length <= 200 && /^[^/\\:?#][^\\:?#]*$/.test(file) && !file.includes("..");
}

function isSeed(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff;
}

function isShare(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_NUMBERS && value.every(Number.isFinite);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

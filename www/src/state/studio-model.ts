/** What the studio needs to know of a model: a summary of its manifest. */

import type { Size } from "../canvas/geometry.js";
import type { LabelClass } from "../canvas/label-map.js";
import type { ClassChoice } from "../engine/input.js";
import {
  featureChannels,
  hasEncoder,
  latentChannels,
  paintedClasses,
  scalesOf,
  usesInstances,
  usesSeed,
  type LatentAttribute,
  type Manifest,
} from "../engine/manifest.js";

/**
 * Where a model came from, which decides whether a link can bring it back.
 *
 * `listed` by its id in `models/index.json`, `address` by the bundle's absolute URL, `kept` by its id among the models
 * that are remembered on this computer, `local` from this computer without being remembered.
 */
export type ModelOrigin =
  | { readonly kind: "listed"; readonly id: string }
  | { readonly kind: "address"; readonly url: string }
  | { readonly kind: "kept"; readonly id: string }
  | { readonly kind: "local" };

/**
 * What the generator is given.
 *
 * `labels`: the map's ids. `painted-image`: the map in its classes' colours, as RGBA. `photo`: a photo, as RGBA. `latent`:
 * nothing but the seed.
 */
export type ModelInput = "labels" | "painted-image" | "photo" | "latent";

/** A model as the studio shows it. */
export interface StudioModel {
  readonly name: string;
  readonly origin: ModelOrigin;
  readonly input: ModelInput;
  /** The classes to paint with, in the order of their ids; empty where nothing is painted. */
  readonly classes: readonly LabelClass[];
  /** What a model of chance can be asked for: a class of each attribute. */
  readonly attributes?: readonly LatentAttribute[];
  /** Size of its label maps, photos and pictures, in pixels. */
  readonly size: Size;
  /** Whether the seed changes the picture. */
  readonly usesSeed: boolean;
  /** Whether pictures start from a latent: the model has styles. */
  readonly hasLatent?: boolean;
  /** Whether it has an encoder that reads a style, or looks, from a picture. */
  readonly hasEncoder?: boolean;
  /** Sides of the pictures that a model of chance makes, the smallest first. */
  readonly scales?: readonly number[];
  /** Channels of features; 0 where objects have no looks. */
  readonly featureChannels?: number;
  /** How many typical looks the objects of a class have, by its id. */
  readonly typicalLooks?: Readonly<Record<number, number>>;
  /** Whether it tells objects apart; not there in what an older studio has kept. */
  readonly usesObjects?: boolean;
  /** Size of the weights in bytes. */
  readonly weightBytes: number;
  /** Names this model's painting in the browser's storage; two visits give the same. */
  readonly paintingKey: string;
}

/** Summarises a manifest. */
export function studioModel(manifest: Manifest, origin: ModelOrigin): StudioModel {
  const classes = paintedClasses(manifest);
  return {
    name: manifest.name,
    origin,
    input: modelInput(manifest, classes),
    classes,
    attributes: manifest.input.kind === "latent" ? (manifest.input.attributes ?? []) : [],
    size: { width: manifest.size.width, height: manifest.size.height },
    usesSeed: usesSeed(manifest),
    hasLatent: latentChannels(manifest) !== undefined,
    hasEncoder: hasEncoder(manifest),
    scales: scalesOf(manifest),
    featureChannels: featureChannels(manifest),
    typicalLooks: Object.fromEntries(
      Object.entries(manifest.clusters ?? {}).map(([label, looks]) => [label, looks.length]),
    ),
    usesObjects: usesInstances(manifest),
    weightBytes: manifest.weights.bytes,
    paintingKey: paintingKey(manifest, origin, classes),
  };
}

/** Whether there is a label map to paint: not for models of photos, nor for those that take nothing but a seed. */
export function isPainted({ input }: StudioModel): boolean {
  return input === "labels" || input === "painted-image";
}

/** What of a choice a model knows: another model may have been chosen for. */
export function choiceFor({ attributes = [] }: StudioModel, choice: ClassChoice): ClassChoice {
  const known = attributes.filter(({ name, classes }) => classes.includes(choice[name] ?? ""));
  return Object.fromEntries(known.map(({ name }) => [name, choice[name] ?? ""]));
}

/** Whether both are a model that can be found again, and the same one. */
export function isSameOrigin(one: ModelOrigin, other: ModelOrigin | undefined): boolean {
  if (one.kind === "listed" || one.kind === "kept") return other?.kind === one.kind && other.id === one.id;
  return one.kind === "address" && other?.kind === "address" && other.url === one.url;
}

/** The class painted with at first: the first that is not the background. */
export function firstClass(model: StudioModel): number {
  return model.classes[1]?.id ?? model.classes[0]?.id ?? 0;
}

function modelInput(manifest: Manifest, classes: readonly LabelClass[]): ModelInput {
  if (manifest.input.kind !== "image") return manifest.input.kind;
  return classes.length > 0 ? "painted-image" : "photo";
}

/** What names the model's place; undefined where nothing does. */
function placeOf(origin: ModelOrigin): string | undefined {
  if (origin.kind === "local") return undefined;
  return origin.kind === "address" ? origin.url : origin.id;
}

/** Retraining a model keeps its paintings; other classes or another size do not fit them any more. */
function paintingKey(manifest: Manifest, origin: ModelOrigin, classes: readonly LabelClass[]): string {
  const place = placeOf(origin) ?? manifest.name;
  const names = classes.map((entry) => entry.name).join(",");
  return `${origin.kind}:${place}:${manifest.size.width}x${manifest.size.height}:${names}`;
}

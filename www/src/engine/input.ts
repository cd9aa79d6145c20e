/** What a generator is given: checked against its model, and copied to be handed over. */

import { UnderpaintError } from "./errors.js";
import { copyLooks, type ObjectLook } from "./looks.js";
import { featureChannels, paintedClasses, scalesOf, usesInstances, type Manifest } from "./manifest.js";
import type { GenerateInput, LabelsGiven } from "./protocol.js";
import { copyStyle, type Style } from "./style.js";

/** A label map: one class id per pixel, row by row; `ids` holds `width * height` bytes. */
export interface LabelMapInput {
  readonly ids: Uint8Array;
  readonly width: number;
  readonly height: number;
  /**
   * One object per pixel, row by row, for models that tell objects apart ({@link usesInstances}). Only which numbers are the
   * same matters to edges: a common rule is Cityscapes', the class's id for what is no object and `id * 1000 + n` for the
   * n-th object of a class. Without them, all pixels of a class are one.
   */
  readonly instances?: Uint16Array | undefined;
}

/** What belongs to an input, beside a seed. */
export interface InputExtras {
  /** What a class-conditional model makes, `{ Main: "cat" }`; attributes that are not named are drawn from the seed. */
  readonly classes?: ClassChoice | undefined;
  /** For models with latents: where the latent comes from. Default: from the seed. */
  readonly style?: Style | undefined;
  /** For a Progressive GAN: the side of a smaller picture, 4, 8, 16, … pixels (`scalesOf` lists them). */
  readonly scale?: number | undefined;
  /** For models with features: looks that are chosen for objects. The seed draws the others of `manifest.clusters`. */
  readonly objects?: readonly ObjectLook[] | undefined;
  /** For models with features: all of them at once, `[feature channels, height, width]`. */
  readonly features?: Float32Array | undefined;
}

/** What a generator makes a picture of; null for models that take nothing but a seed. */
export type PictureInput = LabelMapInput | ImageData | null;

const NAMES: Readonly<Record<GenerateInput["kind"], string>> = {
  labels: "a label map",
  image: "a picture",
  latent: "nothing",
};

/**
 * Checks that a model takes this kind of input.
 *
 * @throws UnderpaintError `bad-input` naming what it takes and what was found
 */
export function checkInput(manifest: Manifest, kind: GenerateInput["kind"]): void {
  const isPainted = kind === "labels" && paintedClasses(manifest).length > 0;
  if (kind === manifest.input.kind || (manifest.input.kind === "image" && isPainted)) return;
  const expected = {
    labels: "takes label maps: expected ids",
    image: "takes pictures: expected ImageData",
    latent: "makes pictures from a seed alone: expected null in place of an input",
  }[manifest.input.kind];
  throw new UnderpaintError("bad-input", `${manifest.name} ${expected}, found ${NAMES[kind]}.`);
}

/** A class of an attribute, by the names of both, for class-conditional models: `{ Main: "cat" }`. */
export type ClassChoice = Readonly<Record<string, string>>;

/**
 * A copy for the worker.
 *
 * @throws UnderpaintError `bad-input` if the model takes something else, or the input contradicts itself
 */
export function copyInput(input: PictureInput, manifest: Manifest, extras: InputExtras = {}): GenerateInput {
  const classes = chosenClasses(extras.classes ?? {}, manifest);
  const style = extras.style === undefined ? {} : { style: copyStyle(extras.style, manifest) };
  const side = extras.scale === undefined ? {} : { side: checkedScale(extras.scale, manifest) };
  const looks = copiedLooks(extras, manifest);
  if (input === null) {
    checkInput(manifest, "latent");
    return { kind: "latent", classes, ...style, ...side };
  }
  const { width, height } = input;
  const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1;
  if (!isSide(width) || !isSide(height)) {
    throw new UnderpaintError("bad-input", `expected whole sides of at least 1, found ${width}×${height}`);
  }
  if ("ids" in input) {
    checkInput(manifest, "labels");
    return { ...copyLabels(input, manifest), ...style, ...looks };
  }
  checkLength(NAMES.image, input.data.length, width, height, 4);
  checkInput(manifest, "image");
  return { kind: "image", rgba: new Uint8Array(input.data), width, height };
}

/** A smaller picture: only a Progressive GAN makes those. */
function checkedScale(side: number, manifest: Manifest): number {
  const sides = manifest.input.kind === "latent" ? scalesOf(manifest) : [];
  if (sides.includes(side)) return side;
  const expected = sides.length === 0 ? `none, because ${manifest.name} makes no smaller pictures` : sides.join(", ");
  throw new UnderpaintError("bad-input", `scale: expected ${expected}; found ${side}`);
}

function copiedLooks({ objects, features }: InputExtras, manifest: Manifest): Pick<LabelsGiven, "looks" | "features"> {
  if (features !== undefined && featureChannels(manifest) === 0) {
    throw new UnderpaintError("bad-input", `features: ${manifest.name} takes none.`);
  }
  return {
    ...(objects && { looks: copyLooks(objects, manifest) }),
    ...(features && { features: new Float32Array(features) }),
  };
}

/** A label map in memory of its own. */
export function copyLabels({ ids, width, height, instances }: LabelMapInput, manifest: Manifest): LabelsGiven {
  checkLength(NAMES.labels, ids.length, width, height, 1);
  const labels: LabelsGiven = { kind: "labels", ids: new Uint8Array(ids), width, height };
  if (instances === undefined) return labels;
  if (!usesInstances(manifest)) {
    const found = "found instances beside the label map";
    throw new UnderpaintError(
      "bad-input",
      `${manifest.name} does not tell objects apart: expected ids alone, ${found}.`,
    );
  }
  // Pages are not always written in TypeScript: other arrays would lose their numbers on the way.
  if (!((instances as unknown) instanceof Uint16Array)) {
    throw new UnderpaintError("bad-input", "instances: expected a Uint16Array, found something else");
  }
  if (instances.length !== width * height) {
    const expected = `expected ${width * height} numbers`;
    throw new UnderpaintError("bad-input", `instances of ${width}×${height}: ${expected}, found ${instances.length}`);
  }
  return { ...labels, instances: new Uint16Array(instances) };
}

/** As the module takes them; refused here, where attributes and classes can be named. */
export function chosenClasses(choice: ClassChoice, manifest: Manifest): string[] {
  const attributes = manifest.input.kind === "latent" ? (manifest.input.attributes ?? []) : [];
  return Object.entries(choice).map(([name, wanted]) => {
    const attribute = attributes.find((candidate) => candidate.name === name);
    if (attribute?.classes.includes(wanted) === true) return `${name}=${wanted}`;
    const known = attributes.map(({ name: other, classes }) => `${other}: ${classes.join(", ")}`).join("; ");
    const expected = known === "" ? "no classes, because this model has none" : known;
    throw new UnderpaintError("bad-input", `classes: expected ${expected}; found ${name}: ${wanted}`);
  });
}

function checkLength(what: string, found: number, width: number, height: number, perPixel: number): void {
  const expected = width * height * perPixel;
  if (found === expected) return;
  throw new UnderpaintError("bad-input", `${what} of ${width}×${height}: expected ${expected} bytes, found ${found}`);
}

/** Styles: where the latent of a picture comes from, for models with latents. */

import { UnderpaintError } from "./errors.js";
import { hasEncoder, latentChannels, type Manifest } from "./manifest.js";

/** What an encoder says of a picture's style: a normal distribution, from which the seed draws. */
export interface EncodedStyle {
  /** `[latent channels]`. */
  readonly mean: Float32Array | readonly number[];
  /** Logarithms of the variances; as long. */
  readonly logVariance: Float32Array | readonly number[];
}

/**
 * Where a latent comes from.
 *
 * - a picture, read by the model's encoder (`ImageData`, of any size), or what that has said of one before
 * - a seed
 * - the numbers of the latent
 * - the way from one style to another: at 0 the first, at 1 the second. Straight for styles of label models; along the
 *   great circle for a Progressive GAN, whose first layer looks at a latent's direction only
 * - a neighbour of a style: a step, from 0 (the style itself) to 1, towards what the seed draws
 */
export type Style =
  | ImageData
  | EncodedStyle
  | { readonly seed: number }
  | { readonly latent: Float32Array | readonly number[] }
  | { readonly between: readonly [from: Style, to: Style, share: number] }
  | { readonly near: readonly [of: Style, seed: number, step: number] };

/** A style on its way to the worker. */
export type WireStyle =
  | { kind: "picture"; rgba: Uint8Array<ArrayBuffer>; width: number; height: number }
  /** Means, then logarithms of variances. */
  | { kind: "encoded"; distribution: Float32Array<ArrayBuffer> }
  | { kind: "seed"; seed: number }
  | { kind: "latent"; latent: Float32Array<ArrayBuffer> }
  | { kind: "between"; from: WireStyle; to: WireStyle; share: number }
  | { kind: "near"; of: WireStyle; seed: number; step: number };

/** Styles within styles, at most: a tree of them is walked in the worker. */
const MAX_DEPTH = 16;

/**
 * A copy for the worker.
 *
 * @throws UnderpaintError `bad-input` if the model has no use for it, or something in it is out of range
 */
export function copyStyle(style: Style, manifest: Manifest): WireStyle {
  const channels = latentChannels(manifest);
  if (channels === undefined) {
    throw new UnderpaintError("bad-input", `style: ${manifest.name} has no latents, and no use for a style.`);
  }
  return copied(style, manifest, channels, MAX_DEPTH);
}

function copied(style: Style, manifest: Manifest, channels: number, depth: number): WireStyle {
  if (depth === 0) throw bad(`expected at most ${MAX_DEPTH} styles within each other, found more`);
  if (typeof style !== "object" || style === null) throw bad(`expected a style, found ${JSON.stringify(style)}`);
  if ("data" in style) return copiedPicture(style, manifest);
  if ("mean" in style) {
    const [mean, logVariance] = [numbersOf(style.mean, channels), numbersOf(style.logVariance, channels)];
    return { kind: "encoded", distribution: new Float32Array([...mean, ...logVariance]) };
  }
  if ("seed" in style) return { kind: "seed", seed: checkedSeed(style.seed) };
  if ("latent" in style) return { kind: "latent", latent: numbersOf(style.latent, channels) };
  const inner = (part: Style): WireStyle => copied(part, manifest, channels, depth - 1);
  if ("between" in style) {
    const [from, to, share] = style.between;
    return { kind: "between", from: inner(from), to: inner(to), share: checkedShare("share", share) };
  }
  if ("near" in style) {
    const [of, seed, step] = style.near;
    return { kind: "near", of: inner(of), seed: checkedSeed(seed), step: checkedShare("step", step) };
  }
  throw bad(`expected ImageData, seed, latent, mean and logVariance, between or near, found ${JSON.stringify(style)}`);
}

function copiedPicture({ data, width, height }: ImageData, manifest: Manifest): WireStyle {
  if (!hasEncoder(manifest)) {
    throw bad(`${manifest.name} has no encoder that reads a style from a picture`);
  }
  if (data.length !== 4 * width * height || data.length === 0) {
    throw bad(`a picture of ${width}×${height}: expected ${4 * width * height} bytes, found ${data.length}`);
  }
  return { kind: "picture", rgba: new Uint8Array(data), width, height };
}

function numbersOf(numbers: Float32Array | readonly number[], channels: number): Float32Array<ArrayBuffer> {
  const copy = new Float32Array(numbers);
  if (copy.length !== channels) throw bad(`expected ${channels} numbers, found ${copy.length}`);
  const odd = copy.find((number) => !Number.isFinite(number));
  if (odd !== undefined) throw bad(`expected numbers, found ${odd}`);
  return copy;
}

/**
 * A seed as it is.
 *
 * @throws UnderpaintError `bad-input` for what is no 32-bit unsigned integer
 */
export function checkedSeed(seed: number): number {
  if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff) return seed;
  throw new UnderpaintError("bad-input", `seed: expected a whole number from 0 to 4294967295, found ${seed}`);
}

function checkedShare(name: string, share: number): number {
  if (share >= 0 && share <= 1) return share;
  throw bad(`${name}: expected a number from 0 to 1, found ${share}`);
}

function bad(what: string): UnderpaintError {
  return new UnderpaintError("bad-input", `style: ${what}`);
}

/** Whether a picture is in it, for which the encoder is needed. */
export function needsEncoder(style: WireStyle): boolean {
  switch (style.kind) {
    case "picture":
      return true;
    case "between":
      return needsEncoder(style.from) || needsEncoder(style.to);
    case "near":
      return needsEncoder(style.of);
    default:
      return false;
  }
}

/** What of a style is handed over to the worker rather than copied: its pictures. */
export function styleBuffers(style: WireStyle | undefined): ArrayBuffer[] {
  switch (style?.kind) {
    case "picture":
      return [style.rgba.buffer];
    case "between":
      return [...styleBuffers(style.from), ...styleBuffers(style.to)];
    case "near":
      return styleBuffers(style.of);
    default:
      return [];
  }
}

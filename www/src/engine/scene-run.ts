/** Turns requests into calls of the module: where a style or a look comes from is settled here. */

import type { EncoderSupply } from "./encoder-supply.js";
import { UnderpaintError } from "./errors.js";
import { checkInput } from "./input.js";
import { paintedClasses, scalesOf, type LabelClass, type Manifest } from "./manifest.js";
import type { GenerateInput, Question, LabelsGiven } from "./protocol.js";
import { needsEncoder, type WireStyle } from "./style.js";
import type { LabelScene, WasmSession } from "./wasm.js";

/** A loaded bundle. */
export interface LoadedBundle {
  readonly session: WasmSession;
  readonly manifest: Manifest;
  readonly encoder: Pick<EncoderSupply, "ready">;
}

/** A picture: RGBA of `width` × `height`. */
interface MadePicture {
  readonly rgba: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Generates a picture. */
export async function makePicture(bundle: LoadedBundle, input: GenerateInput, seed: number): Promise<MadePicture> {
  const { session, manifest } = bundle;
  checkInput(manifest, input.kind);
  switch (input.kind) {
    case "latent": {
      const latent = await latentOf(bundle, input.style ?? { kind: "seed", seed }, seed, input.classes);
      const scale = input.side === undefined ? undefined : scalesOf(manifest).indexOf(input.side);
      const { width, height } = input.side === undefined ? manifest.size : { width: input.side, height: input.side };
      return { rgba: await session.generate_latent(latent, scale), width, height };
    }
    case "image": {
      const { rgba, width, height } = input;
      return { rgba: await session.generate_image(rgba, width, height, seed), width, height };
    }
    case "labels": {
      const { ids, width, height } = input;
      const rgba =
        manifest.input.kind === "labels"
          ? await session.generate_labels(await labelScene(bundle, input, seed), seed)
          : await session.generate_image(rgbaFromIds(ids, paintedClasses(manifest)), width, height, seed);
      return { rgba, width, height };
    }
  }
}

/** Answers a question, in numbers. */
export async function answerTo(bundle: LoadedBundle, question: Question): Promise<Float32Array> {
  const { session, encoder } = bundle;
  switch (question.kind) {
    case "latent":
      return latentOf(bundle, question.style, question.seed, question.classes);
    case "encode":
      await encoder.ready();
      return session.style_distribution(question.rgba, question.width, question.height);
    case "looks": {
      await encoder.ready();
      return session.object_looks(mapsOf(question.labels), question.rgba);
    }
    case "encoder":
      await encoder.ready();
      return new Float32Array();
  }
}

/** The latent of a style. Pictures are read by the encoder, and the seed draws of what it says. */
async function latentOf(
  bundle: LoadedBundle,
  style: WireStyle,
  seed: number,
  classes: string[] = [],
): Promise<Float32Array> {
  if (needsEncoder(style)) await bundle.encoder.ready();
  return walked(bundle.session, style, seed, classes);
}

async function walked(session: WasmSession, style: WireStyle, seed: number, classes: string[]): Promise<Float32Array> {
  const inner = (part: WireStyle): Promise<Float32Array> => walked(session, part, seed, classes);
  switch (style.kind) {
    case "picture": {
      const distribution = await session.style_distribution(style.rgba, style.width, style.height);
      return session.latent_of_style(distribution, seed);
    }
    case "encoded":
      return session.latent_of_style(style.distribution, seed);
    case "seed":
      return session.latent_of_seed(style.seed, classes);
    case "latent":
      return style.latent;
    case "between":
      return session.latent_between(await inner(style.from), await inner(style.to), style.share);
    case "near":
      return session.latent_near(await inner(style.of), style.seed, style.step);
  }
}

async function labelScene(bundle: LoadedBundle, labels: LabelsGiven, seed: number): Promise<LabelScene> {
  const { style, looks, features } = labels;
  return {
    ...mapsOf(labels),
    ...(style && { latent: await latentOf(bundle, style, seed) }),
    ...(looks && { objects: looks.objects, looks: looks.looks }),
    ...(features && { features }),
  };
}

function mapsOf({ ids, width, height, instances }: LabelsGiven): LabelScene {
  return { ids, width, height, instances };
}

/**
 * Colours ids as a palette says; alpha is 255.
 *
 * @throws UnderpaintError `bad-input` for an id that the palette does not have
 */
function rgbaFromIds(ids: Uint8Array, palette: readonly LabelClass[]): Uint8Array<ArrayBuffer> {
  const colours = new Uint32Array(256);
  for (const { id, color } of palette) {
    const [red, green, blue] = color;
    colours[id] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  // WebAssembly machines are little-endian: the lowest byte comes first.
  const pixels = new Uint32Array(ids.length);
  ids.forEach((id, index) => {
    const colour = colours[id] ?? 0;
    if (colour === 0) {
      throw new UnderpaintError("bad-input", `Class ${id} at pixel ${index} is none of the model's ${palette.length}.`);
    }
    pixels[index] = colour;
  });
  return new Uint8Array(pixels.buffer);
}

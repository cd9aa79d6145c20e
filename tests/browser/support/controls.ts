/**
 * Models with styles, latents and features for the tests of what a person can choose beside what is painted, and what the
 * program itself makes of the same choices.
 */

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { encode } from "fast-png";

import { made } from "./folders";
import { CLASSES, MODELS, STYLED } from "./models";
import { underpaint } from "./native";
import { labelScene, pictureScene, signedPlanes, writeLabels, writePicture } from "./scenes";
import { readTensor, writeTensors, type Tensor } from "./tensors.mjs";

/** pix2pixHD with features: labels, their typical looks, and an encoder that reads looks from a picture. */
export const FEATURED = { id: "featured", side: 64 } as const;

/** The seed of everything here that the program makes. */
export const CONTROL_SEED = 7;

/** The studio whose models have controls. */
export const CONTROLS = "/controls/";

const run = (command: string): void => underpaint(made, ...command.split(" "));

/** Trains, exports and lays out the models. */
export function makeControls(): void {
  featured();
  const folder = join(made, "controls/models");
  mkdirSync(folder, { recursive: true });
  const ids = [STYLED.id, MODELS.pgan, FEATURED.id];
  for (const id of ids) cpSync(join(made, "models", id), join(folder, id), { recursive: true });
  for (const [id, side] of [
    [STYLED.id, STYLED.side],
    [FEATURED.id, FEATURED.side],
  ] as const) {
    mkdirSync(join(folder, id, "scenes"));
    writeLabels(join(folder, id, "scenes/bands.png"), labelScene(CLASSES, side, side));
  }
  styles(join(folder, STYLED.id));
  const scenes = (id: string): string[] => (id === MODELS.pgan ? [] : ["scenes/bands.png"]);
  const models = ids.map((id) => ({ id, path: `${id}/`, name: id, scenes: scenes(id) }));
  writeFileSync(join(folder, "index.json"), JSON.stringify({ models }));
}

/** Two style pictures and the list of them. */
function styles(bundle: string): void {
  mkdirSync(join(bundle, "styles"));
  writePicture(join(bundle, "styles/dusk.png"), dusk(), 96, 64);
  writePicture(join(bundle, "styles/noon.png"), pictureScene(64, 64), 64, 64);
  const list = [
    { name: "Dusk", name_zh: "黄昏", file: "styles/dusk.png" },
    { name: "Noon", name_zh: "正午", file: "styles/noon.png" },
    { name: "Outside", file: "../secret.png" },
  ];
  writeFileSync(join(bundle, "styles.json"), JSON.stringify({ styles: list }));
}

/** A picture of dusk, 96×64, RGBA. */
export function dusk(): Uint8Array {
  const rgba = new Uint8Array(96 * 64 * 4);
  for (let pixel = 0; pixel < 96 * 64; pixel += 1) {
    const y = Math.floor(pixel / 96);
    rgba.set([250 - 3 * y, 90 + ((pixel % 96) >> 1), 40 + y, 255], 4 * pixel);
  }
  return rgba;
}

/** One step of training, with features large enough that they are to be seen. */
function featured(): void {
  const { id, side } = FEATURED;
  const network =
    "--label-feat --no-instance --feat-num 3 --nef 4 --n-downsample-e 2 --ngf 4 --n-downsample-global 2 " +
    "--n-blocks-global 1 --ndf 4 --num-d 1 --no-vgg-loss --init-gain 0.08";
  const data = `--data data --label-nc ${CLASSES}`;
  run(`train pix2pixhd ${data} ${network} --load-size ${side} --fine-size ${side} --steps 1 --device cpu --quiet --output run-${id}`);
  run(`features cluster --run run-${id} --clusters 4 --device cpu`);
  run(`export run-${id} --output models/${id} --name ${id}`);
}

/** What the program gives for tensors and flags, before any rounding. */
export function native(model: string, given: Record<string, Tensor>, flags = ""): Float32Array {
  const stem = join(made, `control-${model}-${Math.random().toString(36).slice(2)}`);
  writeTensors(`${stem}-in.safetensors`, given);
  const tensors = ["--tensors-in", `${stem}-in.safetensors`, "--tensors-out", `${stem}.safetensors`];
  const more = flags === "" ? [] : flags.split(" ");
  const seed = ["--seed", String(CONTROL_SEED), "--device", "cpu"];
  underpaint(made, "generate", "--model", `models/${model}`, ...seed, ...more, ...tensors);
  return readTensor(`${stem}.safetensors`, "output").values;
}

/** One number as a tensor. */
export const number = (value: number): Tensor => ({ shape: [1], values: Float32Array.of(value) });

/** Ids as a tensor. */
export function idTensor(ids: ArrayLike<number>, width: number, height: number): Tensor {
  return { shape: [1, 1, height, width], values: Float32Array.from(ids) };
}

/** A picture as a tensor. */
export const pictureTensor = signedPlanes;

/** A PNG file in memory, for dialogs that take files. */
export function pngFile(name: string, rgba: Uint8Array, width: number, height: number) {
  const buffer = Buffer.from(encode({ width, height, data: rgba, channels: 4, depth: 8 }));
  return { name, mimeType: "image/png", buffer };
}

/**
 * Small models for the tests, trained for one step by the program itself, and what it generates with
 * them on its own CPU device.
 */

import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { made } from "./folders";
import { underpaint } from "./native";
import { labelScene, oneHot, pictureScene, signedPlanes, writeLabels, writePicture } from "./scenes";
import { writeTensor } from "./tensors";

/** Side of the small models' pictures, in pixels. */
export const SIZE = 64;
/** Classes of the synthesized landscapes. */
export const CLASSES = 15;
/** The seed that references with dropout were made with. */
export const SEED = 4;

/** A folder of every bundle: its name below `made/models`. */
export const MODELS = {
  /** U-Net, batch norm, labels. */
  unet: "unet",
  /** The smallest U-Net there is, for WebGPU in software: batch norm, labels. */
  tiny: "tiny",
  /** The U-Net with weights of 16 bits. */
  unetHalf: "unet-half",
  /** ResNet, instance norm, pictures. */
  resnet: "resnet",
  /** U-Net with dropout at test time, labels. */
  dropout: "dropout",
  /** The ResNet without a palette: takes photos. */
  photo: "photo",
} as const;

/** The commands that train them; weights wide enough that pictures use their range. */
const TRAIN = "--steps 1 --device cpu --size 64 --load-size 64 --ndf 4 --init-gain 0.2 --quiet".split(" ");
const LABELS = ["--data", "data", "--label-nc", String(CLASSES)];

/** Trains, exports and runs the small models. */
export function makeModels(): void {
  mkdirSync(join(made, "models"), { recursive: true });
  run("dataset synthesize landscapes --output data --count 4 --val 1 --size 64");
  train(MODELS.unet, "--net-g unet_64 --ngf 8 --no-dropout", LABELS);
  train(MODELS.tiny, "--net-g unet_32 --ngf 8 --no-dropout", LABELS);
  train(MODELS.dropout, "--net-g unet_64 --ngf 8", LABELS);
  train(MODELS.resnet, "--net-g resnet_1blocks --ngf 8 --norm instance --no-dropout", ["--data", "data"]);
  run(`export run-${MODELS.unet} --output models/${MODELS.unetHalf} --dtype f16 --name ${MODELS.unetHalf}`);
  withoutPalette();
  references();
  damage();
}

function train(name: string, network: string, data: string[]): void {
  underpaint(made, "train", "pix2pix", ...data, ...network.split(" "), ...TRAIN, "--output", `run-${name}`);
  run(`export run-${name} --output models/${name} --name ${name}`);
}

/** A bundle as an import without class names makes it: nothing to paint with. */
function withoutPalette(): void {
  cpSync(join(made, "models", MODELS.resnet), join(made, "models", MODELS.photo), { recursive: true });
  const path = join(made, "models", MODELS.photo, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  delete manifest.input.palette;
  writeFileSync(path, JSON.stringify({ ...manifest, name: MODELS.photo }));
}

function run(command: string): void {
  underpaint(made, ...command.split(" "));
}

/** What native code makes of the scenes: tensors before any rounding, and pictures. */
function references(): void {
  const labels = labelScene(CLASSES, SIZE, SIZE);
  const picture = pictureScene(SIZE, SIZE);
  writeLabels(join(made, "labels.png"), labels);
  writePicture(join(made, "picture.png"), picture, SIZE, SIZE);
  writeTensor(join(made, "labels.safetensors"), "input", oneHot(labels, CLASSES));
  writeTensor(join(made, "picture.safetensors"), "input", signedPlanes(picture, SIZE, SIZE));
  for (const model of Object.values(MODELS)) {
    const input = takesPictures(model) ? "picture" : "labels";
    const generate = `generate --model models/${model} --device cpu --seed ${SEED}`;
    run(`${generate} --tensors-in ${input}.safetensors --tensors-out ${model}.safetensors`);
    run(`${generate} --input ${input}.png --output ${model}.png`);
  }
}

/** Whether a model's references are made from the picture rather than from the labels. */
export function takesPictures(model: string): boolean {
  return model === MODELS.resnet || model === MODELS.photo;
}

/** Bundles as an interrupted download or a bad disk leaves them. */
function damage(): void {
  const bundle = (name: string) => join(made, "models", name);
  for (const name of ["flipped", "truncated"]) {
    // Not the model that studios open with: its weights would come from the cache, by their hash.
    cpSync(bundle(MODELS.unetHalf), bundle(name), { recursive: true });
  }
  const weights = join(bundle("flipped"), "weights.safetensors");
  const bytes = readFileSync(weights);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(weights, bytes);
  const manifest = join(bundle("truncated"), "manifest.json");
  writeFileSync(manifest, readFileSync(manifest).subarray(0, 300));
}

/** A studio's `models` folder with these models in this order, each with a scene. */
export function makeModelIndex(folder: string, models: string[]): void {
  for (const model of models) {
    cpSync(join(made, "models", model), join(folder, model), { recursive: true });
    mkdirSync(join(folder, model, "scenes"));
    copyFileSync(join(made, "labels.png"), join(folder, model, "scenes/bands.png"));
  }
  const entries = models.map((id) => ({ id, path: `${id}/`, name: id, scenes: ["scenes/bands.png"] }));
  writeFileSync(join(folder, "index.json"), JSON.stringify({ models: entries }));
}

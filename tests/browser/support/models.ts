/**
 * Small models for the tests, trained for one step by the program itself or imported from the authors' files, and what
 * it generates with them on its own CPU device.
 */

import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { made, root } from "./folders";
import { underpaint } from "./native";
import {
  encodedLabels,
  labelSceneFor,
  latentScene,
  pictureScene,
  signedPlanes,
  writeLabels,
  writePicture,
  type LabelLayout,
} from "./scenes";
import { writeTensor, writeTensors } from "./tensors.mjs";

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
  /** pix2pixHD's global generator, instance norm: labels, pixels of no class, edges. */
  pix2pixhd: "pix2pixhd",
  /** SPADE, batch norm with running statistics: labels and edges. */
  spade: "spade",
  /** Progressive GAN at 16 pixels: nothing but a seed. */
  pgan: "pgan",
} as const;

/** The ResNet with a palette as large as those of the largest data sets: "colour 0", "colour 1" and so on. */
export const MANY = { id: "many", labels: 182 } as const;

/** A U-Net of 182 classes, imported with the names, colours and groups of COCO-Stuff. */
export const COCO = { id: "coco", labels: 182 } as const;

/** SPADE with an encoder: labels, and the style of a picture. */
export const STYLED = { id: "styled", side: 256 } as const;

/** The authors' files that are imported, and what they do not tell. */
const IMPORTS = {
  [MODELS.pix2pixhd]: "hd_global_d2_b2/weights.pth --family pix2pixhd --dont-care on --size 64",
  [MODELS.spade]: "spade_g_syncbatch/weights.pth --family spade --edges on --size 64",
  [MODELS.pgan]: "pgan_checkpoint/pgan_checkpoint_s2_i48000.pt --family pgan",
} as const;

/** The commands that train them; weights wide enough that pictures use their range. */
const TRAIN = "--steps 1 --device cpu --size 64 --load-size 64 --ndf 4 --init-gain 0.2 --quiet".split(" ");
const LABELS = ["--data", "data", "--label-nc", String(CLASSES)];

/** Trains, exports, imports and runs the small models. */
export function makeModels(): void {
  mkdirSync(join(made, "models"), { recursive: true });
  run("dataset synthesize landscapes --output data --count 4 --val 1 --size 64");
  train(MODELS.unet, "--net-g unet_64 --ngf 8 --no-dropout", LABELS);
  train(MODELS.tiny, "--net-g unet_32 --ngf 8 --no-dropout", LABELS);
  train(MODELS.dropout, "--net-g unet_64 --ngf 8", LABELS);
  train(MODELS.resnet, "--net-g resnet_1blocks --ngf 8 --norm instance --no-dropout", ["--data", "data"]);
  run(`export run-${MODELS.unet} --output models/${MODELS.unetHalf} --dtype f16 --name ${MODELS.unetHalf}`);
  withoutPalette();
  withManyLabels();
  ofCocoStuff();
  for (const [name, told] of Object.entries(IMPORTS)) importFixture(name, told);
  references();
  styled();
  damage();
}

function train(name: string, network: string, data: string[]): void {
  underpaint(made, "train", "pix2pix", ...data, ...network.split(" "), ...TRAIN, "--output", `run-${name}`);
  run(`export run-${name} --output models/${name} --name ${name}`);
}

function importFixture(name: string, told: string): void {
  const [file = "", ...flags] = told.split(" ");
  const target = ["--output", `models/${name}`, "--name", name];
  underpaint(made, "import", join(root, "tests/fixtures", file), ...flags, ...target);
}

/** A bundle as an import without class names makes it: nothing to paint with. */
function withoutPalette(): void {
  cpSync(join(made, "models", MODELS.resnet), join(made, "models", MODELS.photo), { recursive: true });
  const path = join(made, "models", MODELS.photo, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  delete manifest.input.palette;
  writeFileSync(path, JSON.stringify({ ...manifest, name: MODELS.photo }));
}

function withManyLabels(): void {
  cpSync(join(made, "models", MODELS.resnet), join(made, "models", MANY.id), { recursive: true });
  const path = join(made, "models", MANY.id, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.input.palette = Array.from({ length: MANY.labels }, (_, id) => ({
    id,
    name: `colour ${id}`,
    color: [(37 * id) % 256, (101 * id) % 256, id],
  }));
  writeFileSync(path, JSON.stringify({ ...manifest, name: MANY.id }));
}

/** As people bring a model of theirs along: weights, and the name of the data set that they were trained on. */
function ofCocoStuff(): void {
  const { id, labels } = COCO;
  const network = "--net-g unet_32 --ngf 8 --no-dropout";
  underpaint(made, "train", "pix2pix", "--data", "data", "--label-nc", String(labels), ...network.split(" "), ...TRAIN, "--output", `run-${id}`);
  run(`export run-${id} --output models/${id}-numbered`);
  const told = "--family pix2pix --no-dropout --size 64 --palette coco-stuff";
  run(`import models/${id}-numbered/weights.safetensors ${told} --output models/${id} --name ${id}`);
}

function run(command: string): void {
  underpaint(made, ...command.split(" "));
}

/** What native code makes of the scenes: tensors before any rounding, and pictures. */
function references(): void {
  const picture = pictureScene(SIZE, SIZE);
  writePicture(join(made, "picture.png"), picture, SIZE, SIZE);
  writeTensor(join(made, "picture.safetensors"), "input", signedPlanes(picture, SIZE, SIZE));
  writeTensor(join(made, "latent.safetensors"), "z", latentScene(LATENT_LENGTH));
  for (const model of Object.values(MODELS)) {
    const scene = sceneOf(model);
    if (scene.kind === "labels") {
      const labels = labelSceneFor(scene.layout, SIZE, SIZE);
      writeLabels(join(made, `${scene.file}.png`), labels);
      writeTensor(join(made, `${scene.file}.safetensors`), "input", encodedLabels(labels, scene.layout));
    }
    const generate = `generate --model models/${model} --device cpu --seed ${SEED}`;
    run(`${generate} --tensors-in ${scene.file}.safetensors --tensors-out ${model}.safetensors`);
    const input = scene.kind === "latent" ? "" : ` --input ${scene.file}.png`;
    run(`${generate}${input} --output ${model}.png`);
  }
}

/** A model that takes styles, and what native code makes of a label map in the style of a picture. */
function styled(): void {
  const { id, side } = STYLED;
  // Weights large enough that the style is to be seen.
  const network = "--use-vae --z-dim 4 --ngf 2 --ndf 2 --num-d 1 --n-layers-d 2 --no-vgg-loss --init-variance 1";
  const data = `--data data --dataset-mode facades --label-nc ${CLASSES} --crop-size ${side} --load-size ${side}`;
  run(`train spade ${data} ${network} --steps 1 --device cpu --quiet --output run-${id}`);
  run(`export run-${id} --output models/${id} --name ${id}`);
  const layout = { classes: CLASSES, dontCare: false, edges: false };
  const input = encodedLabels(labelSceneFor(layout, side, side), layout);
  const style = signedPlanes(pictureScene(side, side), side, side);
  writeTensors(join(made, `${id}-given.safetensors`), { input, style });
  const tensors = `--tensors-in ${id}-given.safetensors --tensors-out ${id}.safetensors`;
  run(`generate --model models/${id} --device cpu --seed ${SEED} ${tensors}`);
}

/** What a model's references are made from: `file` is the stem of a PNG file and a tensor below `made`. */
export type ModelScene =
  | { kind: "labels"; file: string; layout: LabelLayout }
  | { kind: "picture"; file: "picture" }
  /** `side` is that of the pictures, in pixels. */
  | { kind: "latent"; file: "latent"; side: number };

/** Length of the Progressive GAN's latents. */
const LATENT_LENGTH = 12;

/** What a model's references are made from. */
export function sceneOf(model: string): ModelScene {
  switch (model) {
    case MODELS.resnet:
    case MODELS.photo:
      return { kind: "picture", file: "picture" };
    case MODELS.pgan:
      return { kind: "latent", file: "latent", side: 16 };
    case MODELS.pix2pixhd:
      return { kind: "labels", file: "labels-4", layout: { classes: 4, dontCare: true, edges: true } };
    case MODELS.spade:
      return { kind: "labels", file: "labels-7", layout: { classes: 7, dontCare: false, edges: true } };
    default:
      return { kind: "labels", file: "labels", layout: { classes: CLASSES, dontCare: false, edges: false } };
  }
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

/** A studio's `models` folder with these models in this order, each with a scene if it can be painted for. */
export function makeModelIndex(folder: string, models: string[]): void {
  const entries = models.map((id) => {
    cpSync(join(made, "models", id), join(folder, id), { recursive: true });
    const scene = sceneOf(id);
    if (scene.kind === "latent") return { id, path: `${id}/`, name: id, scenes: [] };
    mkdirSync(join(folder, id, "scenes"));
    const file = scene.kind === "labels" ? scene.file : "labels";
    copyFileSync(join(made, `${file}.png`), join(folder, id, "scenes/bands.png"));
    return { id, path: `${id}/`, name: id, scenes: ["scenes/bands.png"] };
  });
  writeFileSync(join(folder, "index.json"), JSON.stringify({ models: entries }));
}

/** Weight files of the original authors: what people say of them, and what is told of them. */

import type { LabelClass, Manifest } from "./manifest.js";

/** The families of models. */
export type FamilyName = "pix2pix" | "pix2pixhd" | "spade" | "pgan";

/** Data sets whose classes have names and colours, in the order in which they are offered. */
export const PALETTE_NAMES = ["numbered", "cityscapes", "ade20k", "ade20k-shifted", "coco-stuff", "facades"] as const;

/** The name of a palette. */
export type PaletteName = (typeof PALETTE_NAMES)[number];

/** What people say of a weight file, because its weights do not. Whatever is left out is as is most likely. */
export interface CheckpointAnswers {
  /** What the weights belong to; needed only where two families have such weights. */
  readonly family?: FamilyName | undefined;
  /** Which network to take from a file with several. */
  readonly key?: string | undefined;
  /** Name of the model for people; else the file's. */
  readonly name?: string | undefined;
  /** A U-Net was trained without dropout. */
  readonly noDropout?: boolean | undefined;
  /** A pix2pix model with 1 or 3 input channels takes label maps, not pictures. */
  readonly labels?: boolean | undefined;
  /** A model takes pictures, not label maps. */
  readonly pictures?: boolean | undefined;
  /** How many input channels of a pix2pixHD model are features. */
  readonly featureChannels?: number | undefined;
  /** Whether an input channel is for pixels of no class. */
  readonly dontCare?: boolean | undefined;
  /** Whether an input channel marks edges between instances. */
  readonly edges?: boolean | undefined;
  /**
   * Names and colours of the classes: those of a data set, one's own, or only numbers. By default those of the data set
   * that so many classes are most likely of.
   */
  readonly palette?: PaletteName | readonly LabelClass[] | undefined;
  /** Doublings of a SPADE generator; `normal` and `more` have the same weights. */
  readonly upsampling?: "normal" | "more" | "most" | undefined;
  /** Width of the pictures that it was trained on, in pixels. */
  readonly size?: number | undefined;
  /** Their width over their height. */
  readonly aspectRatio?: number | undefined;
  /** Generator of a Progressive GAN checkpoint. */
  readonly network?: "average" | "generator" | undefined;
  /** Statistics of batch norm. */
  readonly statistics?: "batch" | "running" | undefined;
  /** Whether dropout drops. */
  readonly dropout?: boolean | undefined;
}

/** Something that {@link CheckpointAnswers} can say. */
export type CheckpointQuestion = keyof CheckpointAnswers;

/** A weight file of the authors with what belongs to it. */
export interface CheckpointSource {
  readonly file: Blob;
  readonly name: string;
  /** Weights of the encoder that goes with it. */
  readonly encoder?: { readonly file: Blob; readonly name: string } | undefined;
  readonly answers: CheckpointAnswers;
}

/** What a weight file holds. */
export interface CheckpointReport {
  /** The model, with the answers as they are now. */
  readonly manifest: Manifest;
  /** Another family that has such weights as well. */
  readonly or: FamilyName | undefined;
  /** The palette that the classes have; undefined for one's own, or where there are no classes. */
  readonly palette: PaletteName | undefined;
  /** The network that was taken, where the file has several; empty if it lies at the top. */
  readonly taken: string | undefined;
  /** The other networks. */
  readonly others: readonly string[];
  /** Numbers in the generator's weights. */
  readonly numbers: number;
  /** Numbers in the encoder's. */
  readonly encoderNumbers: number;
  /** Number types in the file: `F32`, or `F16, F32`. */
  readonly numberTypes: string;
  /** What the weights do not tell. */
  readonly questions: readonly CheckpointQuestion[];
  /** What people should know, in English. */
  readonly notes: readonly string[];
}

/** Endings of weight files. */
const ENDINGS = /\.(pth|pt|safetensors|ckpt|bin|tar)$/i;

/** Whether a file's name is that of weights. */
export function isCheckpointName(name: string): boolean {
  return ENDINGS.test(name);
}

/** The generator among weight files, and its encoder; the authors call them `latest_net_G.pth`, `latest_net_E.pth`. */
export function pairFiles<Named extends { readonly name: string }>(
  files: readonly Named[],
): { file: Named; encoder: Named | undefined } | undefined {
  const encoder = files.length > 1 ? files.find(({ name }) => /net_?E\b/i.test(name)) : undefined;
  const others = files.filter((file) => file !== encoder);
  const file = others.find(({ name }) => /net_?G\b/i.test(name)) ?? others[0];
  return file && { file, encoder };
}

/** What a weight file holds, in a line: “pix2pixHD, local enhancer, 35 classes + edges, 183 M weights”. */
import type { CheckpointReport } from "../engine/checkpoint.js";
import type { Manifest } from "../engine/manifest.js";
import { t } from "../i18n/language.js";
import { formatCount } from "./format.js";

const families: Readonly<Record<string, string>> = {
  pix2pix: "pix2pix",
  pix2pixhd: "pix2pixHD",
  spade: "SPADE",
  pgan: "Progressive GAN",
};

/** A family by the name that its authors gave it. */
export function familyWords(family: string): string {
  return families[family] ?? family;
}

/** The whole line. */
export function checkpointWords({ manifest, numbers, encoderNumbers }: CheckpointReport): string {
  const encoder = encoderNumbers > 0 ? [t("checkpoint.encoder")] : [];
  const parts = [familyWords(manifest.model.family), architectureWords(manifest), inputWords(manifest), ...encoder];
  const count = t("checkpoint.weights", { count: formatCount(numbers + encoderNumbers) });
  return [...parts, count].filter((part) => part !== "").join(t("checkpoint.comma"));
}

function inputWords({ input }: Manifest): string {
  switch (input.kind) {
    case "labels": {
      const edges = input.edges === true ? t("checkpoint.plusEdges") : "";
      const others = input.dont_care === true ? t("checkpoint.plusDontCare") : "";
      return t("checkpoint.classes", { count: input.num_classes }) + others + edges;
    }
    case "image":
      return t(input.channels === 1 ? "checkpoint.greyPictures" : "checkpoint.pictures");
    case "latent":
      return t("checkpoint.latents", { count: input.channels });
  }
}

function architectureWords({ model, size }: Manifest): string {
  const { architecture } = model.generator;
  switch (model.family) {
    case "pix2pix":
      return unetWords(String(architecture));
    case "pix2pixhd":
      return architecture === "global" ? t("checkpoint.global") : t("checkpoint.local");
    case "spade":
      return spadeWords(architecture);
    case "pgan":
      return `${size.width} × ${size.height}`;
    default:
      return "";
  }
}

function unetWords(architecture: string): string {
  const [, blocks] = /^resnet_(\d+)blocks$/.exec(architecture) ?? [];
  return blocks === undefined ? "U-Net" : t("checkpoint.resnet", { count: blocks });
}

function spadeWords(architecture: unknown): string {
  if (typeof architecture !== "object" || architecture === null) return "";
  if (Reflect.get(architecture, "kind") === "pix2pixhd") return t("checkpoint.hdGenerator");
  return typeof Reflect.get(architecture, "latent_channels") === "number" ? "VAE" : "";
}

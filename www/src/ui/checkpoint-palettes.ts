/** Names and colours of classes for weight files, which have none. */
import { PALETTE_NAMES, type PaletteName } from "../engine/checkpoint.js";
import { t } from "../i18n/language.js";

/** As the data sets are called. */
const titles: Readonly<Record<Exclude<PaletteName, "numbered">, string>> = {
  cityscapes: "Cityscapes",
  ade20k: "ADE20K",
  "ade20k-shifted": "ADE20K − 1",
  "coco-stuff": "COCO-Stuff",
  facades: "CMP facades",
};

/** Every palette with its name for people. */
export function paletteChoices(): readonly (readonly [PaletteName, string])[] {
  return PALETTE_NAMES.map((name) => [name, name === "numbered" ? t("checkpoint.numbered") : titles[name]] as const);
}

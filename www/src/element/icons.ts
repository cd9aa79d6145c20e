/** The element's icons: Lucide (ISC licence, named in THIRD-PARTY.txt). */

import { html, type TemplateResult } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import brush from "lucide-static/icons/brush.svg?raw";
import clear from "lucide-static/icons/trash-2.svg?raw";
import sideBySide from "lucide-static/icons/columns-2.svg?raw";
import dice from "lucide-static/icons/dices.svg?raw";
import save from "lucide-static/icons/download.svg?raw";
import eraser from "lucide-static/icons/eraser.svg?raw";
import picture from "lucide-static/icons/image.svg?raw";
import photo from "lucide-static/icons/image-plus.svg?raw";
import newObject from "lucide-static/icons/square-plus.svg?raw";
import noObject from "lucide-static/icons/square-x.svg?raw";
import overlay from "lucide-static/icons/layers.svg?raw";
import fill from "lucide-static/icons/paint-bucket.svg?raw";
import redo from "lucide-static/icons/redo-2.svg?raw";
import retry from "lucide-static/icons/rotate-cw.svg?raw";
import alert from "lucide-static/icons/triangle-alert.svg?raw";
import undo from "lucide-static/icons/undo-2.svg?raw";

const ICONS = {
  alert,
  brush,
  clear,
  dice,
  eraser,
  fill,
  newObject,
  noObject,
  overlay,
  photo,
  picture,
  redo,
  retry,
  save,
  sideBySide,
  undo,
} as const;

/** Names of the icons. */
export type IconName = keyof typeof ICONS;

/** An icon as large as its text; hidden from screen readers. */
export function icon(name: IconName): TemplateResult {
  return html`<span class="icon" aria-hidden="true">${unsafeSVG(ICONS[name])}</span>`;
}

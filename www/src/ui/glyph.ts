/** Icons: Lucide (ISC licence; the notice stands in each file and in the studio's About), drawn a little thinner. */
import { html, type TemplateResult } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import brush from "lucide-static/icons/brush.svg?raw";
import brushCleaning from "lucide-static/icons/brush-cleaning.svg?raw";
import check from "lucide-static/icons/check.svg?raw";
import chevronDown from "lucide-static/icons/chevron-down.svg?raw";
import circle from "lucide-static/icons/circle.svg?raw";
import circleAlert from "lucide-static/icons/circle-alert.svg?raw";
import circleHelp from "lucide-static/icons/circle-help.svg?raw";
import clipboardPaste from "lucide-static/icons/clipboard-paste.svg?raw";
import columns2 from "lucide-static/icons/columns-2.svg?raw";
import copy from "lucide-static/icons/copy.svg?raw";
import cpu from "lucide-static/icons/cpu.svg?raw";
import dices from "lucide-static/icons/dices.svg?raw";
import download from "lucide-static/icons/download.svg?raw";
import ellipsis from "lucide-static/icons/ellipsis.svg?raw";
import eraser from "lucide-static/icons/eraser.svg?raw";
import fileImage from "lucide-static/icons/file-image.svg?raw";
import fileInput from "lucide-static/icons/file-input.svg?raw";
import filePlus from "lucide-static/icons/file-plus.svg?raw";
import folder from "lucide-static/icons/folder.svg?raw";
import folderOpen from "lucide-static/icons/folder-open.svg?raw";
import hand from "lucide-static/icons/hand.svg?raw";
import image from "lucide-static/icons/image.svg?raw";
import images from "lucide-static/icons/images.svg?raw";
import info from "lucide-static/icons/info.svg?raw";
import keyboard from "lucide-static/icons/keyboard.svg?raw";
import languages from "lucide-static/icons/languages.svg?raw";
import layers from "lucide-static/icons/layers.svg?raw";
import layoutGrid from "lucide-static/icons/layout-grid.svg?raw";
import link from "lucide-static/icons/link.svg?raw";
import maximize from "lucide-static/icons/maximize.svg?raw";
import minus from "lucide-static/icons/minus.svg?raw";
import moon from "lucide-static/icons/moon.svg?raw";
import packageBox from "lucide-static/icons/package.svg?raw";
import paintBucket from "lucide-static/icons/paint-bucket.svg?raw";
import penLine from "lucide-static/icons/pen-line.svg?raw";
import pencil from "lucide-static/icons/pencil.svg?raw";
import pipette from "lucide-static/icons/pipette.svg?raw";
import play from "lucide-static/icons/play.svg?raw";
import plus from "lucide-static/icons/plus.svg?raw";
import redo2 from "lucide-static/icons/redo-2.svg?raw";
import rotateCcw from "lucide-static/icons/rotate-ccw.svg?raw";
import scanSearch from "lucide-static/icons/scan-search.svg?raw";
import share2 from "lucide-static/icons/share-2.svg?raw";
import slash from "lucide-static/icons/slash.svg?raw";
import sprout from "lucide-static/icons/sprout.svg?raw";
import square from "lucide-static/icons/square.svg?raw";
import squareDashed from "lucide-static/icons/square-dashed.svg?raw";
import star from "lucide-static/icons/star.svg?raw";
import sun from "lucide-static/icons/sun.svg?raw";
import sunMoon from "lucide-static/icons/sun-moon.svg?raw";
import tag from "lucide-static/icons/tag.svg?raw";
import trash2 from "lucide-static/icons/trash-2.svg?raw";
import undo2 from "lucide-static/icons/undo-2.svg?raw";
import x from "lucide-static/icons/x.svg?raw";

const files = {
  brush,
  eraser,
  fill: paintBucket,
  line: slash,
  rectangle: square,
  ellipse: circle,
  eyedropper: pipette,
  pan: hand,
  undo: undo2,
  redo: redo2,
  plus,
  minus,
  fit: maximize,
  dice: dices,
  save: download,
  share: share2,
  open: folderOpen,
  photo: image,
  scenes: images,
  theme: sunMoon,
  sun,
  moon,
  language: languages,
  keyboard,
  more: ellipsis,
  close: x,
  check,
  alert: circleAlert,
  retry: rotateCcw,
  cpu,
  both: columns2,
  overlay: layers,
  labels: tag,
  picture: image,
  pressure: penLine,
  chevron: chevronDown,
  star,
  link,
  clear: brushCleaning,
  help: circleHelp,
  info,
  package: packageBox,
  folder,
  file: fileInput,
  labelFile: fileImage,
  paintings: layoutGrid,
  newPainting: filePlus,
  copy,
  paste: clipboardPaste,
  rename: pencil,
  delete: trash2,
  seed: sprout,
  play,
  stop: square,
  outlines: squareDashed,
  find: scanSearch,
  filled: square.replace("<rect", '<rect fill="currentColor"'),
} as const;

/** Name of an icon. */
export type GlyphName = keyof typeof files;

function strokesOf(file: string): string {
  return file.slice(file.indexOf(">", file.indexOf("<svg")) + 1, file.lastIndexOf("</svg>"));
}

/** A 20 px icon in the text's colour, hidden from screen readers: its button carries the label. */
export function glyph(name: GlyphName): TemplateResult {
  return html`<svg
    class="glyph"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${unsafeSVG(strokesOf(files[name]))}
  </svg>`;
}

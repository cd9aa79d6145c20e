/** What the element's panes hold: the canvas, the question for a photo, the status, and what failed. */

import { html, nothing, type TemplateResult } from "lit";
import { shownLayout, type ShownError, type StudioState } from "../state/studio-state.js";
import { icon } from "./icons.js";
import type { ElementText } from "./text.js";

type Shown = Readonly<StudioState>;

/** The canvas that is painted on; where nothing is painted, or painting is prevented, a picture only. */
export function mainCanvas(state: Shown, text: ElementText, readOnly: boolean, blurred: () => void): TemplateResult {
  const photo = state.model?.input === "photo";
  const paintable = state.map !== undefined && !readOnly;
  const shown = shownLayout(state) === "picture" ? text.picture : photo ? text.photo : text.labelMap;
  return html`<canvas
    class="main"
    tabindex=${paintable ? 0 : nothing}
    role=${paintable ? "application" : "img"}
    aria-label=${shown}
    aria-description=${paintable ? text.keys : nothing}
    @blur=${blurred}
  ></canvas>`;
}

/** Asks for a photo where the model takes them and there is none. */
export function photoPrompt(
  { model, photo }: Shown,
  text: ElementText,
  choose: () => void,
  chosen: (event: Event) => void,
): TemplateResult | typeof nothing {
  if (model?.input !== "photo") return nothing;
  return html`<input type="file" accept="image/*" hidden @change=${chosen} />
    <div class="cover" ?hidden=${photo !== undefined}>
      <button class="strong" part="photo" @click=${choose}>${icon("photo")}${text.choosePhoto}</button>
    </div>`;
}

/** The device, and how long the last picture took. */
export function status({ device, picture, loading }: Shown, text: ElementText): TemplateResult | typeof nothing {
  if (loading.phase !== "ready" || device === undefined) return nothing;
  const kind = device.kind === "webgpu" ? "WebGPU" : "CPU";
  const latency = picture === undefined ? "" : ` · ${text.milliseconds(picture.latency)}`;
  return html`<span class="status" part="status">${kind}${latency}</span>`;
}

/** What failed while the model is usable. */
export function noticeCard(notice: ShownError | undefined, text: ElementText): TemplateResult | typeof nothing {
  if (notice === undefined) return nothing;
  return html`<div class="notice" part="notice" role="alert">
    ${text.failures[notice.code] ?? text.failed}: ${notice.message}
  </div>`;
}

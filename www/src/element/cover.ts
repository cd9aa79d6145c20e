/** What lies over the panes while there is no generator: how far loading is, or why it failed. */

import { html, nothing, type TemplateResult } from "lit";
import type { LoadStatus } from "../state/studio-state.js";
import { icon } from "./icons.js";
import type { ElementText } from "./text.js";

/** The cover for a load status; nothing once the model is ready. `load` loads, or loads again. */
export function cover(status: LoadStatus, text: ElementText, load: () => void): TemplateResult | typeof nothing {
  switch (status.phase) {
    case "ready":
      return nothing;
    case "none":
      return html`<div class="cover" part="cover">
        <slot name="poster"><button class="strong" part="load" @click=${load}>${text.load}</button></slot>
      </div>`;
    case "loading":
      return html`<div class="cover" part="cover">${progressCard(status, text)}</div>`;
    case "failed":
      return html`<div class="cover" part="cover">${failureCard(status, text, load)}</div>`;
  }
}

function progressCard({ progress }: Extract<LoadStatus, { phase: "loading" }>, text: ElementText): TemplateResult {
  const stage = text.stages[progress?.stage ?? "download"];
  const { loaded, total } = progress ?? {};
  return html`<div class="card">
    <p id="stage">${stage}</p>
    <progress part="progress" max="1" .value=${progress?.fraction ?? 0} aria-labelledby="stage"></progress>
    <p class="detail">${loaded !== undefined && total !== undefined ? text.megabytes(loaded, total) : html`&nbsp;`}</p>
  </div>`;
}

function failureCard(
  { error }: Extract<LoadStatus, { phase: "failed" }>,
  text: ElementText,
  load: () => void,
): TemplateResult {
  return html`<div class="card" part="error" role="alert">
    <span class="danger">${icon("alert")}</span>
    <p class="headline">${text.failures[error.code] ?? text.failed}</p>
    <p class="detail">${error.message}</p>
    <button class="strong" part="retry" @click=${load}>${icon("retry")}${text.retry}</button>
  </div>`;
}

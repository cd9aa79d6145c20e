/** What lies over the picture: that a model loads, that something failed, or what is missing. */
import { html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { shownLayout, type ShownError, type StudioState } from "../state/studio-state.js";
import { glyph } from "./glyph.js";
import type { ModelSession } from "./model-session.js";
import type { Remedy } from "./notice-card.js";

/** What the message works with. */
export interface StageMessageParts {
  readonly state: Readonly<StudioState>;
  readonly session: ModelSession;
  /** An error that was looked at and put away. */
  readonly dismissed: ShownError | undefined;
  readonly dismiss: (error: ShownError) => void;
  readonly remedy: (remedy: Remedy) => void;
  readonly openPhoto: () => void;
}

/** The message, for the stage's slot. */
export function stageMessage(parts: StageMessageParts): TemplateResult | typeof nothing {
  const { state, session, dismissed } = parts;
  const { loading, generation, model } = state;
  const paintable = state.map !== undefined;
  if (loading.phase === "loading") {
    return html`<up-loading-card
      slot="message"
      .name=${loading.name}
      .progress=${loading.progress}
      .paintable=${paintable}
      ?compact=${paintable && shownLayout(state) !== "side-by-side"}
      @cancel=${() => session.cancel()}
    ></up-loading-card>`;
  }
  const error =
    loading.phase === "failed" ? loading.error : generation.phase === "failed" ? generation.error : undefined;
  if (error && error !== dismissed) {
    return html`<up-notice-card
      slot="message"
      .error=${error}
      .runsOnCpu=${session.runsOnCpu}
      .dismissable=${session.isUsable || paintable}
      @dismiss=${() => parts.dismiss(error)}
      @remedy=${(event: CustomEvent<Remedy>) => parts.remedy(event.detail)}
    ></up-notice-card>`;
  }
  if (model?.input === "photo" && !state.photo) {
    return html`<div class="invitation" slot="message">
      <p>${t("photo.text")}</p>
      <button class="primary" @click=${() => parts.openPhoto()}>${glyph("photo")}${t("action.openPhoto")}</button>
    </div>`;
  }
  return nothing;
}

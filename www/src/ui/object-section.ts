/** The bar of objects between the stage and the palette, for models that tell objects apart. */
import { html, nothing, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import type { Studio } from "../state/studio.js";
import { hasObjectLayer } from "../state/studio-state.js";
import type { ObjectCommand } from "./object-bar.js";

/** The section; `run` does what the bar leaves to others. */
export function objectSection(studio: Studio, run: (command: ObjectCommand) => void): TemplateResult | typeof nothing {
  if (!hasObjectLayer(studio.state)) return nothing;
  return html`<section class="objects" aria-label=${t("objects.title")}>
    <up-object-bar
      .studio=${studio}
      @object-command=${(event: CustomEvent<ObjectCommand>) => run(event.detail)}
    ></up-object-bar>
  </section>`;
}

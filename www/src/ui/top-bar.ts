/** The bar at the top: the model, how the panes are laid out, and everything that is not painting. */
import { html, type TemplateResult } from "lit";
import { language, setLanguage, t, type Language } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { isPainted } from "../state/studio-model.js";
import { LAYOUTS, type Layout, type StudioState, type Theme } from "../state/studio-state.js";
import { shortcutKeys } from "../tools/shortcuts.js";
import type { DialogName } from "./dialogs.js";
import { formatMilliseconds } from "./format.js";
import { glyph, type GlyphName } from "./glyph.js";
import type { MenuCommand } from "./menu.js";
import type { DeviceWish } from "./model-session.js";

const layoutGlyphs: Readonly<Record<Layout, GlyphName>> = {
  "side-by-side": "both",
  overlay: "overlay",
  label: "labels",
  picture: "picture",
};

/** What the bar works with. */
export interface TopBarParts {
  readonly studio: Studio;
  readonly deviceWish: DeviceWish;
  /** Why the model runs where it runs, in words; may be empty. */
  readonly deviceReason: string;
  readonly open: (dialog: DialogName) => void;
  readonly run: (command: MenuCommand) => void;
  readonly runOn: (wish: DeviceWish) => void;
  readonly setPressure: (enabled: boolean) => void;
}

/** The bar. */
export function topBar(parts: TopBarParts): TemplateResult {
  const { studio, open, run } = parts;
  const { state } = studio;
  const { model } = state;
  return html`<header>
    <h1><img src="./icons/logo.svg" alt="" width="28" height="28" /><span>${t("app.name")}</span></h1>
    <button class="model" aria-haspopup="dialog" title=${t("model.choose")} @click=${() => open("models")}>
      <span class="names"><strong>${modelName(state)}</strong><small>${shortStatus(state)}</small></span>
      ${glyph("chevron")}
    </button>
    <up-segmented
      class="view"
      ?hidden=${model?.input === "latent"}
      label=${t("region.view")}
      .choices=${LAYOUTS.map((id) => ({ id, label: t(`view.${id}`), glyph: layoutGlyphs[id] }))}
      compact
      chosen=${state.layout}
      @choose=${(event: CustomEvent<Layout>) => commands.setLayout(studio, event.detail)}
    ></up-segmented>
    <div class="actions">
      <button
        class="text"
        ?hidden=${model !== undefined && !isPainted(model)}
        aria-label=${t("action.paintings")}
        title="${t("action.paintings")} (${shortcutKeys("files.paintings")})"
        @click=${() => run("paintings")}
      >
        ${glyph("paintings")}<span>${t("action.paintings")}</span>
      </button>
      <button
        class="text"
        ?hidden=${model !== undefined && !isPainted(model)}
        aria-label=${t("action.scenes")}
        @click=${() => open("scenes")}
      >
        ${glyph("scenes")}<span>${t("action.scenes")}</span>
      </button>
      <button class="text" aria-label=${t("action.shareShort")} @click=${() => run("share")}>
        ${glyph("share")}<span>${t("action.shareShort")}</span>
      </button>
      ${menu(parts)}
    </div>
  </header>`;
}

function menu({ studio, deviceWish, deviceReason, run, runOn, setPressure }: TopBarParts): TemplateResult {
  const { theme, model, liveEnabled, pressureEnabled } = studio.state;
  return html`<up-menu
    .theme=${theme}
    .deviceWish=${deviceWish}
    .deviceReason=${deviceReason}
    .input=${model?.input ?? "labels"}
    .seed=${model?.usesSeed ? studio.state.seed : undefined}
    .live=${liveEnabled}
    .pressure=${pressureEnabled}
    @command=${(event: CustomEvent<MenuCommand>) => run(event.detail)}
    @theme=${(event: CustomEvent<Theme>) => commands.setTheme(studio, event.detail)}
    @language=${(event: CustomEvent<Language>) => setLanguage(event.detail, true)}
    @live=${(event: CustomEvent<boolean>) => commands.setLiveEnabled(studio, event.detail)}
    @pressure=${(event: CustomEvent<boolean>) => setPressure(event.detail)}
    @device-wish=${(event: CustomEvent<DeviceWish>) => runOn(event.detail)}
    @seed-change=${(event: CustomEvent<number>) => commands.changeSeed(studio, event.detail)}
  ></up-menu>`;
}

function modelName({ model, loading }: Readonly<StudioState>): string {
  const known = model?.name ?? (loading.phase === "loading" ? loading.name : undefined);
  return known === undefined ? t("status.noModel") : translatedName(known, language());
}

function shortStatus({ device, model, picture }: Readonly<StudioState>): string {
  if (!device || !model) return "";
  const name = t(`device.${device.kind}`);
  return picture ? `${name} · ${t("status.latency", { milliseconds: formatMilliseconds(picture.latency) })}` : name;
}

/** Everything that is not painting: files, appearance, language, device, help. */
import { css, html, nothing, type TemplateResult } from "lit";
import { language, t } from "../i18n/language.js";
import type { MessageKey } from "../i18n/en.js";
import type { ModelInput } from "../state/studio-model.js";
import type { Theme } from "../state/studio-state.js";
import { shortcutKeys } from "../tools/shortcuts.js";
import { glyph, type GlyphName } from "./glyph.js";
import type { DeviceWish } from "./model-session.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What a person can ask for in the menu. */
export type MenuCommand =
  | "paintings"
  | "new-painting"
  | "copy-picture"
  | "copy-labels"
  | "paste"
  | "scenes"
  | "open-labels"
  | "open-photo"
  | "save-labels"
  | "save-colors"
  | "save-picture"
  | "share"
  | "clear"
  | "shortcuts"
  | "coach"
  | "about";

interface Item {
  readonly command: MenuCommand;
  readonly glyph: GlyphName;
  readonly label: MessageKey;
  /** Row of the shortcut table, where a key does the same. */
  readonly key?: string;
}

const copyPicture: Item = {
  command: "copy-picture",
  glyph: "copy",
  label: "action.copyPicture",
  key: "files.copyPicture",
};
const savePicture: Item = { command: "save-picture", glyph: "save", label: "action.savePicture" };
const paste: Item = { command: "paste", glyph: "paste", label: "action.paste" };
const share: Item = { command: "share", glyph: "link", label: "action.share" };

/** Groups of items, with a line between them. */
type Groups = readonly (readonly Item[])[];

const labelItems: Groups = [
  [
    { command: "paintings", glyph: "paintings", label: "action.paintings", key: "files.paintings" },
    { command: "new-painting", glyph: "newPainting", label: "action.newPainting" },
    { command: "scenes", glyph: "scenes", label: "action.scenes" },
    { command: "clear", glyph: "clear", label: "action.clear" },
  ],
  [
    { command: "open-labels", glyph: "open", label: "action.openLabels", key: "files.open" },
    { command: "save-labels", glyph: "labelFile", label: "action.saveLabels", key: "files.save" },
    { command: "save-colors", glyph: "labelFile", label: "action.saveColors" },
    savePicture,
  ],
  [
    copyPicture,
    { command: "copy-labels", glyph: "copy", label: "action.copyLabels", key: "files.copyLabels" },
    paste,
    share,
  ],
];

const photoItems: Groups = [
  [{ command: "open-photo", glyph: "photo", label: "action.openPhoto", key: "files.open" }, savePicture],
  [copyPicture, paste, share],
];

const latentItems: Groups = [[savePicture, copyPicture, share]];

const items: Readonly<Record<ModelInput, Groups>> = {
  labels: labelItems,
  "painted-image": labelItems,
  photo: photoItems,
  latent: latentItems,
};

const helpItems: readonly Item[] = [
  { command: "shortcuts", glyph: "keyboard", label: "action.shortcuts" },
  { command: "coach", glyph: "help", label: "action.coach" },
  { command: "about", glyph: "info", label: "action.about" },
];

/**
 * `<up-menu>`: a button that opens the menu. Emits `command`, `theme`, `language`, `device-wish`, `live` and `pressure` with what
 * was chosen, and its seed field's events.
 */
export class Menu extends StudioElement {
  static override readonly properties = {
    theme: {},
    deviceWish: {},
    deviceReason: {},
    input: {},
    seed: { attribute: false },
    live: { type: Boolean },
    pressure: { type: Boolean },
  };

  static override readonly styles = [
    base,
    buttons,
    css`
      [popover] {
        position: fixed;
        inset: calc(var(--bar-height, 56px) - 2px) 8px auto auto;
        width: min(304px, calc(100vw - 16px));
        max-height: calc(100dvh - var(--bar-height, 56px) - 16px);
        margin: 0;
        padding: 8px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--raised);
        color: var(--ink);
        box-shadow: var(--shadow-raised);
        overflow: auto;
      }
      button.item {
        width: 100%;
        justify-content: start;
        padding: 0 10px;
        gap: 12px;
      }
      button.item svg {
        color: var(--soft);
      }
      kbd {
        margin-inline-start: auto;
        font: 500 11px/1 var(--sans);
        color: var(--soft);
      }
      @media (pointer: coarse) {
        kbd {
          display: none;
        }
      }
      .seed {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: var(--target);
        padding: 0 10px;
      }
      .seed svg {
        color: var(--soft);
      }
      .seed up-seed-field {
        --field-border: var(--strong);
        --field-width: 100%;
        width: 132px;
        margin-inline-start: auto;
      }
      hr {
        height: 1px;
        margin: 8px 10px;
        border: 0;
        background: var(--line);
      }
      .setting {
        padding: 4px 10px 8px;
      }
      .setting p {
        margin-bottom: 4px;
        font-size: 12px;
        color: var(--soft);
      }
      .setting up-segmented {
        display: block;
      }
      .reason {
        padding: 0 10px 8px;
        font-size: 12px;
        color: var(--soft);
        overflow-wrap: anywhere;
      }
      button.item[role="switch"] .state {
        margin-inline-start: auto;
        width: 32px;
        height: 18px;
        padding: 2px;
        border-radius: 9px;
        background: var(--strong);
        transition: background-color var(--quick);
      }
      .state::after {
        content: "";
        display: block;
        width: 14px;
        height: 14px;
        border-radius: 50%;
        background: var(--raised);
        transition: translate var(--quick);
      }
      button.item[aria-checked="true"] .state {
        background: var(--cool);
      }
      [aria-checked="true"] .state::after {
        translate: 14px 0;
      }
    `,
  ];

  declare theme: Theme;
  declare deviceWish: DeviceWish;
  /** Why it runs where it runs, in words; may be empty. */
  declare deviceReason: string;
  /** What the model in use takes; labels as long as there is none. */
  declare input: ModelInput;
  /** The seed, where the model uses one. */
  declare seed: number | undefined;
  declare live: boolean;
  declare pressure: boolean;

  constructor() {
    super();
    this.theme = "system";
    this.deviceWish = "auto";
    this.deviceReason = "";
    this.input = "labels";
    this.live = true;
    this.pressure = true;
  }

  protected override render(): TemplateResult {
    return html`<button
        class="icon"
        popovertarget="menu"
        aria-haspopup="true"
        aria-label=${t("action.more")}
        title=${t("action.more")}
      >
        ${glyph("more")}
      </button>
      <div id="menu" popover role="group" aria-label=${t("action.more")}>
        ${items[this.input].map(
          (group) =>
            html`${group.map((item) => this.item(item))}
              <hr />`,
        )}
        ${this.settings()}
        <hr />
        ${helpItems.map((item) => (item.command === "coach" && !this.isPainted ? nothing : this.item(item)))}
      </div>`;
  }

  private get isPainted(): boolean {
    return items[this.input] === labelItems;
  }

  private settings(): TemplateResult {
    return html`${this.input === "latent" ? nothing : this.toggle("picture", "live.label", "live", this.live)}
    ${this.isPainted ? this.toggle("pressure", "pressure.label", "pressure", this.pressure) : nothing}
    ${
      this.seed === undefined
        ? nothing
        : html`<div class="seed">
            ${glyph("dice")}<span aria-hidden="true">${t("seed.field")}</span>
            <up-seed-field .seed=${this.seed}></up-seed-field>
          </div>`
    }
    ${this.setting("theme.label", this.theme, "theme", [
      { id: "system", label: t("theme.system"), glyph: "theme" },
      { id: "light", label: t("theme.light"), glyph: "sun" },
      { id: "dark", label: t("theme.dark"), glyph: "moon" },
    ])}
    ${this.setting("language.label", language(), "language", [
      { id: "en", label: "English" },
      { id: "zh", label: "中文" },
    ])}
    ${this.setting("device.label", this.deviceWish, "device-wish", [
      { id: "auto", label: t("device.auto") },
      { id: "webgpu", label: t("device.webgpu") },
      { id: "cpu", label: t("device.cpu") },
    ])}
    ${this.deviceReason ? html`<p class="reason">${this.deviceReason}</p>` : nothing}`;
  }

  private toggle(icon: GlyphName, label: MessageKey, event: string, on: boolean): TemplateResult {
    return html`<button class="item" role="switch" aria-checked=${on} @click=${() => this.emit(event, !on)}>
      ${glyph(icon)}${t(label)}<span class="state"></span>
    </button>`;
  }

  private setting(
    label: MessageKey,
    chosen: string,
    event: string,
    choices: readonly { readonly id: string; readonly label: string; readonly glyph?: GlyphName }[],
  ): TemplateResult {
    return html`<div class="setting">
      <p aria-hidden="true">${t(label)}</p>
      <up-segmented
        label=${t(label)}
        ?compact=${choices.every((choice) => choice.glyph !== undefined)}
        .choices=${choices}
        chosen=${chosen}
        @choose=${(chose: CustomEvent<string>) => {
          if (event === "device-wish") this.close();
          this.emit(event, chose.detail);
        }}
      ></up-segmented>
    </div>`;
  }

  private item(item: Item): TemplateResult | typeof nothing {
    return html`<button class="item" data-command=${item.command} @click=${() => this.choose(item.command)}>
      ${glyph(item.glyph)}${t(item.label)}${item.key ? html`<kbd aria-hidden="true">${shortcutKeys(item.key)}</kbd>` : nothing}
    </button>`;
  }

  private choose(command: MenuCommand): void {
    this.close();
    this.emit("command", command);
  }

  private close(): void {
    this.renderRoot.querySelector<HTMLElement>("[popover]")?.hidePopover();
  }
}

customElements.define("up-menu", Menu);

/** Objects of the chosen label: which one is painted, a new one, and what is done with all of them. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { NO_OBJECT } from "../canvas/label-map.js";
import { numbersOfClass } from "../canvas/objects.js";
import type { MessageKey } from "../i18n/en.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import * as objects from "../state/object-commands.js";
import type { Studio } from "../state/studio.js";
import { classesOf, type StudioState } from "../state/studio-state.js";
import { shortcutKeys } from "../tools/shortcuts.js";
import { cssVars } from "./css-vars.js";
import { glyph, type GlyphName } from "./glyph.js";
import { objectBarStyles } from "./object-bar-styles.js";
import { objectName, objectUnderPointer, swatchOf } from "./object-names.js";
import { roveWithKeys } from "./roving.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What the bar leaves to the shell: files, and telling how many objects were found. */
export type ObjectCommand = "open" | "save" | "save-plain" | "find-class" | "find-everywhere";

/** How long after the last change numbers are looked up again, in milliseconds: not while a stroke goes on. */
const REST_MILLISECONDS = 120;

/** What of the state is shown, beside the numbers and what is under the pointer. */
const shownFields = ["model", "classId", "object", "outlinesShown"] as const satisfies readonly (keyof StudioState)[];

/** `<up-object-bar>`: shows `studio`; emits `object-command`. */
export class ObjectBar extends StudioElement {
  static override readonly properties = {
    studio: { attribute: false },
    numbers: { state: true },
    pointed: { state: true },
  };

  static override readonly styles = [base, buttons, objectBarStyles];

  declare studio: Studio | undefined;
  /** Of the objects that the chosen class has, ascending. */
  declare private numbers: readonly number[];
  /** The object under the pointer, in words; empty for none. */
  declare private pointed: string;
  private stop: (() => void) | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.numbers = [];
    this.pointed = "";
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
    this.stop = undefined;
    clearTimeout(this.looking);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("studio") || !this.stop) this.follow();
  }

  protected override updated(): void {
    this.renderRoot.querySelector('[aria-checked="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  protected override render(): TemplateResult | typeof nothing {
    const { studio } = this;
    if (!studio) return nothing;
    const { classId, object, outlinesShown } = studio.state;
    const shown = object === NO_OBJECT || this.numbers.includes(object) ? this.numbers : [...this.numbers, object];
    return html`<span class="title" ${cssVars({ "--swatch": swatchOf(studio.state) })}>
        <span class="swatch"></span><span class="name">${this.labelName(studio.state)}</span>
      </span>
      <div class="objects" role="radiogroup" aria-label=${t("objects.title")} @keydown=${this.onKey}>
        ${[NO_OBJECT, ...shown].map((number) => this.choice(studio, number))}
      </div>
      <button
        class="outline new"
        title=${`${t("objects.new")} (${shortcutKeys("objects.new")})`}
        aria-keyshortcuts="N"
        @click=${() => objects.newObject(studio)}
      >
        ${glyph("plus")}<span>${t("objects.new")}</span>
      </button>
      <span class="pointed" aria-hidden="true">${this.pointed}</span>
      <span class="sr-only" role="status"
        >${object === NO_OBJECT ? "" : objectName(studio.state, classId, object)}</span
      >
      <button
        class="icon toggle"
        aria-pressed=${outlinesShown}
        aria-label=${t("objects.outlines")}
        title=${`${t("objects.outlines")} (${shortcutKeys("objects.outlines")})`}
        @click=${() => objects.setOutlinesShown(studio, !outlinesShown)}
      >
        ${glyph("outlines")}
      </button>
      ${this.menu(studio)}`;
  }

  private choice(studio: Studio, number: number): TemplateResult {
    const { classId, object } = studio.state;
    const chosen = number === object;
    const label = number === NO_OBJECT ? t("objects.none") : objectName(studio.state, classId, number);
    return html`<button
      role="radio"
      aria-checked=${chosen}
      aria-label=${label}
      title=${number === NO_OBJECT ? `${label} (${shortcutKeys("objects.none")})` : label}
      tabindex=${chosen ? 0 : -1}
      data-object=${number}
      @click=${() => commands.chooseClass(studio, classId, number)}
    >
      ${number === NO_OBJECT ? t("objects.noneShort") : number}
    </button>`;
  }

  private menu(studio: Studio): TemplateResult {
    const label = this.labelName(studio.state);
    const { map } = studio.state;
    return html`<button
        class="icon more"
        popovertarget="objects"
        aria-haspopup="true"
        aria-label=${t("objects.more")}
        title=${t("objects.more")}
      >
        ${glyph("more")}
      </button>
      <div
        id="objects"
        popover
        role="group"
        aria-label=${t("objects.more")}
        @beforetoggle=${(event: ToggleEvent) => this.placeMenu(event)}
      >
        ${this.item("find", t("objects.findClass", { label }), () => this.ask("find-class"))}
        ${this.item("find", t(objects.knowsThings(studio.state) ? "objects.findThings" : "objects.findEverywhere"), () => this.ask("find-everywhere"))}
        <hr />
        ${this.item("clear", t("objects.forgetClass", { label }), () => objects.forgetObjects(studio, "class"))}
        ${this.item("clear", t("objects.forgetEverywhere"), () => objects.forgetObjects(studio, "everywhere"))}
        <hr />
        ${this.fileItem("open", "objects.open", "open", map !== undefined)}
        ${this.fileItem("labelFile", "objects.save", "save", map !== undefined)}
        ${this.fileItem("labelFile", "objects.savePlain", "save-plain", map !== undefined)}
      </div>`;
  }

  private fileItem(icon: GlyphName, label: MessageKey, command: ObjectCommand, enabled: boolean) {
    return enabled ? this.item(icon, t(label), () => this.ask(command)) : nothing;
  }

  private item(icon: GlyphName, label: string, act: () => void): TemplateResult {
    return html`<button
      class="item"
      @click=${() => {
        this.renderRoot.querySelector<HTMLElement>("[popover]")?.hidePopover();
        act();
      }}
    >
      ${glyph(icon)}${label}
    </button>`;
  }

  private ask(command: ObjectCommand): void {
    this.emit("object-command", command);
  }

  /** Above its button, wherever the bar is. */
  private placeMenu({ newState }: ToggleEvent): void {
    const menu = this.renderRoot.querySelector<HTMLElement>("[popover]");
    const box = this.renderRoot.querySelector(".more")?.getBoundingClientRect();
    if (newState !== "open" || !menu || !box) return;
    menu.style.setProperty("--below", `${Math.max(8, window.innerHeight - box.top + 4)}px`);
    menu.style.setProperty("--beside", `${Math.max(8, window.innerWidth - box.right)}px`);
  }

  private labelName(state: Readonly<StudioState>): string {
    const found = classesOf(state).find(({ id }) => id === state.classId);
    return translatedName(found?.name ?? "", language());
  }

  private follow(): void {
    this.stop?.();
    const { studio } = this;
    if (!studio) return;
    this.look();
    this.stop = studio.store.subscribe((state, previous) => {
      if (shownFields.some((field) => state[field] !== previous[field])) this.requestUpdate();
      if (state.classId !== previous.classId || state.map !== previous.map) this.look();
      else if (state.revision !== previous.revision) this.lookSoon();
      if (state.preview !== previous.preview) this.pointed = objectUnderPointer(state);
    });
  }

  private lookSoon(): void {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => this.look(), REST_MILLISECONDS);
  }

  private look(): void {
    const { map, classId } = this.studio?.state ?? {};
    const numbers = map && classId !== undefined ? numbersOfClass(map, classId) : [];
    if (numbers.join() !== this.numbers.join()) this.numbers = numbers;
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>('[role="radio"]')]);
  }
}

customElements.define("up-object-bar", ObjectBar);

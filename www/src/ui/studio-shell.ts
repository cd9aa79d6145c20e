/** `<up-studio>`: the whole studio on one page. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import type { LabelClass } from "../canvas/label-map.js";
import * as commands from "../state/commands.js";
import { isPainted } from "../state/studio-model.js";
import { TOOL_IDS, classesOf, type ShownError, type StudioState } from "../state/studio-state.js";
import { classKey, type ShortcutCommand } from "../tools/shortcuts.js";
import { runStudioCommand, type ShellCommand } from "../tools/studio-keys.js";
import type { CatalogModel } from "./catalog.js";
import type { Coach, CoachStep } from "./coach.js";
import "./components.js";
import type { StudioContext } from "./context.js";
import { shellDialogs, type DialogName } from "./dialogs.js";
import type { StudioDialog } from "./dialog.js";
import { FileActions } from "./file-actions.js";
import { glyph } from "./glyph.js";
import type { MenuCommand } from "./menu.js";
import { ModelLoader } from "./model-loader.js";
import type { PaletteEntry } from "./palette.js";
import { PageInput } from "./page-input.js";
import { shellStyles } from "./shell-styles.js";
import type { Stage } from "./stage.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";
import { applyTheme } from "./theme.js";
import type { Toast, Toasts } from "./toasts.js";
import { toolRail } from "./tool-rail.js";
import { topBar } from "./top-bar.js";
import { isFirstVisit, rememberVisit } from "./visit.js";

/** What of the state the shell itself shows; the rest is the stage's. */
const shownFields = [
  "model",
  "device",
  "loading",
  "generation",
  "picture",
  "tool",
  "classId",
  "brushSize",
  "pressureEnabled",
  "shapeFill",
  "layout",
  "liveEnabled",
  "theme",
  "undoKind",
  "redoKind",
  "photo",
] as const satisfies readonly (keyof StudioState)[];

/** The page. Give it a `context` before it is first shown. */
export class StudioShell extends StudioElement {
  static override readonly properties = {
    context: { attribute: false },
    catalog: { state: true },
    dragging: { state: true },
    penSeen: { state: true },
    dismissed: { state: true },
  };

  static override readonly styles = [base, buttons, shellStyles];

  declare context: StudioContext | undefined;
  declare private catalog: readonly CatalogModel[];
  declare private dragging: boolean;
  /** A pen has come near: only then its pressure has a button of its own. */
  declare private penSeen: boolean;
  private files: FileActions | undefined;
  private loader: ModelLoader | undefined;
  private input: PageInput | undefined;
  private palette: { readonly classes: readonly LabelClass[]; readonly entries: readonly PaletteEntry[] } | undefined;
  /** Steps that could be undone when the coach was last told. */
  private strokes = 0;
  /** An error that was looked at and put away. */
  declare private dismissed: ShownError | undefined;

  constructor() {
    super();
    this.catalog = [];
    this.dragging = false;
    this.penSeen = false;
  }

  /** Shows that a new version of the studio is ready. */
  offerUpdate(reload: () => void): void {
    this.say({ text: t("toast.update"), action: { label: t("toast.updateNow"), run: reload } });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.input?.stop();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("context") && this.context && !this.files) this.begin(this.context);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { context } = this;
    if (!context) return nothing;
    const { state } = context.studio;
    const { model } = state;
    const painted = model === undefined || isPainted(model);
    return html`<div class="shell" ?data-unpainted=${!painted}>
        ${topBar({
          studio: context.studio,
          deviceWish: context.session.deviceWish,
          deviceReason: this.loader?.deviceReason() ?? "",
          open: (name) => this.open(name),
          run: (command) => this.run(command),
          runOn: (wish) => void this.loader?.runOn(wish),
          setPressure: (enabled) => this.setPressure(enabled),
        })}
        ${
          painted
            ? toolRail({
                studio: context.studio,
                showsPressure: this.penSeen,
                setPressure: (enabled) => this.setPressure(enabled),
                run: (command) => this.runKeyCommand(command),
              })
            : nothing
        }
        <main aria-label=${t("region.canvases")}>
          <up-stage
            .studio=${context.studio}
            .tools=${context.tools}
            .preview=${context.session.source?.scenes[0] ?? ""}
            .isSpaceHeld=${() => this.input?.isSpaceHeld ?? false}
            @save-labels=${() => this.files?.saveLabels("ids")}
            @save-picture=${() => this.files?.savePicture()}
            @paint-now=${() => context.live.request()}
            @open-photo=${() => this.files?.open()}
          >
            ${this.message(context, state)}
          </up-stage>
          <up-toasts></up-toasts>
        </main>
        ${painted ? this.paletteSection(state) : nothing} ${model?.input === "latent" ? this.chance(context) : nothing}
        <footer aria-label=${t("region.status")}>
          <up-status-line .state=${state}></up-status-line>
          <button class="keys" @click=${() => this.open("shortcuts")}>
            ${glyph("keyboard")}${t("action.shortcuts")}
          </button>
        </footer>
      </div>
      ${shellDialogs({
        catalog: this.catalog,
        scenes: context.session.source?.scenes ?? [],
        current: state.model?.origin.kind === "listed" ? state.model.origin.id : "",
        pickScene: (address) => this.closeThen("scenes", () => void this.files?.openScene(address)),
        pickModel: (id) => this.closeThen("models", () => void this.loader?.loadListed(id)),
        pickAddress: (address) => this.closeThen("models", () => void this.loader?.loadAddress(address)),
        pickLocal: (from) => this.closeThen("models", () => void this.files?.openBundle(from)),
      })}
      <up-coach @coach-done=${() => rememberVisit()}></up-coach>
      ${this.dragging ? html`<div class="drop" aria-hidden="true"><span>${t("toast.dropModel")}</span></div>` : nothing}`;
  }

  private paletteSection(state: Readonly<StudioState>): TemplateResult {
    return html`<section class="palette" aria-label=${t("region.palette")}>
      <up-palette
        .labels=${this.paletteEntries(state)}
        .active=${state.classId}
        @label-pick=${(event: CustomEvent<number>) => this.pickLabel(event.detail)}
      ></up-palette>
    </section>`;
  }

  /** In the palette's place where there is nothing to paint. */
  private chance({ studio }: StudioContext): TemplateResult {
    return html`<section class="chance" aria-label=${t("pane.picture")}>
      <p>${t("latent.text")}</p>
      <button class="primary" @click=${() => commands.rollSeed(studio)}>${glyph("dice")}${t("latent.another")}</button>
    </section>`;
  }

  private begin(context: StudioContext): void {
    const { studio } = context;
    this.files = new FileActions({
      studio,
      say: (toast) => this.say(toast),
      loadBundle: (bundle) => void this.loader?.loadBundle(bundle),
    });
    this.loader = new ModelLoader(
      context,
      this.files,
      (toast) => this.say(toast),
      (text) => this.speak(text),
    );
    studio.store.subscribe((state, previous) => {
      if (shownFields.some((field) => state[field] !== previous[field])) this.requestUpdate();
      if (state.theme !== previous.theme) applyTheme(state.theme);
      this.tellCoach(studio, state.classId !== previous.classId);
      if (state.keep !== previous.keep && state.keep.phase === "not-kept") {
        this.say({ kind: "problem", text: t("keep.not-kept", { reason: state.keep.reason }) });
      }
    });
    applyTheme(studio.state.theme);
    this.input = this.listen();
    void this.start(context);
  }

  private async start(context: StudioContext): Promise<void> {
    this.catalog = await context.catalog;
    await this.updateComplete;
    const loaded = await this.loader?.start(this.catalog);
    const { model } = context.studio.state;
    if (model && isPainted(model) && loaded && isFirstVisit()) this.startCoach();
    if (!loaded && context.studio.state.loading.phase === "none") this.open("models");
  }

  private listen(): PageInput {
    return new PageInput({
      run: (command) => this.runKeyCommand(command),
      isBusy: () => this.isDialogOpen(),
      spaceChanged: () => this.stage()?.showCursor(),
      penSeen: () => (this.penSeen = true),
      dragging: (over) => (this.dragging = over),
      dropped: (transfer) => {
        this.dialog("models")?.close();
        void this.files?.openDrop(transfer);
      },
    });
  }

  /** The same list as long as the classes are the same, so that the palette is not drawn again for every picture. */
  private paletteEntries(state: Readonly<StudioState>): readonly PaletteEntry[] {
    const classes = classesOf(state);
    if (this.palette?.classes !== classes) {
      const entries = classes.map((entry) => ({ ...entry, key: classKey(entry.id) ?? "" }));
      this.palette = { classes, entries };
    }
    return this.palette.entries;
  }

  private setPressure(enabled: boolean): void {
    this.studioDo((studio) => commands.setPressureEnabled(studio, enabled));
    this.say({ text: t(enabled ? "toast.pressureOn" : "toast.pressureOff") });
  }

  private message(context: StudioContext, state: Readonly<StudioState>): TemplateResult | typeof nothing {
    const { loading, generation, model } = state;
    if (loading.phase === "loading") {
      return html`<up-loading-card
        slot="message"
        .name=${loading.name}
        .progress=${loading.progress}
        @cancel=${() => context.session.cancel()}
      ></up-loading-card>`;
    }
    const error =
      loading.phase === "failed" ? loading.error : generation.phase === "failed" ? generation.error : undefined;
    if (error && error !== this.dismissed) {
      return html`<up-notice-card
        slot="message"
        .error=${error}
        .runsOnCpu=${context.session.runsOnCpu}
        .dismissable=${context.session.isUsable}
        @dismiss=${() => (this.dismissed = error)}
        @remedy=${(event: CustomEvent) => void this.remedy(event)}
      ></up-notice-card>`;
    }
    if (model?.input === "photo" && !state.photo) {
      return html`<div class="invitation" slot="message">
        <p>${t("photo.text")}</p>
        <button class="primary" @click=${() => this.files?.open()}>${glyph("photo")}${t("action.openPhoto")}</button>
      </div>`;
    }
    return nothing;
  }

  private remedy(event: CustomEvent): void {
    if (event.detail === "choose-model") this.open("models");
    else if (event.detail === "use-cpu") this.loader?.runOn("cpu");
    else void this.loader?.reload();
  }

  private pickLabel(id: number): void {
    const { context } = this;
    if (!context) return;
    commands.chooseClass(context.studio, id);
    const { tool } = context.studio.state;
    if (tool === "eraser" || tool === "eyedropper" || tool === "pan") commands.chooseTool(context.studio, "brush");
  }

  private run(command: MenuCommand): void {
    switch (command) {
      case "scenes":
      case "shortcuts":
      case "about":
        return this.open(command);
      case "coach":
        return this.startCoach();
      case "clear":
        return this.studioDo(commands.clear);
      case "open-labels":
      case "open-photo":
        return void this.files?.open();
      case "save-labels":
        return void this.files?.saveLabels("ids");
      case "save-colors":
        return void this.files?.saveLabels("colors");
      case "save-picture":
        return void this.files?.savePicture();
      case "share":
        return void this.files?.share();
    }
  }

  private runKeyCommand(command: ShortcutCommand): boolean {
    const { context } = this;
    if (!context) return false;
    const { studio, tools } = context;
    if (runStudioCommand(studio, tools.controller, command, (shell) => this.runShellCommand(shell))) return true;
    return command.type === "cancel" && this.coach()?.close() === true;
  }

  private runShellCommand(command: ShellCommand): void {
    if (command.type === "sheet") this.open("shortcuts");
    else if (command.type === "open") void this.files?.open();
    else void this.files?.saveLabels("ids");
  }

  private startCoach(): void {
    const coach = this.coach();
    if (!coach) return;
    coach.targets = (step) => this.coachTarget(step);
    coach.start();
  }

  private tellCoach(studio: StudioContext["studio"], picked: boolean): void {
    const strokes = studio.painting?.history.undoCount ?? 0;
    const painted = strokes > this.strokes && TOOL_IDS.some((tool) => tool === studio.state.undoKind);
    this.strokes = strokes;
    if (painted) this.coach()?.noteDeed("paint");
    else if (picked) this.coach()?.noteDeed("pick");
  }

  private coach(): Coach | null {
    return this.renderRoot.querySelector<Coach>("up-coach");
  }

  private coachTarget(step: CoachStep): DOMRect | undefined {
    const stage = this.stage();
    if (step !== "pick") return stage?.boxOf(step === "paint" ? "main" : "side");
    return this.renderRoot.querySelector("up-palette")?.getBoundingClientRect() ?? stage?.boxOf("main");
  }

  private stage(): Stage | null {
    return this.renderRoot.querySelector<Stage>("up-stage");
  }

  private open(name: DialogName): void {
    void this.dialog(name)?.show();
  }

  private closeThen(name: DialogName, act: () => void): void {
    this.dialog(name)?.close();
    act();
  }

  private dialog(name: DialogName): StudioDialog | null {
    return this.renderRoot.querySelector<StudioDialog>(`up-dialog[data-dialog="${name}"]`);
  }

  private isDialogOpen(): boolean {
    return [...this.renderRoot.querySelectorAll<StudioDialog>("up-dialog")].some((dialog) => dialog.isOpen);
  }

  private say(toast: Toast): void {
    this.renderRoot.querySelector<Toasts>("up-toasts")?.show(toast);
  }

  private speak(text: string): void {
    this.renderRoot.querySelector<Toasts>("up-toasts")?.speak(text);
  }

  private studioDo(act: (studio: StudioContext["studio"]) => void): void {
    if (this.context) act(this.context.studio);
  }
}

customElements.define("up-studio", StudioShell);

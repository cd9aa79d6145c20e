/** `<up-studio>`: the whole studio on one page. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Reshape } from "../files/label-map-shape.js";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import { isPainted } from "../state/studio-model.js";
import type { KeepStatus, ShownError, StudioState } from "../state/studio-state.js";
import type { ShortcutCommand } from "../tools/shortcuts.js";
import { runStudioCommand, type ShellCommand } from "../tools/studio-keys.js";
import type { CatalogModel } from "./catalog.js";
import { CheckpointActions } from "./checkpoint-actions.js";
import { ClipboardActions } from "./clipboard-actions.js";
import { CoachGuide } from "./coach-guide.js";
import "./components.js";
import type { StudioContext } from "./context.js";
import { shellDialogs, type DialogName } from "./dialogs.js";
import type { StudioDialog } from "./dialog.js";
import { FileActions } from "./file-actions.js";
import { glyph } from "./glyph.js";
import type { MenuCommand } from "./menu.js";
import { ModelLoader } from "./model-loader.js";
import type { Remedy } from "./notice-card.js";
import { ObjectActions } from "./object-actions.js";
import { objectSection } from "./object-section.js";
import { PaintingActions } from "./painting-actions.js";
import { LookActions } from "./look-actions.js";
import type { GalleryContent } from "./painting-gallery.js";
import type { Palette } from "./palette.js";
import { PaletteSection } from "./palette-section.js";
import { PageInput } from "./page-input.js";
import { shellStyles } from "./shell-styles.js";
import type { Stage } from "./stage.js";
import type { ShapeQuestion } from "./shape-question.js";
import { stageMessage } from "./stage-message.js";
import { StudioElement } from "./studio-element.js";
import { hasStyles } from "./style-shelf.js";
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
  "recent",
  "favourites",
  "brushSize",
  "pressureEnabled",
  "shapeFill",
  "layout",
  "liveEnabled",
  "theme",
  "seed",
  "map",
  "paintingId",
  "undoKind",
  "redoKind",
  "photo",
  "look",
] as const satisfies readonly (keyof StudioState)[];

const NO_PAINTINGS: GalleryContent = { paintings: [], modelKey: "", problem: undefined, deleted: undefined };

/** The page. Give it a `context` before it is first shown. */
export class StudioShell extends StudioElement {
  static override readonly properties = {
    context: { attribute: false },
    catalog: { state: true },
    dragging: { state: true },
    penSeen: { state: true },
    dismissed: { state: true },
    shape: { state: true },
  };

  static override readonly styles = [base, buttons, shellStyles];

  declare context: StudioContext | undefined;
  declare private catalog: readonly CatalogModel[];
  declare private dragging: boolean;
  /** A pen has come near: only then its pressure has a button of its own. */
  declare private penSeen: boolean;
  private files: FileActions | undefined;
  private loader: ModelLoader | undefined;
  private checkpoints: CheckpointActions | undefined;
  private paintings: PaintingActions | undefined;
  private objects: ObjectActions | undefined;
  private clipboard: ClipboardActions | undefined;
  private input: PageInput | undefined;
  /** About the file that is being opened, and who waits for the answer. */
  declare private shape: ShapeQuestion | undefined;
  private answerShape: ((how: Reshape | undefined) => void) | undefined;
  private readonly palette = new PaletteSection();
  private coach: CoachGuide | undefined;
  private looksActions: LookActions | undefined;
  /** What was just dropped on the strip of styles. */
  private droppedOnLooks: DataTransfer | null | undefined;
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
    // First, so that a keyboard comes to it first.
    return html`<up-coach @coach-done=${() => rememberVisit()}></up-coach>
      <div
        class="shell"
        ?data-unpainted=${!painted}
        ?data-crowded=${(model?.featureChannels ?? 0) > 0}
        @seed-wrong=${() => this.say({ text: t("seed.wrong") })}
      >
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
            ${stageMessage({
              state,
              session: context.session,
              dismissed: this.dismissed,
              dismiss: (error) => (this.dismissed = error),
              remedy: (remedy) => this.remedy(remedy),
              openPhoto: () => void this.files?.open(),
            })}
          </up-stage>
          <up-toasts></up-toasts>
        </main>
        ${objectSection(context.studio, (command) => void this.objects?.run(command))}
        ${painted ? this.palette.render(context.studio) : nothing} ${this.looks(context)}
        ${
          model?.input === "latent"
            ? html`<section class="chance" aria-label=${t("chance.region")}>
                <up-chance-panel
                  .context=${context}
                  .state=${state}
                  .run=${(command: ShortcutCommand) => this.runKeyCommand(command)}
                ></up-chance-panel>
              </section>`
            : nothing
        }
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
        paintings: this.paintings?.content ?? NO_PAINTINGS,
        shape: this.shape,
        pickPainting: (id) => this.closeThen("paintings", () => void this.paintings?.open(id)),
        newPainting: () => this.closeThen("paintings", () => void this.paintings?.begin()),
        renamePainting: (painting) => void this.paintings?.rename(painting),
        deletePainting: (id) => void this.paintings?.remove(id),
        restorePainting: () => void this.paintings?.restore(),
        answerShape: (how) => this.closeThen("shape", () => this.answerShape?.(how)),
        current: state.model && "id" in state.model.origin ? state.model.origin.id : "",
        kept: this.checkpoints?.models ?? [],
        checkpoint: this.checkpoints?.content,
        pickScene: (address) => this.closeThen("scenes", () => void this.files?.openScene(address)),
        pickModel: (id) => this.closeThen("models", () => void this.loader?.loadListed(id)),
        pickAddress: (address) => this.closeThen("models", () => void this.loader?.loadAddress(address)),
        pickLocal: (from) => this.closeThen("models", () => void this.files?.openBundle(from)),
        pickKept: (id) => this.closeThen("models", () => void this.loader?.loadKept(id)),
        saveKept: (id) => this.checkpoints?.saveKept(id),
        removeKept: (id) => void this.checkpoints?.remove(id),
        answerCheckpoint: (answers) => void this.checkpoints?.answer(answers),
        useCheckpoint: (keep) => void this.checkpoints?.use(keep),
        saveCheckpoint: () => void this.checkpoints?.save(),
        closeCheckpoint: () => this.checkpoints?.close(),
      })}
      ${this.dragging ? html`<div class="drop" aria-hidden="true"><span>${t("toast.dropModel")}</span></div>` : nothing}`;
  }

  /** How the scene looks, where the model lets that be chosen. */
  private looks({ studio, shelf }: StudioContext): TemplateResult | typeof nothing {
    const { state } = studio;
    if (state.model?.featureChannels && state.map) return this.objectLooks();
    if (!state.model || !hasStyles(state.model)) return nothing;
    return html`<section
      class="looks"
      aria-label=${t("style.region")}
      @drop=${({ dataTransfer }: DragEvent) => (this.droppedOnLooks = dataTransfer)}
    >
      <up-style-strip
        .studio=${studio}
        .shelf=${shelf}
        .state=${state}
        ?reading=${shelf.isReading}
        @style-add=${() => void this.looksActions?.addPhotos()}
      ></up-style-strip>
    </section>`;
  }

  private objectLooks(): TemplateResult {
    return html`<section class="looks" aria-label=${t("object.region")}>
      <up-look-strip
        .context=${this.context}
        ?reading=${this.looksActions?.isReading === true}
        @look-photo=${() => void this.looksActions?.readLooks()}
      ></up-look-strip>
    </section>`;
  }

  private begin(context: StudioContext): void {
    const { studio } = context;
    this.coach = new CoachGuide(studio, this.renderRoot);
    this.objects = new ObjectActions({ studio, say: (toast) => this.say(toast) });
    this.files = new FileActions({
      studio,
      objects: this.objects,
      say: (toast) => this.say(toast),
      loadBundle: (bundle) => void this.checkpoints?.openFolder(bundle),
      openWeights: (files) => void this.checkpoints?.open(files),
      askShape: (question) => this.askShape(question),
    });
    this.checkpoints = new CheckpointActions({
      kept: context.kept,
      say: (toast) => this.say(toast),
      changed: () => this.requestUpdate(),
      ask: (open) => (open ? this.open("checkpoint") : this.dialog("checkpoint")?.close()),
      load: async (source) => (await this.loader?.loadSource(source)) ?? false,
    });
    this.clipboard = new ClipboardActions({
      studio,
      say: (toast) => this.say(toast),
      openFile: async (file) => this.files?.openFile(file, "pasted"),
      remember: (map) => {
        if (this.files) this.files.copied = map;
      },
    });
    this.paintings = new PaintingActions({
      studio,
      keeper: context.keeper,
      say: (toast) => this.say(toast),
      changed: () => this.requestUpdate(),
      openElsewhere: async (painting) => this.loader?.loadPainting(painting),
    });
    context.keeper.onNotice = (notice) => this.say({ kind: "notice", topic: "tabs", text: t(`keep.${notice}`) });
    this.looksActions = new LookActions(
      context,
      (toast) => this.say(toast),
      () => this.requestUpdate(),
    );
    context.shelf.onChange = () => this.requestUpdate();
    this.loader = new ModelLoader(
      context,
      this.files,
      (toast) => this.say(toast),
      (text) => this.speak(text),
      async () => (await this.checkpoints?.refresh()) ?? [],
    );
    studio.store.subscribe((state, previous) => {
      if (shownFields.some((field) => state[field] !== previous[field])) this.requestUpdate();
      if (state.theme !== previous.theme) applyTheme(state.theme);
      this.coach?.follow(state.classId !== previous.classId);
      if (state.keep !== previous.keep) this.sayKeep(state.keep);
    });
    applyTheme(studio.state.theme);
    this.input = this.listen();
    void this.start(context);
  }

  private async start(context: StudioContext): Promise<void> {
    void context.catalog.then((catalog) => (this.catalog = catalog));
    await this.updateComplete;
    const loaded = await this.loader?.start(context.catalog);
    if (loaded && isFirstVisit()) this.coach?.start();
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
        const onLooks = transfer === this.droppedOnLooks;
        this.droppedOnLooks = undefined;
        if (this.looksActions?.takeDrop(transfer, onLooks) !== true) void this.files?.openDrop(transfer);
      },
      pasted: (transfer) => this.clipboard?.pasteFrom(transfer) ?? false,
      linked: () => void this.loader?.follow(),
    });
  }

  private sayKeep(keep: KeepStatus): void {
    const toasts = this.renderRoot.querySelector<Toasts>("up-toasts");
    if (keep.phase === "kept") toasts?.settle("keep");
    else this.say({ kind: "problem", topic: "keep", text: t("keep.not-kept", { reason: keep.reason }) });
  }

  private askShape(question: ShapeQuestion): Promise<Reshape | undefined> {
    this.answerShape?.(undefined);
    this.shape = question;
    this.open("shape");
    return new Promise((resolve) => {
      this.answerShape = (how) => {
        this.answerShape = undefined;
        resolve(how);
      };
    });
  }

  private setPressure(enabled: boolean): void {
    this.studioDo((studio) => commands.setPressureEnabled(studio, enabled));
    this.say({ text: t(enabled ? "toast.pressureOn" : "toast.pressureOff") });
  }

  private remedy(remedy: Remedy): void {
    if (remedy === "choose-model") this.open("models");
    else if (remedy === "use-cpu") this.loader?.runOn("cpu");
    else void this.loader?.reload();
  }

  private run(command: MenuCommand): void {
    switch (command) {
      case "paintings":
        return this.openPaintings();
      case "new-painting":
        return void this.paintings?.begin();
      case "copy-picture":
        return void this.clipboard?.copyPicture();
      case "copy-labels":
        return void this.clipboard?.copyLabels();
      case "paste":
        return void this.clipboard?.paste();
      case "scenes":
      case "shortcuts":
      case "about":
        return this.open(command);
      case "coach":
        return this.coach?.start();
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
    if (command.type === "copy") return this.copy(command.what);
    if (command.type === "find-label")
      return this.renderRoot.querySelector<Palette>("up-palette")?.focusSearch() ?? false;
    if (runStudioCommand(studio, tools.controller, command, (shell) => this.runShellCommand(shell))) return true;
    return command.type === "cancel" && this.coach?.close() === true;
  }

  private runShellCommand(command: ShellCommand): void {
    if (command.type === "sheet") this.open("shortcuts");
    else if (command.type === "open") void this.files?.open();
    else if (command.type === "paintings") this.openPaintings();
    else void this.files?.saveLabels("ids");
  }

  /** False where the page's text is selected, or there is nothing to copy: the key is then the browser's. */
  private copy(what: "picture" | "labels"): boolean {
    if (String(getSelection() ?? "") !== "") return false;
    return (what === "picture" ? this.clipboard?.copyPicture() : this.clipboard?.copyLabels()) ?? false;
  }

  private openPaintings(): void {
    const { model } = this.context?.studio.state ?? {};
    if (model && !isPainted(model)) return;
    void this.paintings?.refresh();
    this.open("paintings");
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

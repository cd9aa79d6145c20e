/** Chooses models to load: at the start, by hand, from a share link, and again after a failure. */
import { decodeShareLink, type SharedScene } from "../files/share-link.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import { originOf, type PaintingCard } from "../state/kept-painting.js";
import type { KeptModel } from "../state/kept-models.js";
import { chooseLook } from "../state/look-commands.js";
import { isPainted, isSameOrigin, type StudioModel } from "../state/studio-model.js";
import type { CatalogModel } from "./catalog.js";
import type { StudioContext } from "./context.js";
import { deviceWords } from "./device-words.js";
import type { FileActions } from "./file-actions.js";
import { fileErrorWords } from "./file-error-words.js";
import type { DeviceWish, ModelSource, OpenPainting } from "./model-session.js";
import { sourceFromAddress, sourceFromCatalog, sourceFromKept, sourceFromOrigin } from "./model-sources.js";
import type { Toast } from "./toasts.js";

/** Knows which models there are, and what is painted on first. */
export class ModelLoader {
  private catalog: readonly CatalogModel[] = [];
  private kept: readonly KeptModel[] = [];
  /** Tries what has failed once more, with the same painting. */
  private retry: (() => Promise<boolean>) | undefined;

  constructor(
    private readonly context: StudioContext,
    private readonly files: FileActions,
    private readonly say: (toast: Toast) => void,
    private readonly speak: (text: string) => void,
    private readonly listKept: () => Promise<readonly KeptModel[]>,
  ) {}

  /**
   * Shows at once what was painted last, then loads its model; or what the page's address speaks of, else the model used
   * last, else the first of the list. False when nothing came of it.
   */
  async start(catalog: Promise<readonly CatalogModel[]>): Promise<boolean> {
    const { session, memory } = this.context;
    session.onFallback = () => this.sayFallback();
    const shared = await this.sharedScene();
    if (!shared) await this.showLast();
    [this.catalog, this.kept] = await Promise.all([catalog, this.listKept()]);
    const [first] = this.catalog;
    const known = shared?.origin ?? memory.origin;
    const source = (known && sourceFromOrigin(known, this.catalog, this.kept)) ?? (first && sourceFromCatalog(first));
    if (!source) return false;
    return shared ? this.loadShared(source, shared) : this.load(source);
  }

  /** The page's address has another link now: opens what it brings, as a painting of its own. */
  async follow(): Promise<void> {
    const shared = await this.sharedScene();
    const source = shared && sourceFromOrigin(shared.origin, this.catalog, this.kept);
    if (source) await this.loadShared(source, shared);
  }

  /** Loads the model of a kept painting and opens it. */
  async loadPainting(painting: PaintingCard): Promise<void> {
    const origin = originOf(painting);
    const source = origin && sourceFromOrigin(origin, this.catalog, await this.refreshKept());
    const name = painting.model?.name ?? painting.modelKey.replace(/^\w+:(.*?):\d+x.*$/s, "$1");
    if (!source) return this.say({ kind: "problem", text: t("paintings.localModel", { name }) });
    await this.load(source, (model) => this.context.keeper.openById(painting.id, model));
  }

  /** Loads a model of the list. */
  async loadListed(id: string): Promise<void> {
    const model = this.catalog.find((entry) => entry.id === id);
    if (model) await this.load(sourceFromCatalog(model));
  }

  /** Loads a model that is kept on this computer. */
  async loadKept(id: string): Promise<void> {
    const model = (await this.refreshKept()).find((entry) => entry.id === id);
    if (model) await this.load(sourceFromKept(model));
  }

  /** Loads a model from wherever it comes. False when nothing came of it. */
  async loadSource(source: ModelSource): Promise<boolean> {
    return this.load(source);
  }

  /** Loads a bundle from an address. */
  async loadAddress(address: string): Promise<void> {
    await this.load(sourceFromAddress(address));
  }

  /** Loads the same model again. */
  async reload(): Promise<void> {
    const { source } = this.context.session;
    if (this.retry) await this.retry();
    else if (source) await this.load(source);
  }

  /** Runs models elsewhere from now on, the one in use too. */
  async runOn(wish: DeviceWish): Promise<void> {
    this.context.session.deviceWish = wish;
    await this.reload();
  }

  /** Why the model runs where it runs; empty before one does. */
  deviceReason(): string {
    const { device } = this.context.studio.state;
    return device ? deviceWords(device) : "";
  }

  private async refreshKept(): Promise<readonly KeptModel[]> {
    this.kept = await this.listKept();
    return this.kept;
  }

  private async load(source: ModelSource, open?: OpenPainting): Promise<boolean> {
    const { session, studio } = this.context;
    this.speak(t("status.loading", { name: translatedName(source.name, language()) }));
    this.retry = undefined;
    const loaded = await session.load(source, open ?? ((model) => this.startFor(source, model)));
    if (!loaded && session.source === source) this.retry = () => this.load(source, open);
    const { device, model } = studio.state;
    if (loaded && device && model) {
      const name = translatedName(model.name, language());
      this.speak(t("status.loaded", { name, device: t(`device.${device.kind}`) }));
    }
    return loaded;
  }

  /** What is kept for a model; else what is shown, if it means the same there; else its first scene. */
  private async startFor(source: ModelSource, model: StudioModel): Promise<commands.PaintingStart> {
    const { studio, keeper } = this.context;
    if (!isPainted(model)) return { id: model.paintingKey };
    const start = await keeper.open(model);
    if (start.map || studio.paintingOf(start.id)) return start;
    const { map, model: before } = studio.state;
    if (map && before && hasSameClasses(before, model)) return { ...start, map };
    const [scene] = source.scenes;
    return scene === undefined ? start : { ...start, map: await this.files.readScene(scene, model) };
  }

  /** Before anything is loaded, even the list of models: a returning painter sees and goes on with their own work. */
  private async showLast(): Promise<void> {
    const { studio, keeper } = this.context;
    const last = await keeper.last();
    if (last) commands.modelKnown(studio, last.model, last.start);
  }

  /** What a link brings is a painting of its own, kept at once: nothing that was painted before is touched. */
  private async loadShared(source: ModelSource, { map, seed, look }: SharedScene): Promise<boolean> {
    const { keeper, studio, session } = this.context;
    const { model: used } = studio.state;
    if (session.isUsable && used && isSameOrigin(used.origin, source.origin)) {
      if (map && isPainted(used)) {
        commands.openPainting(studio, { ...keeper.begin(used, map), seed, look });
        await keeper.keepShown();
      } else {
        commands.changeSeed(studio, seed);
        if (look) chooseLook(studio, look);
      }
      forgetLink();
      return true;
    }
    let begun: commands.PaintingStart | undefined;
    const open = async (model: StudioModel): Promise<commands.PaintingStart> => {
      begun ??= map && isPainted(model) ? keeper.begin(model, map) : await this.startFor(source, model);
      return { ...begun, seed, look };
    };
    const attempt = async (): Promise<boolean> => {
      const loaded = await this.load(source, open);
      if (map && begun && studio.state.paintingId === begun.id) await keeper.keepShown();
      if (loaded) forgetLink();
      else this.retry &&= attempt;
      return loaded;
    };
    return attempt();
  }

  private sayFallback(): void {
    const { session } = this.context;
    const run = (): void => {
      session.deviceWish = "auto";
    };
    const action = { label: t("toast.stopWishing"), run };
    this.say({ kind: "notice", topic: "device", text: t("toast.fellBack"), action });
  }

  private async sharedScene(): Promise<SharedScene | undefined> {
    try {
      return await decodeShareLink(location.href);
    } catch (thrown) {
      this.say({ kind: "problem", text: fileErrorWords(thrown) });
      return undefined;
    }
  }
}

/** From here on a reload brings back what is painted, not what was shared. */
function forgetLink(): void {
  history.replaceState(null, "", location.pathname + location.search);
}

/** Whether what was painted for one model means the same to the other. */
function hasSameClasses(one: StudioModel, other: StudioModel): boolean {
  const names = (model: StudioModel): string => model.classes.map(({ id, name }) => `${id} ${name}`).join();
  return one.classes.length > 0 && names(one) === names(other);
}

/** Chooses models to load: at the start, by hand, from a share link, and again after a failure. */
import type { LabelMap } from "../canvas/label-map.js";
import type { LocalBundle } from "../files/bundle-folder.js";
import { decodeShareLink, type SharedScene } from "../files/share-link.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import { isPainted, type StudioModel } from "../state/studio-model.js";
import type { CatalogModel } from "./catalog.js";
import type { StudioContext } from "./context.js";
import { deviceWords } from "./device-words.js";
import type { FileActions } from "./file-actions.js";
import { fileErrorWords } from "./file-error-words.js";
import type { DeviceWish, ModelSource } from "./model-session.js";
import { sourceFromAddress, sourceFromBundle, sourceFromCatalog, sourceFromOrigin } from "./model-sources.js";
import type { Toast } from "./toasts.js";

/** Knows which models there are, and what is painted on first. */
export class ModelLoader {
  private catalog: readonly CatalogModel[] = [];

  constructor(
    private readonly context: StudioContext,
    private readonly files: FileActions,
    private readonly say: (toast: Toast) => void,
    private readonly speak: (text: string) => void,
  ) {}

  /** Loads what the page's address speaks of, else the first of the list. False when nothing came of it. */
  async start(catalog: readonly CatalogModel[]): Promise<boolean> {
    this.catalog = catalog;
    const shared = await this.sharedScene();
    const [first] = catalog;
    const source = (shared && sourceFromOrigin(shared.origin, catalog)) ?? (first && sourceFromCatalog(first));
    if (!source || !(await this.load(source))) return false;
    if (shared) this.show(shared);
    return true;
  }

  /** Loads a model of the list. */
  async loadListed(id: string): Promise<void> {
    const model = this.catalog.find((entry) => entry.id === id);
    if (model) await this.load(sourceFromCatalog(model));
  }

  /** Loads a bundle from an address. */
  async loadAddress(address: string): Promise<void> {
    await this.load(sourceFromAddress(address));
  }

  /** Loads a bundle from this computer. */
  async loadBundle(bundle: LocalBundle): Promise<void> {
    await this.load(sourceFromBundle(bundle));
  }

  /** Loads the same model again. */
  async reload(): Promise<void> {
    const { source } = this.context.session;
    if (source) await this.load(source);
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

  private async load(source: ModelSource): Promise<boolean> {
    const { session, studio } = this.context;
    this.speak(t("status.loading", { name: translatedName(source.name, language()) }));
    const loaded = await session.load(source, async (model) => {
      const { map, model: before } = studio.state;
      if (map && before && hasSameClasses(before, model)) return map;
      const [scene] = source.scenes;
      return scene === undefined || !isPainted(model) ? undefined : this.files.readScene(scene, model);
    });
    const { device, model } = studio.state;
    if (loaded && device && model) {
      const name = translatedName(model.name, language());
      this.speak(t("status.loaded", { name, device: t(`device.${device.kind}`) }));
    }
    return loaded;
  }

  private async sharedScene(): Promise<SharedScene | undefined> {
    try {
      return await decodeShareLink(location.href);
    } catch (thrown) {
      this.say({ kind: "problem", text: fileErrorWords(thrown) });
      return undefined;
    }
  }

  private show(shared: SharedScene): void {
    const { studio } = this.context;
    commands.setSeed(studio, shared.seed);
    const map: LabelMap | undefined = shared.map;
    if (map) commands.openLabelMap(studio, map, "open");
    // From here on a reload brings back what is painted, not what was shared.
    history.replaceState(null, "", location.pathname + location.search);
  }
}

/** Whether what was painted for one model means the same to the other. */
function hasSameClasses(one: StudioModel, other: StudioModel): boolean {
  const names = (model: StudioModel): string => model.classes.map(({ id, name }) => `${id} ${name}`).join();
  return one.classes.length > 0 && names(one) === names(other);
}

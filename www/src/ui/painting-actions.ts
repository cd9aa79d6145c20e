/** The list of kept paintings, and what is done with them. */
import type { LabelMap } from "../canvas/label-map.js";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import type { ListedPainting, PaintingKeeper } from "../state/painting-keeper.js";
import type { Studio } from "../state/studio.js";
import { isPainted } from "../state/studio-model.js";
import type { GalleryContent, NamedPainting } from "./painting-gallery.js";
import type { Toast } from "./toasts.js";

/** What the actions need from the shell. */
export interface PaintingActionsHost {
  readonly studio: Studio;
  readonly keeper: PaintingKeeper;
  readonly say: (toast: Toast) => void;
  /** The list has changed. */
  readonly changed: () => void;
  /** Loads the model that a painting was painted for, and opens it. */
  readonly openElsewhere: (painting: ListedPainting) => Promise<void>;
}

/** What the gallery shows and asks for. None of it throws. */
export class PaintingActions {
  private paintings: readonly ListedPainting[] = [];
  private problem: string | undefined;
  private deleted: { readonly name: string; readonly restore: () => Promise<void> } | undefined;

  constructor(private readonly host: PaintingActionsHost) {}

  /** For the gallery. */
  get content(): GalleryContent {
    const { paintings, problem, deleted } = this;
    return { paintings, problem, deleted: deleted?.name, modelKey: this.host.studio.state.model?.paintingKey ?? "" };
  }

  /** The gallery opens: reads the list; what was deleted before is gone. */
  async refresh(): Promise<void> {
    this.deleted = undefined;
    await this.read();
  }

  /** Begins a painting with nothing on it, or with what a link has brought. */
  async begin(map?: LabelMap, seed?: number): Promise<void> {
    const { studio, keeper } = this.host;
    const { model } = studio.state;
    if (!model || !isPainted(model)) return;
    commands.openPainting(studio, keeper.begin(model, map, seed));
    if (map) await keeper.keepShown();
  }

  /** Opens a painting; one of another model with that model. */
  async open(id: string): Promise<void> {
    const { studio, keeper, openElsewhere } = this.host;
    const painting = this.paintings.find((entry) => entry.id === id);
    const { model } = studio.state;
    if (!painting || painting.isShown) return;
    if (painting.modelKey !== model?.paintingKey) return openElsewhere(painting);
    commands.openPainting(studio, await keeper.openById(id, model));
  }

  /** Gives a painting another name. */
  async rename({ id, name }: NamedPainting): Promise<void> {
    await this.tried(() => this.host.keeper.rename(id, name));
  }

  /** Deletes a painting; `restore` brings it back as long as the gallery is open. In the place of the shown one comes a new one. */
  async remove(id: string): Promise<void> {
    const painting = this.paintings.find((entry) => entry.id === id);
    if (!painting) return;
    await this.tried(async () => {
      const restore = await this.host.keeper.remove(id);
      this.deleted = { name: painting.name, restore };
      if (painting.isShown) await this.begin();
    });
  }

  /** Brings back what was deleted last. */
  async restore(): Promise<void> {
    const { deleted } = this;
    this.deleted = undefined;
    if (deleted) await this.tried(deleted.restore);
  }

  private async tried(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.host.say({ kind: "problem", topic: "keep", text: t("paintings.failed", { reason }) });
    }
    await this.read();
  }

  private async read(): Promise<void> {
    ({ paintings: this.paintings, problem: this.problem } = await this.host.keeper.list());
    this.host.changed();
  }
}

/** Opening, saving and finding objects, and saying how that went. */
import { encodeInstancesPng, readInstancesPng } from "../files/instance-map-png.js";
import { pickFiles } from "../files/pick.js";
import { saveBlob, suggestedName } from "../files/save.js";
import { t } from "../i18n/language.js";
import { findObjects, openObjects } from "../state/object-commands.js";
import type { Studio } from "../state/studio.js";
import { fileErrorWords } from "./file-error-words.js";
import type { ObjectCommand } from "./object-bar.js";
import type { Toast } from "./toasts.js";

/** What the actions need from the shell. */
export interface ObjectActionsHost {
  readonly studio: Studio;
  readonly say: (toast: Toast) => void;
}

/** What the bar of objects asks for. None of it throws: problems are said. */
export class ObjectActions {
  constructor(private readonly host: ObjectActionsHost) {}

  /** Runs a command of the bar. */
  run(command: ObjectCommand): Promise<void> {
    return this.said(() => this.act(command));
  }

  /** Opens a file of objects for the label map that is shown. */
  openFile(file: File): Promise<void> {
    return this.said(() => this.read(file));
  }

  private async said(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      this.host.say({ kind: "problem", text: fileErrorWords(thrown) });
    }
  }

  private async act(command: ObjectCommand): Promise<void> {
    switch (command) {
      case "find-class":
        return this.find("class");
      case "find-everywhere":
        return this.find("everywhere");
      case "open":
        return this.open();
      case "save":
        return this.save("cityscapes");
      case "save-plain":
        return this.save("plain");
    }
  }

  private find(where: "class" | "everywhere"): void {
    const count = findObjects(this.host.studio, where);
    this.host.say({ text: t("toast.objectsFound", { count }) });
  }

  private async open(): Promise<void> {
    const [file] = await pickFiles({ accept: "image/png" });
    if (file) await this.read(file);
  }

  private async read(file: File): Promise<void> {
    const { studio, say } = this.host;
    const { map } = studio.state;
    if (!map) return;
    const { objects } = await readInstancesPng(file, file.name, map);
    // What was painted meanwhile counts too: numbers mean objects of the classes that are there now.
    if (studio.state.map !== map) return;
    openObjects(studio, objects);
    say({ text: t("toast.objectsOpened", { name: file.name }) });
  }

  private async save(rule: "cityscapes" | "plain"): Promise<void> {
    const { studio, say } = this.host;
    const { map, model } = studio.state;
    if (!map || !model) return;
    const name = suggestedName(model.name, "objects");
    saveBlob(await encodeInstancesPng(map, rule), name);
    say({ text: t("toast.saved", { name }) });
  }
}

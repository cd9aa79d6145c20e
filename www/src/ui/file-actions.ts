/** Opening, saving and sharing, and saying how that went. */
import type { Size } from "../canvas/geometry.js";
import { LabelMap, resizeLabelMap } from "../canvas/label-map.js";
import { hasObjects } from "../canvas/objects.js";
import { isBundleDrop, pickFolder, type LocalBundle } from "../files/bundle-folder.js";
import { FileError } from "../files/file-error.js";
import { filesFromDrop } from "../files/folder-files.js";
import type { ColorMatch } from "../files/label-colors.js";
import { encodeColorPng, encodeLabelMapPng, openLabelMapPng, readLabelMapPng } from "../files/label-map-png.js";
import { HEADER_END, isDeepGreyPng } from "../files/png-header.js";
import { MODEL_FILES, modelFromFiles, type WeightFiles } from "../files/model-files.js";
import { hasSameShape, reshapeLabelMap, type Reshape } from "../files/label-map-shape.js";
import { openPhoto } from "../files/photo.js";
import { pickFiles } from "../files/pick.js";
import { encodePicturePng } from "../files/picture.js";
import { saveBlob, suggestedName } from "../files/save.js";
import { encodeShareLink, type SharedScene } from "../files/share-link.js";
import type { MessageKey } from "../i18n/en.js";
import { language, t } from "../i18n/language.js";
import { fileErrorWords } from "./file-error-words.js";
import { sceneName } from "../i18n/names.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import type { StudioModel } from "../state/studio-model.js";
import type { ObjectActions } from "./object-actions.js";
import type { ShapeQuestion } from "./shape-question.js";
import type { Toast } from "./toasts.js";

/** What the actions need from the shell. */
export interface FileActionsHost {
  readonly studio: Studio;
  readonly say: (toast: Toast) => void;
  readonly loadBundle: (bundle: LocalBundle) => void;
  /** Objects in files of their own, where the model tells them apart. */
  readonly objects: Pick<ObjectActions, "openFile" | "run">;
  /** Looks into a bundle in one file, or into weights of the authors. */
  readonly openWeights: (files: WeightFiles) => void;
  /** Asks how a label map of another shape comes onto the canvas; undefined when the person would rather not. */
  readonly askShape: (question: ShapeQuestion) => Promise<Reshape | undefined>;
}

/** Every action of the file menu. None of them throws: problems are said. */
export class FileActions {
  /** The label map that was last copied in this tab: pictures in the clipboard have no objects. */
  copied: LabelMap | undefined;

  constructor(private readonly host: FileActionsHost) {}

  /** Asks for a file to start from: a photo where the model takes photos, else a label map. */
  async open(): Promise<void> {
    if (this.model?.input === "latent") return this.host.say({ text: t("latent.text") });
    const photo = this.model?.input === "photo";
    const [file] = await pickFiles({ accept: photo ? "image/*" : "image/png" });
    if (file) await this.openFile(file);
  }

  /** Opens a picture file as the model's input. */
  async openFile(file: File, from: "file" | "pasted" = "file"): Promise<void> {
    await this.said(async () => {
      const { model } = this;
      if (!model) return;
      if (model.input === "latent") return this.host.say({ kind: "problem", text: t("latent.text") });
      if (model.input === "photo") {
        commands.openPhoto(this.host.studio, await openPhoto(file, file.name, model.size));
        this.host.say({ text: t("toast.opened", { name: file.name }) });
        return;
      }
      await this.openLabels(file, model, "exact", from);
    });
  }

  /** Opens what was dropped on the page: a bundle, a label map or a photo. */
  async openDrop(transfer: DataTransfer): Promise<void> {
    await this.said(async () => {
      if (isBundleDrop(transfer)) {
        this.openModel(await filesFromDrop(transfer).then(modelFromFiles));
        return;
      }
      const files = [...transfer.files];
      const maps = this.model?.usesObjects === true ? await labelsAndObjects(files) : undefined;
      const [file] = maps ?? files;
      if (file) await this.openFile(file);
      if (maps) await this.host.objects.openFile(maps[1]);
    });
  }

  /** Asks for a bundle on this computer, and loads it. */
  async openBundle(from: "folder" | "files"): Promise<void> {
    await this.said(async () => {
      const files = from === "folder" ? await pickFolder() : await pickFiles({ accept: MODEL_FILES, multiple: true });
      if (files.length > 0) this.openModel(await modelFromFiles(files));
    });
  }

  /** Reads a scene for a model; undefined, and said, when it cannot be read. */
  async readScene(address: string, model: StudioModel): Promise<LabelMap | undefined> {
    return this.said(async () => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
      const name = sceneName(address, language());
      const { classes, size, usesObjects } = model;
      return (await openLabelMapPng(await response.blob(), name, classes, size, usesObjects)).map;
    });
  }

  /** Opens a scene over the painting, as one undoable step; an empty address clears the canvas. */
  async openScene(address: string): Promise<void> {
    const { studio } = this.host;
    if (address === "") return commands.clear(studio);
    const map = this.model && (await this.readScene(address, this.model));
    if (!map) return;
    commands.openLabelMap(studio, map, "scene");
    this.host.say({ text: t("toast.sceneOpened", { name: sceneName(address, language()) }) });
  }

  /** Saves the label map: its ids (and colours as the palette), or only colours. */
  async saveLabels(as: "ids" | "colors"): Promise<void> {
    await this.said(async () => {
      const { model } = this;
      const { map } = this.host.studio.state;
      if (!model || !map) return;
      const encode = as === "ids" ? encodeLabelMapPng : encodeColorPng;
      const name = suggestedName(model.name, as === "ids" ? "labels" : "colors");
      // They are in no label map: without a word they would be lost.
      const run = (): void => void this.host.objects.run("save");
      const action = hasObjects(map) ? { label: t("objects.saveToo"), run } : undefined;
      this.save(await encode(map, model.classes), name, action);
      commands.labelMapSaved(this.host.studio);
    });
  }

  /** Saves the picture. */
  async savePicture(): Promise<void> {
    await this.said(async () => {
      const { picture } = this.host.studio.state;
      if (picture) this.save(await encodePicturePng(picture.image), suggestedName(this.model?.name ?? "", "picture"));
    });
  }

  /** Copies a link that brings back the model and what is painted. */
  async share(): Promise<void> {
    await this.said(async () => {
      const { model } = this;
      if (!model) return;
      const { seed, map, look } = this.host.studio.state;
      const { origin } = model;
      const attempts: [LabelMap | undefined, MessageKey][] = [[map, "toast.shareCopied"]];
      // What does not fit stays behind, and is said: first the objects, then the painting.
      if (map && hasObjects(map)) attempts.push([withoutObjects(map), "toast.shareWithoutObjects"]);
      if (map) attempts.push([undefined, "toast.shareModelOnly"]);
      for (const [shared, copied] of attempts) {
        const link = await linkIfShort({ origin, seed, map: shared, look });
        if (link !== undefined) return this.copy(link, copied);
      }
    });
  }

  private async openLabels(file: File, model: StudioModel, colors: ColorMatch, from: "file" | "pasted"): Promise<void> {
    const { studio, say } = this.host;
    const { classes, usesObjects } = model;
    const read = await readLabelMapPng(file, file.name, classes, colors, usesObjects).catch((thrown: unknown) => {
      if (!(thrown instanceof FileError)) throw thrown;
      if (usesObjects && thrown.code === "unknown-class" && studio.state.map) return this.offerObjects(file, thrown);
      if (thrown.code !== "unknown-color") throw thrown;
      const again = () => void this.said(() => this.openLabels(file, model, "nearest", from));
      const action = { label: t("toast.nearest"), run: again };
      say({ kind: "problem", topic: "colors", text: fileErrorWords(thrown), action });
    });
    const isCopied =
      from === "pasted" && read !== undefined && this.copied !== undefined && sameIds(read.map, this.copied);
    const found = isCopied ? this.copied : read?.map;
    const map = found && (await this.atSize(found, file.name, model));
    if (!read || !map || studio.state.model !== model) return;
    commands.openLabelMap(studio, map, "open");
    const resizedFrom = read.map.width === map.width && read.map.height === map.height ? undefined : read.map;
    say({ text: openedWords(file.name, { resizedFrom, approximated: read.approximated }) });
  }

  /** A map of objects, numbered plainly, has numbers that no class has. */
  private offerObjects(file: File, error: FileError): void {
    const { say, objects } = this.host;
    const action = { label: t("objects.openAs"), run: () => void objects.openFile(file) };
    say({ kind: "problem", topic: "objects", text: fileErrorWords(error), action });
  }

  /** At the model's size; a map of another shape as the person says. */
  private async atSize(map: LabelMap, name: string, { size, classes }: StudioModel): Promise<LabelMap | undefined> {
    if (hasSameShape(map, size)) return resizeLabelMap(map, size.width, size.height);
    const how = await this.host.askShape({ name, map, classes, size });
    return how && reshapeLabelMap(map, size, how);
  }

  private openModel(found: LocalBundle | WeightFiles): void {
    if ("manifest" in found) this.host.loadBundle(found);
    else this.host.openWeights(found);
  }

  private get model(): StudioModel | undefined {
    return this.host.studio.state.model;
  }

  private save(blob: Blob, name: string, action?: Toast["action"]): void {
    saveBlob(blob, name);
    this.host.say({ text: t("toast.saved", { name }), ...(action && { action }) });
  }

  /** Where the clipboard is out of reach, the link goes into the address bar. */
  private async copy(link: string, copied: MessageKey): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      this.host.say({ text: t(copied) });
    } catch {
      history.replaceState(null, "", link);
      this.host.say({ text: t("toast.shareInBar") });
    }
  }

  private async said<Result>(action: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await action();
    } catch (thrown) {
      this.host.say({ kind: "problem", text: fileErrorWords(thrown) });
      return undefined;
    }
  }
}

/** Undefined where the painting does not fit into a link. */
async function linkIfShort(scene: SharedScene): Promise<string | undefined> {
  try {
    return await encodeShareLink(location.href, scene);
  } catch (thrown) {
    if (thrown instanceof FileError && thrown.code === "share-too-large") return undefined;
    throw thrown;
  }
}

/** Of two PNG files that were dropped together, the label map, and the one with objects: 16-bit grey. */
async function labelsAndObjects(files: readonly File[]): Promise<readonly [labels: File, objects: File] | undefined> {
  const [one, other] = files;
  if (files.length !== 2 || !one || !other) return undefined;
  const deep = await Promise.all(
    [one, other].map(async (file) => isDeepGreyPng(new Uint8Array(await file.slice(0, HEADER_END).arrayBuffer()))),
  );
  if (deep[0] === deep[1]) return undefined;
  return deep[0] === true ? [other, one] : [one, other];
}

function sameIds(one: LabelMap, other: LabelMap): boolean {
  return withoutObjects(one).equals(withoutObjects(other));
}

function withoutObjects({ width, height, ids }: LabelMap): LabelMap {
  return new LabelMap(width, height, ids);
}

/** What was opened, and what had to be changed in it. */
function openedWords(
  name: string,
  { resizedFrom, approximated }: { readonly resizedFrom: Size | undefined; readonly approximated: number },
): string {
  const notes = [t("toast.opened", { name })];
  if (resizedFrom) notes.push(t("toast.resizedFrom", { width: resizedFrom.width, height: resizedFrom.height }));
  if (approximated > 0) notes.push(t("toast.approximated", { count: approximated }));
  return notes.join(" · ");
}

/** Copies pictures and label maps, and pastes them. */
import type { LabelMap } from "../canvas/label-map.js";
import { encodeColorPng } from "../files/label-map-png.js";
import { encodePicturePng } from "../files/picture.js";
import { t } from "../i18n/language.js";
import type { Studio } from "../state/studio.js";
import { chordKeys, isMac, PASTE_CHORD } from "../tools/shortcuts.js";
import type { Toast } from "./toasts.js";

/** What the actions need from the shell. */
export interface ClipboardHost {
  readonly studio: Studio;
  readonly say: (toast: Toast) => void;
  readonly openFile: (file: File) => Promise<void>;
  /** What was copied: where the same ids come again, its objects come with them. */
  readonly remember: (map: LabelMap) => void;
}

/** The clipboard. None of it throws: problems are said. */
export class ClipboardActions {
  constructor(private readonly host: ClipboardHost) {}

  /** Copies the picture. False when there is none. */
  copyPicture(): boolean {
    const { picture } = this.host.studio.state;
    if (!picture) return false;
    void this.copy(encodePicturePng(picture.image), t("toast.copiedPicture"));
    return true;
  }

  /**
   * Copies the label map in its classes' colours: browsers draw copied pictures anew, and indices would not outlast that.
   * Objects cannot travel in it: this tab remembers them, for when the same map is pasted. False when nothing is painted.
   */
  copyLabels(): boolean {
    const { map, model } = this.host.studio.state;
    if (!map || !model) return false;
    this.host.remember(map.clone());
    void this.copy(encodeColorPng(map, model.classes), t("toast.copiedLabels"));
    return true;
  }

  /** Pastes what a paste event brings; false when that is no picture, and none of ours. */
  pasteFrom(transfer: DataTransfer | null): boolean {
    const file = [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return false;
    void this.host.openFile(named(file));
    return true;
  }

  /** Pastes what the clipboard has, asking the browser for it. */
  async paste(): Promise<void> {
    let items: ClipboardItems;
    try {
      items = await navigator.clipboard.read();
    } catch {
      // Refused, or not offered to this page: the key works all the same.
      const keys = chordKeys(PASTE_CHORD, isMac()).join("+");
      return this.host.say({ kind: "problem", topic: "clipboard", text: t("toast.cannotPaste", { keys }) });
    }
    for (const item of items) {
      const type = item.types.find((entry) => entry.startsWith("image/"));
      if (type) return this.host.openFile(named(await item.getType(type)));
    }
    this.host.say({ text: t("toast.nothingToPaste") });
  }

  /** Safari wants the promise, not its result: after waiting for that the click would be forgotten. */
  private async copy(png: Promise<Blob>, copied: string): Promise<void> {
    try {
      if (typeof ClipboardItem === "undefined") throw new Error(String(location.origin));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
      this.host.say({ text: copied });
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const text = t("toast.cannotCopy", { reason: reason.replace(/[.\s]*$/, ".") });
      this.host.say({ kind: "problem", topic: "clipboard", text });
    }
  }
}

/** With a name for messages: what comes from a clipboard has none that says anything. */
function named(blob: Blob): File {
  return new File([blob], t("toast.pasted"), { type: blob.type });
}

/** Giving a scene styles and looks of one's own, and saying how that went. */
import { errorFrom } from "../engine/errors.js";
import { pickFiles } from "../files/pick.js";
import { FileError } from "../files/file-error.js";
import { t } from "../i18n/language.js";
import { instancesOf } from "../canvas/instance-map.js";
import { openPhoto } from "../files/photo.js";
import { chooseObjectLooks, chooseStyle } from "../state/look-commands.js";
import { looksOfScene } from "../state/object-looks.js";
import type { StudioContext } from "./context.js";
import { fileErrorWords } from "./file-error-words.js";
import { hasStyles } from "./style-shelf.js";
import type { Toast } from "./toasts.js";

/** None of the actions throws: problems are said. */
export class LookActions {
  /** Whether looks are being read from a photo. */
  isReading = false;

  constructor(
    private readonly context: StudioContext,
    private readonly say: (toast: Toast) => void,
    private readonly changed: () => void,
  ) {
    context.shelf.onProblem = (what, reason) =>
      say({ kind: "problem", topic: "style", text: t(`style.${what}`, { reason }) });
  }

  /** Asks for photos, and takes the style of the last. */
  async addPhotos(): Promise<void> {
    const files = await pickFiles({ accept: "image/*", multiple: true });
    await this.addAll(files);
  }

  /**
   * Takes dropped pictures as styles: those that were dropped on the styles, and others that can be no label maps, which
   * are PNG files. False where they are none.
   */
  takeDrop(transfer: DataTransfer, onStyles: boolean): boolean {
    const { model } = this.context.studio.state;
    const files = [...transfer.files];
    const isStyle = ({ type }: File): boolean => type.startsWith("image/") && (onStyles || type !== "image/png");
    if (!model || !hasStyles(model) || model.hasEncoder !== true || files.length === 0 || !files.every(isStyle)) {
      return false;
    }
    void this.addAll(files);
    return true;
  }

  /** Asks for a photo of what is painted, and gives every object the look that it has there, as one undoable step. */
  async readLooks(): Promise<void> {
    const [file] = await pickFiles({ accept: "image/*" });
    if (!file) return;
    try {
      await this.readLooksFrom(file);
    } catch (thrown) {
      const reason = thrown instanceof FileError ? fileErrorWords(thrown) : errorFrom(thrown).message;
      this.say({ kind: "problem", topic: "style", text: t("style.failed", { reason }) });
    }
  }

  private async readLooksFrom(file: File): Promise<void> {
    const { studio, session } = this.context;
    const { map, model } = studio.state;
    const generator = session.current;
    if (!map || !model || !generator) return;
    const photo = await openPhoto(file, file.name, { width: map.width, height: map.height });
    // Painting goes on in the map.
    const painted = map.clone();
    const instances = instancesOf(painted);
    const { ids, width, height } = painted;
    this.isReading = true;
    this.changed();
    try {
      const input = { ids, width, height, ...(instances && { instances }) };
      const looks = looksOfScene(await generator.looksOf(input, photo), painted, instances);
      if (studio.state.model !== model) return;
      chooseObjectLooks(studio, looks);
      this.say({ text: t("object.fromPhotoDone", { count: looks.length, name: file.name }) });
    } finally {
      this.isReading = false;
      this.changed();
    }
  }

  private async addAll(files: readonly File[]): Promise<void> {
    for (const file of files) await this.addPhoto(file);
  }

  /** Reads a photo's style, keeps it, and shows the scene in it. */
  async addPhoto(file: File): Promise<void> {
    try {
      chooseStyle(this.context.studio, await this.context.shelf.addPhoto(file));
    } catch (thrown) {
      const reason = thrown instanceof FileError ? fileErrorWords(thrown) : errorFrom(thrown).message;
      this.say({ kind: "problem", topic: "style", text: t("style.failed", { reason }) });
    }
  }
}

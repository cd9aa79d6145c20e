/** The shell's dialogs: paintings, scenes, models, shortcuts, about, and the question about another shape. */
import { html, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import type { CheckpointAnswers } from "../engine/checkpoint.js";
import type { Reshape } from "../files/label-map-shape.js";
import type { KeptModel } from "../state/kept-models.js";
import type { CatalogModel } from "./catalog.js";
import type { CheckpointContent } from "./checkpoint-question.js";
import type { GalleryContent, NamedPainting } from "./painting-gallery.js";
import type { ShapeQuestion } from "./shape-question.js";

/** The dialogs there are. */
export type DialogName = "paintings" | "scenes" | "models" | "shortcuts" | "about" | "shape" | "checkpoint";

/** What the dialogs show, and what they do when something is chosen. */
export interface DialogParts {
  readonly catalog: readonly CatalogModel[];
  /** Models that are kept on this computer. */
  readonly kept: readonly KeptModel[];
  /** About the weight file that is being opened, if one is. */
  readonly checkpoint: CheckpointContent | undefined;
  readonly scenes: readonly string[];
  readonly paintings: GalleryContent;
  /** About the file that is being opened, if there is something to ask. */
  readonly shape: ShapeQuestion | undefined;
  /** Id of the listed or kept model in use, or empty. */
  readonly current: string;
  readonly pickPainting: (id: string) => void;
  readonly newPainting: () => void;
  readonly renamePainting: (painting: NamedPainting) => void;
  readonly deletePainting: (id: string) => void;
  readonly restorePainting: () => void;
  readonly answerShape: (how: Reshape | undefined) => void;
  readonly pickScene: (address: string) => void;
  readonly pickModel: (id: string) => void;
  readonly pickAddress: (address: string) => void;
  readonly pickLocal: (from: "folder" | "files") => void;
  readonly pickKept: (id: string) => void;
  readonly saveKept: (id: string) => void;
  readonly removeKept: (id: string) => void;
  readonly answerCheckpoint: (answers: CheckpointAnswers) => void;
  readonly useCheckpoint: (keep: boolean) => void;
  readonly saveCheckpoint: () => void;
  readonly closeCheckpoint: () => void;
}

/** All of them, closed. */
export function shellDialogs(parts: DialogParts): TemplateResult {
  return html`<up-dialog data-dialog="paintings" .heading=${t("paintings.title")} wide>
      <up-painting-gallery
        .content=${parts.paintings}
        @painting-new=${() => parts.newPainting()}
        @painting-open=${(event: CustomEvent<string>) => parts.pickPainting(event.detail)}
        @painting-rename=${(event: CustomEvent<NamedPainting>) => parts.renamePainting(event.detail)}
        @painting-delete=${(event: CustomEvent<string>) => parts.deletePainting(event.detail)}
        @painting-restore=${() => parts.restorePainting()}
      ></up-painting-gallery>
    </up-dialog>
    <up-dialog data-dialog="shape" .heading=${t("shape.title")} @closed=${() => parts.answerShape(undefined)}>
      <up-shape-question
        .question=${parts.shape}
        @shape-pick=${(event: CustomEvent<Reshape>) => parts.answerShape(event.detail)}
      ></up-shape-question>
    </up-dialog>
    <up-dialog data-dialog="scenes" .heading=${t("scenes.title")} wide>
      <up-scene-gallery
        .scenes=${parts.scenes}
        @scene-pick=${(event: CustomEvent<string>) => parts.pickScene(event.detail)}
      ></up-scene-gallery>
    </up-dialog>
    <up-dialog data-dialog="models" .heading=${t("model.choose")}>
      <up-model-picker
        .models=${parts.catalog}
        .kept=${parts.kept}
        .current=${parts.current}
        @model-pick=${(event: CustomEvent<string>) => parts.pickModel(event.detail)}
        @model-address=${(event: CustomEvent<string>) => parts.pickAddress(event.detail)}
        @model-local=${(event: CustomEvent<"folder" | "files">) => parts.pickLocal(event.detail)}
        @model-kept=${(event: CustomEvent<string>) => parts.pickKept(event.detail)}
        @model-save=${(event: CustomEvent<string>) => parts.saveKept(event.detail)}
        @model-remove=${(event: CustomEvent<string>) => parts.removeKept(event.detail)}
      ></up-model-picker>
    </up-dialog>
    <up-dialog data-dialog="checkpoint" .heading=${t("checkpoint.title")} @closed=${() => parts.closeCheckpoint()}>
      <up-checkpoint-question
        .content=${parts.checkpoint}
        @checkpoint-answer=${(event: CustomEvent<CheckpointAnswers>) => parts.answerCheckpoint(event.detail)}
        @checkpoint-open=${(event: CustomEvent<boolean>) => parts.useCheckpoint(event.detail)}
        @checkpoint-save=${() => parts.saveCheckpoint()}
      ></up-checkpoint-question>
    </up-dialog>
    <up-dialog data-dialog="shortcuts" .heading=${t("shortcuts.title")} wide plain>
      <up-shortcut-sheet></up-shortcut-sheet>
    </up-dialog>
    <up-dialog data-dialog="about" .heading=${t("about.title")}>
      <p>${t("about.text")}</p>
      <p>${t("about.licence")}</p>
      <p>
        <small
          >${t("about.icons")} <a href="./licenses.md" target="_blank">${t("about.licences")}</a>
          <a href="./licenses-wasm.txt" target="_blank">${t("about.moduleLicences")}</a></small
        >
      </p>
    </up-dialog>`;
}

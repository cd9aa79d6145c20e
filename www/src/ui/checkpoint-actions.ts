/** Opening weight files of the authors and bundles in one file: looking into them, asking, loading, keeping, saving. */
import type { CheckpointAnswers, CheckpointSource } from "../engine/checkpoint.js";
import { CheckpointReader, type PackOptions } from "../engine/checkpoint-reader.js";
import { BUNDLE_ENDING, isBundleFile } from "../engine/bundle-file.js";
import { errorFrom } from "../engine/errors.js";
import type { LocalBundle } from "../files/bundle-folder.js";
import { joinedBundle } from "../files/bundle-joined.js";
import type { WeightFiles } from "../files/model-files.js";
import { saveBlob } from "../files/save.js";
import { t } from "../i18n/language.js";
import { canKeepModels, type KeptModel, type KeptModels } from "../state/kept-models.js";
import type { CheckpointContent } from "./checkpoint-question.js";
import type { ModelSource } from "./model-session.js";
import { sourceFromBundle } from "./model-sources.js";
import type { Toast } from "./toasts.js";

/** What the actions need from the shell. */
export interface CheckpointHost {
  readonly kept: KeptModels;
  readonly say: (toast: Toast) => void;
  /** The content, or the list of kept models, has changed. */
  readonly changed: () => void;
  /** Shows or hides the dialog. */
  readonly ask: (open: boolean) => void;
  /** Loads a model. False when nothing came of it. */
  readonly load: (source: ModelSource) => Promise<boolean>;
}

/** Every action around weight files. None of them throws: problems are shown. */
export class CheckpointActions {
  /** What the dialog shows. */
  content: CheckpointContent | undefined;
  /** The models that are kept on this computer. */
  models: readonly KeptModel[] = [];
  private source: CheckpointSource | undefined;
  private reader: CheckpointReader | undefined;
  private asked = 0;

  constructor(private readonly host: CheckpointHost) {}

  /** Looks up what is kept. */
  async refresh(): Promise<readonly KeptModel[]> {
    this.models = await this.host.kept.list();
    this.host.changed();
    return this.models;
  }

  /** Opens what was dropped or picked: a bundle is loaded and kept, of weights is asked what they do not tell. */
  async open({ file, encoder }: WeightFiles): Promise<void> {
    if (await isBundleFile(file, file.name).catch(() => false)) {
      await this.openBundle({ file, name: file.name, answers: {} });
      return;
    }
    this.close();
    const beside = encoder && { file: encoder, name: encoder.name };
    this.source = { file, name: file.name, encoder: beside, answers: {} };
    this.reader = new CheckpointReader(this.source);
    this.content = {
      name: file.name,
      encoderName: encoder?.name,
      report: undefined,
      answers: {},
      problem: undefined,
      canKeep: canKeepModels(),
      packing: undefined,
    };
    this.host.ask(true);
    await this.answer({});
  }

  /** Looks into the file again, with other answers. */
  async answer(answers: CheckpointAnswers): Promise<void> {
    const { reader } = this;
    if (!reader) return;
    this.asked += 1;
    const { asked } = this;
    this.show({ answers });
    try {
      const report = await reader.inspect(answers);
      if (asked === this.asked) this.show({ report, problem: undefined });
    } catch (thrown) {
      if (asked === this.asked) this.show({ problem: errorFrom(thrown).message });
    }
  }

  /** Loads the model that was asked about; keeps it once it runs. */
  async use(keep: boolean): Promise<void> {
    const { source, content } = this;
    if (!source || !content) return;
    const answered = { ...source, answers: content.answers };
    const name = content.report?.manifest.name ?? source.name;
    this.host.ask(false);
    this.close();
    const { id, file } = this.host.kept.begin();
    const origin = keep ? ({ kind: "kept", id } as const) : ({ kind: "local" } as const);
    const loaded = await this.host.load({ name, origin, bundle: answered, scenes: [] });
    if (loaded && keep) await this.keep(answered, name, id, file);
  }

  /** Saves the model as a bundle in one file. */
  async save(): Promise<void> {
    const { reader, content } = this;
    if (!reader || !content) return;
    const onProgress = (packing: number): void => this.show({ packing });
    onProgress(0);
    try {
      const blob = await packed(reader, content.answers, { onProgress });
      const name = `${content.report?.manifest.name ?? "model"}.underpaint`;
      saveBlob(blob, name);
      this.host.say({ text: t("toast.saved", { name }) });
    } catch (thrown) {
      this.show({ problem: errorFrom(thrown).message });
    } finally {
      this.show({ packing: undefined });
    }
  }

  /** Saves a kept model as a file. */
  saveKept(id: string): void {
    const model = this.models.find((entry) => entry.id === id);
    if (!model) return;
    const name = `${model.name}.underpaint`;
    saveBlob(model.file, name);
    this.host.say({ text: t("toast.saved", { name }) });
  }

  /** Lets a kept model go. */
  async remove(id: string): Promise<void> {
    try {
      await this.host.kept.remove(id);
    } catch (thrown) {
      this.host.say({ kind: "problem", text: errorFrom(thrown).message });
    }
    await this.refresh();
  }

  /** The dialog was closed: nothing more is asked. */
  close(): void {
    this.reader?.close();
    this.reader = undefined;
    this.source = undefined;
    this.asked += 1;
  }

  /** Loads a bundle's folder, and keeps it as one file. */
  async openFolder(bundle: LocalBundle): Promise<void> {
    const { id, file } = this.host.kept.begin();
    const keep = canKeepModels();
    const source = sourceFromBundle(bundle);
    const loaded = await this.host.load(keep ? { ...source, origin: { kind: "kept", id } } : source);
    if (!loaded || !keep) return;
    const joined = await joinedBundle(bundle);
    await this.keep({ file: joined, name: `${bundle.name}${BUNDLE_ENDING}`, answers: {} }, bundle.name, id, file);
  }

  private async openBundle(source: CheckpointSource): Promise<void> {
    const name = source.name.replace(/\.underpaint$/i, "");
    const { id, file } = this.host.kept.begin();
    const keep = canKeepModels();
    const origin = keep ? ({ kind: "kept", id } as const) : ({ kind: "local" } as const);
    const loaded = await this.host.load({ name, origin, bundle: source, scenes: [] });
    if (loaded && keep) await this.keep(source, name, id, file);
  }

  private async keep(source: CheckpointSource, name: string, id: string, file: string): Promise<void> {
    const reader = new CheckpointReader(source);
    try {
      await packed(reader, source.answers, { keepAs: file });
      await this.host.kept.finish(id, name);
      this.host.say({ text: t("toast.modelKept", { name }) });
    } catch (thrown) {
      this.host.say({ kind: "problem", text: t("toast.modelNotKept", { reason: errorFrom(thrown).message }) });
    } finally {
      reader.close();
    }
    await this.refresh();
  }

  private show(change: Partial<CheckpointContent>): void {
    if (!this.content) return;
    this.content = { ...this.content, ...change };
    this.host.changed();
  }
}

/** Of half the size where that holds the weights, which it nearly always does. */
async function packed(
  reader: CheckpointReader,
  answers: CheckpointAnswers,
  options: Omit<PackOptions, "dtype">,
): Promise<Blob> {
  try {
    return await reader.pack(answers, { ...options, dtype: "f16" });
  } catch (thrown) {
    if (!/too large for f16/.test(errorFrom(thrown).message)) throw thrown;
    return reader.pack(answers, { ...options, dtype: "f32" });
  }
}

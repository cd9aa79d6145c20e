/** Says what a weight file holds, and asks what its weights do not tell. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { CheckpointAnswers, CheckpointQuestion, CheckpointReport } from "../engine/checkpoint.js";
import type { MessageKey } from "../i18n/en.js";
import { t } from "../i18n/language.js";
import { paletteChoices } from "./checkpoint-palettes.js";
import { checkpointWords, familyWords } from "./checkpoint-words.js";
import { formatBytes } from "./format.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What is shown. */
export interface CheckpointContent {
  /** Names of the files. */
  readonly name: string;
  readonly encoderName: string | undefined;
  /** Undefined while the file is being looked into. */
  readonly report: CheckpointReport | undefined;
  readonly answers: CheckpointAnswers;
  /** Why the file, or an answer, does not fit. */
  readonly problem: string | undefined;
  /** Whether the model can be kept on this computer. */
  readonly canKeep: boolean;
  /** Share of the bundle that is written, while that goes on. */
  readonly packing: number | undefined;
}

/** Bytes of a number in a kept bundle. */
const KEPT_BYTES = 2;

/**
 * `<up-checkpoint-question>`: shows `content`; emits `checkpoint-answer` (answers that have changed), `checkpoint-open`
 * (whether to keep the model) and `checkpoint-save`.
 */
export class CheckpointQuestions extends StudioElement {
  static override readonly properties = { content: { attribute: false }, keep: { state: true } };

  static override readonly styles = [
    base,
    buttons,
    css`
      p {
        overflow-wrap: anywhere;
      }
      .file,
      .hint {
        font-size: 13px;
        color: var(--soft);
      }
      .found {
        margin: 4px 0 16px;
        font-weight: 600;
      }
      .problem {
        margin: 8px 0 16px;
        white-space: pre-line;
        color: var(--danger, inherit);
      }
      .fields {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        gap: 12px 16px;
        margin-bottom: 16px;
      }
      .fields label:not(.tick) {
        display: grid;
        gap: 4px;
        font-size: 13px;
      }
      label.tick {
        display: flex;
        align-items: center;
        gap: 10px;
        min-height: var(--target);
      }
      label.tick input {
        width: 20px;
        height: 20px;
        flex: none;
        accent-color: var(--accent);
      }
      label.wide {
        grid-column: 1 / -1;
      }
      select,
      input[type="number"] {
        width: 100%;
        min-height: var(--target);
        padding: 0 10px;
        border: 1px solid var(--strong);
        border-radius: var(--radius-small);
        background: var(--paper);
        color: inherit;
        font: inherit;
        font-size: max(16px, 1em);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 8px;
      }
      progress {
        width: 100%;
        accent-color: var(--accent);
      }
      @media (max-width: 599px) {
        .fields {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  declare content: CheckpointContent | undefined;
  declare private keep: boolean;

  constructor() {
    super();
    this.keep = true;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { content } = this;
    if (!content) return nothing;
    const { name, encoderName, report, problem } = content;
    const files = encoderName === undefined ? name : `${name} + ${encoderName}`;
    return html`<p class="file">${files}</p>
      ${report ? html`<p class="found" data-found>${checkpointWords(report)}</p>` : nothing}
      ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
      ${!report && problem === undefined ? html`<p role="status">${t("checkpoint.looking")}</p>` : nothing}
      ${report ? this.form(content, report) : nothing}`;
  }

  private form(content: CheckpointContent, report: CheckpointReport): TemplateResult {
    const { problem, canKeep, packing } = content;
    const blocked = problem !== undefined || packing !== undefined;
    const bytes = formatBytes(KEPT_BYTES * (report.numbers + report.encoderNumbers));
    const takes = report.taken === undefined ? "" : t("checkpoint.taken", { name: report.taken || name(report) });
    return html`${takes === "" ? nothing : html`<p class="hint">${takes}</p>`}
      ${report.questions.length > 0 ? html`<p class="hint">${t("checkpoint.ask")}</p>` : nothing}
      <div class="fields">${report.questions.map((question) => this.field(question, report))}</div>
      ${
        canKeep
          ? html`<label class="tick"
              ><input
                type="checkbox"
                data-keep
                .checked=${this.keep}
                @change=${(event: Event) => (this.keep = (event.target as HTMLInputElement).checked)}
              />${t("checkpoint.keep", { bytes })}</label
            >`
          : nothing
      }
      ${packing === undefined ? nothing : html`<progress aria-label=${t("checkpoint.saving")} .value=${packing}></progress>`}
      <div class="row">
        <button
          class="primary"
          data-open
          ?disabled=${blocked}
          @click=${() => this.emit("checkpoint-open", canKeep && this.keep)}
        >
          ${t("checkpoint.open")}
        </button>
        <button class="outline" data-save ?disabled=${blocked} @click=${() => this.emit("checkpoint-save", undefined)}>
          ${glyph("save")}${t("checkpoint.save")}
        </button>
      </div>`;
  }

  private field(question: CheckpointQuestion, report: CheckpointReport): TemplateResult | typeof nothing {
    const { manifest } = report;
    const { input, size, test_time } = manifest;
    const labels = input.kind === "labels" ? input : undefined;
    switch (question) {
      case "family": {
        const both = [manifest.model.family, report.or ?? ""].filter((family) => family !== "");
        const choices = both.map((family) => [family, familyWords(family)] as const);
        return this.choice(question, manifest.model.family, choices);
      }
      case "labels":
        return this.choice(question, String(labels !== undefined), pictureChoices("true", "false"), asSwitch);
      case "pictures":
        return this.choice(question, String(labels === undefined), pictureChoices("false", "true"), asSwitch);
      case "dontCare":
        return labels ? this.tick(question, labels.dont_care === true) : nothing;
      case "edges":
        return labels ? this.tick(question, labels.edges === true) : nothing;
      case "noDropout":
        return this.tick(question, this.content?.answers.noDropout === true);
      case "upsampling":
        return this.choice(question, this.content?.answers.upsampling ?? "normal", words(question, ["normal", "more"]));
      case "network":
        return this.choice(
          question,
          this.content?.answers.network ?? "average",
          words(question, ["average", "generator"]),
        );
      case "statistics":
        return this.choice(question, test_time.statistics, words(question, ["batch", "running"]));
      case "palette":
        return labels ? this.choice(question, report.palette ?? "numbered", paletteChoices()) : nothing;
      case "size":
        return this.number(question, size.width, { min: 1, max: 65536, step: 1 });
      case "aspectRatio":
        return this.number(question, Number((size.width / size.height).toFixed(4)), {
          min: 0.01,
          max: 100,
          step: "any",
        });
      default:
        return nothing;
    }
  }

  private choice(
    question: CheckpointQuestion,
    chosen: string,
    choices: readonly (readonly [string, string])[],
    convert: (value: string) => unknown = (value) => value,
  ): TemplateResult {
    const changed = (event: Event): void => this.answer(question, convert((event.target as HTMLSelectElement).value));
    return html`<label
      >${t(`checkpoint.${question}` as MessageKey)}
      <select name=${question} .value=${chosen} @change=${changed}>
        ${choices.map(([value, shown]) => html`<option value=${value} ?selected=${value === chosen}>${shown}</option>`)}
      </select></label
    >`;
  }

  private tick(question: CheckpointQuestion, checked: boolean): TemplateResult {
    const changed = (event: Event): void => this.answer(question, (event.target as HTMLInputElement).checked);
    return html`<label class="tick"
      ><input type="checkbox" name=${question} .checked=${checked} @change=${changed} />${t(
        `checkpoint.${question}` as MessageKey,
      )}</label
    >`;
  }

  private number(
    question: CheckpointQuestion,
    value: number,
    { min, max, step }: { min: number; max: number; step: number | "any" },
  ): TemplateResult {
    const changed = (event: Event): void => {
      const { valueAsNumber } = event.target as HTMLInputElement;
      if (Number.isFinite(valueAsNumber)) this.answer(question, valueAsNumber);
    };
    return html`<label
      >${t(`checkpoint.${question}` as MessageKey)}
      <input
        type="number"
        name=${question}
        inputmode="decimal"
        min=${min}
        max=${max}
        step=${step}
        .value=${String(value)}
        @change=${changed}
      />
    </label>`;
  }

  private answer(question: CheckpointQuestion, value: unknown): void {
    this.emit("checkpoint-answer", { ...this.content?.answers, [question]: value });
  }
}

function name({ manifest }: CheckpointReport): string {
  return manifest.provenance.imported_from ?? manifest.name;
}

function asSwitch(value: string): boolean {
  return value === "true";
}

function pictureChoices(labels: string, pictures: string): readonly (readonly [string, string])[] {
  return [
    [pictures, t("checkpoint.takesPictures")],
    [labels, t("checkpoint.takesLabels")],
  ];
}

function words(question: string, values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [value, t(`checkpoint.${question}.${value}` as MessageKey)] as const);
}

customElements.define("up-checkpoint-question", CheckpointQuestions);

/** Three steps for a first visit, each beside what it speaks of. Never in the way of painting. */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { t } from "../i18n/language.js";
import { coachPlace, type CoachPlace } from "./coach-place.js";
import { glyph } from "./glyph.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";

/** What the steps speak of. */
export const COACH_STEPS = ["pick", "paint", "watch"] as const;

/** One of the steps. */
export type CoachStep = (typeof COACH_STEPS)[number];

/** What a person does without being led there: picks a label, or finishes a stroke. */
export type CoachDeed = "pick" | "paint";

/** The step to show once a person has done something alone; undefined when nothing is left to say. */
export function stepAfterDeed(step: CoachStep, deed: CoachDeed): CoachStep | undefined {
  if (deed === "pick") return step === "pick" ? "paint" : step;
  return step === "watch" ? undefined : "watch";
}

/** `<up-coach>`: `start()`; keeps up with `noteDeed()`; asks `targets` where each step's subject is; emits `coach-done`. */
export class Coach extends StudioElement {
  static override readonly properties = { step: { state: true } };

  static override readonly styles = [
    base,
    buttons,
    css`
      .card {
        position: fixed;
        z-index: 4;
        width: min(304px, calc(100vw - 24px));
        padding: 16px 16px 12px;
        border-radius: var(--radius);
        background: var(--ink);
        color: var(--paper);
        box-shadow: var(--shadow-raised);
        user-select: none;
        -webkit-user-select: none;
        left: var(--x, 50%);
        top: var(--y, 50%);
        animation: appear var(--easy) ease-out;
      }
      .card::after {
        content: "";
        position: absolute;
        left: var(--arrow, 50%);
        width: 14px;
        height: 14px;
        background: inherit;
        rotate: 45deg;
        translate: -50% 0;
      }
      .card[data-side="above"]::after {
        bottom: -6px;
      }
      .card[data-side="below"]::after {
        top: -6px;
      }
      .card[data-side="over"]::after {
        display: none;
      }
      @keyframes appear {
        from {
          opacity: 0;
          translate: 0 6px;
        }
      }
      h2 {
        padding-inline-end: 32px;
        font: 600 18px/1.3 var(--serif);
      }
      p {
        margin-top: 4px;
        font-size: 14px;
      }
      .close {
        position: absolute;
        top: 4px;
        right: 4px;
      }
      footer {
        display: flex;
        align-items: center;
        gap: 8px;
        margin-top: 12px;
      }
      .pips {
        display: flex;
        gap: 6px;
        margin-inline-end: auto;
      }
      .pips span {
        width: 8px;
        height: 8px;
        border-radius: 2px;
        background: currentColor;
        opacity: 0.35;
      }
      .pips span[data-at] {
        opacity: 1;
        background: var(--accent);
      }
      button:hover {
        background: color-mix(in srgb, currentColor 14%, transparent);
      }
      button.primary {
        background: var(--accent);
      }
      :focus-visible {
        outline-color: currentColor;
      }
      button.primary:focus-visible {
        outline-color: var(--paper);
      }
    `,
  ];

  declare private step: CoachStep | undefined;
  /** Whether the step came by its own button, which then keeps the focus. */
  private isLed = false;
  /** Where a step's subject lies in the window; undefined when it is not shown. */
  targets: (step: CoachStep) => DOMRect | undefined = () => undefined;
  private readonly onResize = (): void => this.requestUpdate();

  /** Shows the first step. */
  start(): void {
    this.isLed = false;
    this.step = "pick";
    window.addEventListener("resize", this.onResize);
  }

  /** Goes on to the step that follows what was done, and ends after the last; leaves the focus where it is. */
  noteDeed(deed: CoachDeed): void {
    if (!this.step) return;
    this.isLed = false;
    const next = stepAfterDeed(this.step, deed);
    if (next) this.step = next;
    else this.finish();
  }

  /** Ends the introduction. False when it was not shown. */
  close(): boolean {
    if (!this.step) return false;
    this.finish();
    return true;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("resize", this.onResize);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { step } = this;
    if (!step) return nothing;
    const at = COACH_STEPS.indexOf(step);
    const last = at === COACH_STEPS.length - 1;
    return html`<section class="card" aria-label=${t("coach.title")} @keydown=${this.onKey}>
      <button class="icon close" aria-label=${t("coach.skip")} title=${t("coach.skip")} @click=${this.finish}>
        ${glyph("close")}
      </button>
      <h2>${t(`coach.${step}.title`)}</h2>
      <p>${t(`coach.${step}.text`)}</p>
      <footer>
        <div class="pips" role="img" aria-label=${t("coach.step", { step: at + 1, count: COACH_STEPS.length })}>
          ${COACH_STEPS.map((_, index) => html`<span ?data-at=${index === at}></span>`)}
        </div>
        <button class="primary" @click=${() => this.advance()}>${last ? t("coach.done") : t("coach.next")}</button>
      </footer>
    </section>`;
  }

  protected override updated(changed: PropertyValues): void {
    const card = this.renderRoot.querySelector<HTMLElement>(".card");
    if (!card || !this.step) return;
    this.place(
      card,
      coachPlace(this.targets(this.step), card.getBoundingClientRect(), window.innerWidth, window.innerHeight),
    );
    if (this.isLed && changed.has("step")) {
      card.querySelector<HTMLElement>(".primary")?.focus();
    }
  }

  private place(card: HTMLElement, place: CoachPlace): void {
    card.dataset["side"] = place.side;
    card.style.setProperty("--x", `${place.x}px`);
    card.style.setProperty("--y", `${place.y}px`);
    card.style.setProperty("--arrow", `${place.arrow}px`);
  }

  private advance(): void {
    this.isLed = true;
    const next = this.step ? COACH_STEPS[COACH_STEPS.indexOf(this.step) + 1] : undefined;
    if (next) this.step = next;
    else this.finish();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.finish();
  }

  private finish(): void {
    this.step = undefined;
    window.removeEventListener("resize", this.onResize);
    this.emit("coach-done", undefined);
  }
}

customElements.define("up-coach", Coach);

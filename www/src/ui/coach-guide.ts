/** Leads the introduction: tells it what a person has done, and where its subjects are. */
import type { Studio } from "../state/studio.js";
import { isPainted } from "../state/studio-model.js";
import { TOOL_IDS } from "../state/studio-state.js";
import type { Coach, CoachStep } from "./coach.js";
import type { Stage } from "./stage.js";

/** Works on the introduction within the shell's `root`. */
export class CoachGuide {
  /** Steps that could be undone when the coach was last told. */
  private strokes = 0;

  constructor(
    private readonly studio: Studio,
    private readonly root: ParentNode,
  ) {}

  /** Shows the first step, where there is something to paint. */
  start(): void {
    const { coach } = this;
    if (!coach || !this.hasCanvas) return;
    coach.targets = (step) => this.target(step);
    coach.start();
  }

  /** The state has changed: a stroke may be finished, or a label picked. */
  follow(picked: boolean): void {
    // A model that takes nothing but chance has come into use.
    if (!this.hasCanvas) this.close();
    const strokes = this.studio.painting?.history.undoCount ?? 0;
    const painted = strokes > this.strokes && TOOL_IDS.some((tool) => tool === this.studio.state.undoKind);
    this.strokes = strokes;
    if (painted) this.coach?.noteDeed("paint");
    else if (picked) this.coach?.noteDeed("pick");
  }

  /** Ends the introduction. False when it was not shown. */
  close(): boolean {
    return this.coach?.close() === true;
  }

  private get hasCanvas(): boolean {
    const { model } = this.studio.state;
    return model !== undefined && isPainted(model);
  }

  private get coach(): Coach | null {
    return this.root.querySelector<Coach>("up-coach");
  }

  private target(step: CoachStep): DOMRect | undefined {
    const stage = this.root.querySelector<Stage>("up-stage");
    if (step !== "pick") return stage?.boxOf(step === "paint" ? "main" : "side");
    return this.root.querySelector("up-palette")?.getBoundingClientRect() ?? stage?.boxOf("main");
  }
}

/** Sends pointers to tools: which tool a press means, and when fingers pinch or tap instead of painting. */

import { distance, type Point } from "../canvas/geometry.js";
import { NO_PREVIEW } from "../canvas/preview.js";
import { pinchView, type PointPair, type View } from "../canvas/view.js";
import type { ToolId } from "../state/studio-state.js";
import { brushTool } from "./brush/brush.js";
import { FingerTap } from "./finger-tap.js";
import { ellipseTool } from "./ellipse/ellipse.js";
import { eraserTool } from "./eraser/eraser.js";
import { eyedropperTool } from "./eyedropper/eyedropper.js";
import { fillTool } from "./fill/fill.js";
import { lineTool } from "./line/line.js";
import { panTool } from "./pan/pan.js";
import { rectangleTool } from "./rectangle/rectangle.js";
import { BUTTON, type PointerInput, type Tool, type ToolHost } from "./tool.js";

/** Tools that alt turns into the eyedropper; shapes use alt to draw from their centre. */
const ALT_PICKS: readonly ToolId[] = ["brush", "eraser", "fill", "line"];

/** A finger that has moved further than this, in CSS pixels, is painting: another finger does not stop it. */
const PINCH_SLOP = 24;

type ControllerState =
  | { readonly name: "idle" }
  /** One pointer works a tool. */
  | { readonly name: "pressed"; readonly tool: Tool; readonly pointerId: number; readonly startInCanvas: Point }
  /** Two fingers move the view. */
  | {
      readonly name: "pinching";
      readonly ids: readonly [number, number];
      readonly startInCanvas: PointPair;
      readonly viewBefore: View;
    }
  /** A pinch or a cancelled stroke is over, but fingers are still down: they do nothing until all are lifted. */
  | { readonly name: "waiting" };

const IDLE: ControllerState = { name: "idle" };

/** A canvas's pointers and their tool. */
export class ToolController {
  private readonly host: ToolHost;
  private readonly tools: Readonly<Record<ToolId, Tool>>;
  private selected: ToolId = "brush";
  private state: ControllerState = IDLE;
  private readonly touches = new Map<number, Point>();
  private readonly taps: FingerTap;
  private penSeen = false;

  constructor(host: ToolHost, now?: () => number) {
    this.host = host;
    this.taps = new FingerTap(now);
    this.tools = {
      brush: brushTool(host),
      eraser: eraserTool(host),
      fill: fillTool(host),
      line: lineTool(host),
      rectangle: rectangleTool(host),
      ellipse: ellipseTool(host),
      eyedropper: eyedropperTool(host),
      pan: panTool(host),
    };
  }

  /** The chosen tool; choosing another cancels what is unfinished. */
  get tool(): ToolId {
    return this.selected;
  }

  set tool(id: ToolId) {
    if (id === this.selected) return;
    this.cancel();
    this.selected = id;
    this.host.setPreview(NO_PREVIEW);
  }

  /** Whether a pointer is at work. */
  get isPressed(): boolean {
    return this.state.name === "pressed" || this.state.name === "pinching";
  }

  /** A pointer was pressed. */
  pointerDown(input: PointerInput): void {
    if (input.kind === "touch") {
      this.touches.set(input.pointerId, input.pointInCanvas);
      this.taps.put(input.pointerId, input.pointInCanvas);
    }
    if (input.kind === "pen") this.penTakesOver();
    if (input.kind === "touch" && this.touches.size === 2 && this.beginPinch()) return;
    if (this.state.name !== "idle") return;
    const tool = this.tools[pressedTool(this.active, input, this.penSeen)];
    this.state = { name: "pressed", tool, pointerId: input.pointerId, startInCanvas: input.pointInCanvas };
    if (tool.id !== this.selected) this.host.setPreview(NO_PREVIEW);
    tool.down(input);
    this.showHover(tool, input);
  }

  /** A pointer moved, pressed or not. Positions between two frames come one by one, in order. */
  pointerMove(input: PointerInput): void {
    if (this.touches.has(input.pointerId)) {
      this.touches.set(input.pointerId, input.pointInCanvas);
      this.taps.move(input.pointerId, input.pointInCanvas);
    }
    if (this.state.name === "pinching") {
      // Fingers that tap tremble: the view stays where it is until they mean to move it.
      if (!this.taps.isOpen) this.movePinch(this.state.ids, this.state.startInCanvas, this.state.viewBefore);
    } else if (this.state.name === "pressed" && this.state.pointerId === input.pointerId) {
      const { tool } = this.state;
      tool.move(input);
      this.showHover(tool, input);
    } else if (this.state.name === "idle" && input.kind !== "touch") {
      this.host.setPreview(this.tools[hoveredTool(this.active, input)].hoverPreview(input));
    }
  }

  /** A pointer was released. */
  pointerUp(input: PointerInput): void {
    const tap = this.touches.delete(input.pointerId) ? this.taps.lift() : undefined;
    if (this.state.name === "pressed" && this.state.pointerId === input.pointerId) {
      const { tool } = this.state;
      this.state = IDLE;
      tool.up(input);
      if (input.kind === "touch") this.host.setPreview(NO_PREVIEW);
    } else if (this.state.name === "pinching") {
      this.state = { name: "waiting" };
    }
    this.endWaiting();
    if (tap === 2) this.host.undo?.();
    else if (tap === 3) this.host.redo?.();
  }

  /** The browser took a pointer away: what it had begun is taken back. */
  pointerCancel(pointerId: number): void {
    if (this.touches.delete(pointerId)) this.taps.spoil();
    if (this.state.name === "pressed" && this.state.pointerId === pointerId) {
      const { tool } = this.state;
      this.state = IDLE;
      tool.cancel();
    } else if (this.state.name === "pinching") {
      this.state = { name: "waiting" };
    }
    this.endWaiting();
  }

  /** The pointer left the canvas. */
  pointerLeave(): void {
    if (this.state.name === "idle") this.host.setPreview(NO_PREVIEW);
  }

  /** Takes back what is unfinished (Escape). False when there was nothing. The pointer then does nothing until released. */
  cancel(): boolean {
    if (this.state.name !== "pressed") return false;
    const { tool } = this.state;
    this.state = this.touches.size > 0 ? { name: "waiting" } : IDLE;
    tool.cancel();
    this.host.setPreview(NO_PREVIEW);
    return true;
  }

  /** CSS cursor for the canvas; `space` while the space bar is held. */
  cursor(space: boolean): string {
    const panning = this.state.name === "pressed" ? this.state.tool.id === "pan" : space || this.active === "pan";
    if (panning) return this.state.name === "pressed" ? "grabbing" : "grab";
    return this.active === "brush" || this.active === "eraser" ? "none" : "crosshair";
  }

  /** The chosen tool; where there is nothing to paint on, pointers move the view. */
  private get active(): ToolId {
    return this.host.map ? this.selected : "pan";
  }

  private showHover(tool: Tool, input: PointerInput): void {
    if (tool.id === "brush" || tool.id === "eraser") this.host.setPreview(tool.hoverPreview(input));
  }

  /** A pen paints; the palm beside it does not, and from now on single fingers move the view. */
  private penTakesOver(): void {
    this.penSeen = true;
    const touching = this.state.name === "pressed" && this.touches.has(this.state.pointerId);
    if (touching || this.state.name === "pinching" || this.state.name === "waiting") {
      this.cancel();
      this.state = IDLE;
    }
    this.touches.clear();
    this.taps.spoil();
  }

  /** True when two fingers are down and move the view from now on; the dab that the first began with is taken back. */
  private beginPinch(): boolean {
    if (this.state.name === "pressed") {
      const now = this.touches.get(this.state.pointerId);
      if (!now || distance(now, this.state.startInCanvas) > PINCH_SLOP) return false;
    }
    const [first, second] = [...this.touches];
    if (!first || !second) return false;
    if (this.state.name === "pressed") this.cancel();
    this.state = {
      name: "pinching",
      ids: [first[0], second[0]],
      startInCanvas: [first[1], second[1]],
      viewBefore: this.host.view,
    };
    return true;
  }

  private movePinch(ids: readonly [number, number], startInCanvas: PointPair, viewBefore: View): void {
    const first = this.touches.get(ids[0]);
    const second = this.touches.get(ids[1]);
    const image = this.host.imageSize;
    if (first && second && image) this.host.setView(pinchView(viewBefore, startInCanvas, [first, second], image));
  }

  private endWaiting(): void {
    if (this.state.name === "waiting" && this.touches.size === 0) this.state = IDLE;
  }
}

/** The tool that a press means. */
function pressedTool(selected: ToolId, input: PointerInput, penSeen: boolean): ToolId {
  if (input.space || (input.buttons & BUTTON.middle) !== 0) return "pan";
  if (penSeen && input.kind === "touch") return "pan";
  if (selected !== "pan" && (input.buttons & (BUTTON.secondary | BUTTON.penEraser)) !== 0) return "eraser";
  return hoveredTool(selected, input);
}

function hoveredTool(selected: ToolId, input: PointerInput): ToolId {
  if (input.space) return "pan";
  return input.alt && ALT_PICKS.includes(selected) ? "eyedropper" : selected;
}

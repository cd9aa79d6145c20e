/** Shapes dragged from one point to another, which line, rectangle and ellipse share. */

import type { Point, Rect } from "../canvas/geometry.js";
import type { Ink, LabelMap } from "../canvas/label-map.js";
import { NO_PREVIEW, type ToolPreview } from "../canvas/preview.js";
import type { ShapeStyle } from "../canvas/shapes.js";
import type { Edit } from "../state/painting.js";
import { inkOfHost, type PointerInput, type Tool, type ToolHost } from "./tool.js";

/** How a shape is drawn once its two points are known. */
export interface DraggedShape {
  readonly id: "line" | "rectangle" | "ellipse";
  /** Moves the second point where shift wants it: a square, a circle, a multiple of 45°. */
  constrain(fromInImage: Point, toInImage: Point): Point;
  /** Whether alt draws from the centre. */
  readonly altDrawsFromCentre: boolean;
  paint(map: LabelMap, drag: Drag, stroke: ShapeStroke): Rect;
  preview(drag: Drag, stroke: ShapeStroke): ToolPreview;
}

/** The two points of a shape. */
export interface Drag {
  readonly fromInImage: Point;
  readonly toInImage: Point;
}

/** What a shape is drawn with. */
export interface ShapeStroke {
  readonly ink: Ink;
  /** Width of lines and outlines in label-map pixels. */
  readonly size: number;
  readonly style: ShapeStyle;
}

type DragState =
  | { readonly name: "idle" }
  | { readonly name: "pressed"; readonly edit: Edit; readonly stroke: ShapeStroke; readonly startInImage: Point };

const IDLE: DragState = { name: "idle" };

/** Draws a shape that follows the pointer: painted at once, painted anew with every move, one undo step. */
export class DragTool implements Tool {
  private readonly shape: DraggedShape;
  private readonly host: ToolHost;
  private state: DragState = IDLE;

  constructor(shape: DraggedShape, host: ToolHost) {
    this.shape = shape;
    this.host = host;
  }

  get id(): DraggedShape["id"] {
    return this.shape.id;
  }

  down(input: PointerInput): void {
    if (this.state.name !== "idle" || !this.host.map) return;
    const size = this.host.brushSize;
    const style: ShapeStyle = this.host.shapeFill === "outline" ? { kind: "outline", width: size } : { kind: "filled" };
    const stroke: ShapeStroke = { ink: inkOfHost(this.host), size, style };
    const edit = this.host.begin(this.shape.id);
    this.state = { name: "pressed", edit, stroke, startInImage: input.pointInImage };
    this.draw(input);
  }

  move(input: PointerInput): void {
    this.draw(input);
  }

  up(input: PointerInput): void {
    if (this.state.name !== "pressed") return;
    this.draw(input);
    this.state.edit.commit();
    this.becomeIdle();
  }

  cancel(): void {
    if (this.state.name !== "pressed") return;
    const { edit } = this.state;
    this.becomeIdle();
    edit.cancel();
  }

  hoverPreview(input: PointerInput): ToolPreview {
    return { kind: "pixel", pointInImage: input.pointInImage };
  }

  private draw(input: PointerInput): void {
    if (this.state.name !== "pressed") return;
    const { edit, stroke, startInImage } = this.state;
    const drag = this.drag(startInImage, input);
    edit.repaint((map) => this.shape.paint(map, drag, stroke));
    this.host.setPreview(this.shape.preview(drag, stroke));
  }

  private drag(startInImage: Point, input: PointerInput): Drag {
    const toInImage = input.shift ? this.shape.constrain(startInImage, input.pointInImage) : input.pointInImage;
    if (!input.alt || !this.shape.altDrawsFromCentre) return { fromInImage: startInImage, toInImage };
    const mirrored = { x: 2 * startInImage.x - toInImage.x, y: 2 * startInImage.y - toInImage.y };
    return { fromInImage: mirrored, toInImage };
  }

  private becomeIdle(): void {
    this.state = IDLE;
    this.host.setPreview(NO_PREVIEW);
  }
}

/** The corner that makes a square with `from`: the longer side wins. */
export function squareCorner(from: Point, to: Point): Point {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const side = Math.max(Math.abs(dx), Math.abs(dy));
  return { x: from.x + (dx < 0 ? -side : side), y: from.y + (dy < 0 ? -side : side) };
}

/** The end nearest to `to` that makes a multiple of 45° with `from`, at the same distance along it. */
export function nearestEighth(from: Point, to: Point): Point {
  const eighth = Math.PI / 4;
  const angle = Math.round(Math.atan2(to.y - from.y, to.x - from.x) / eighth) * eighth;
  const along = (to.x - from.x) * Math.cos(angle) + (to.y - from.y) * Math.sin(angle);
  return { x: from.x + along * Math.cos(angle), y: from.y + along * Math.sin(angle) };
}

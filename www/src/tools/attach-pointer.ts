/** Listens to a canvas element's pointers and wheel, and tells a tool controller in its own terms. */

import { pointInImageFromCanvas, panBy, zoomAt, isWholeImageVisible, type View } from "../canvas/view.js";
import type { Point, Size } from "../canvas/geometry.js";
import type { ToolController } from "./controller.js";
import type { PointerInput, PointerKind, ToolHost } from "./tool.js";

/** What listening needs to know beside the events. */
export interface PointerAttachment {
  readonly controller: ToolController;
  readonly host: Pick<ToolHost, "view" | "setView" | "imageSize">;
  /** Whether the space bar is held. */
  readonly isSpaceHeld?: () => boolean;
  /** Whether pointers do anything; always when left out. */
  readonly isEnabled?: () => boolean;
  /** Whether fingers are left to the page, which they scroll; mice and pens are not. */
  readonly leavesTouch?: boolean;
}

/** Zoom per CSS pixel of wheel movement. */
const WHEEL_ZOOM_PER_PIXEL = 0.0025;
/** CSS pixels of a wheel line and of a wheel page. */
const WHEEL_LINE = 16;
const WHEEL_PAGE = 400;

/**
 * Starts listening; the returned function stops it.
 *
 * Sets `touch-action: none` on the element, unless touch is left to the page. Ctrl, Cmd or Alt and the wheel zoom (a trackpad's pinch comes as that);
 * the wheel alone pans, and scrolls the page instead when the whole image is in sight.
 */
export function attachPointer(element: HTMLElement, attachment: PointerAttachment): () => void {
  const { controller } = attachment;
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const touchActionBefore = element.style.touchAction;
  const leavesTouch = attachment.leavesTouch ?? false;
  if (!leavesTouch) element.style.touchAction = "none";
  const enabled = (event?: PointerEvent) =>
    (attachment.isEnabled?.() ?? true) && !(leavesTouch && event?.pointerType === "touch");
  const input = (event: PointerEvent) => inputFromEvent(event, element, attachment);
  const pressed = (event: PointerEvent) => {
    if (!enabled(event)) return;
    capture(element, event.pointerId);
    // Keeps the middle button from scrolling and the canvas from starting a drag; focus is set by hand for that.
    event.preventDefault();
    element.focus({ preventScroll: true });
    controller.pointerDown(input(event));
  };
  const moved = (event: PointerEvent) => {
    if (!enabled(event) && !controller.isPressed) return;
    for (const part of coalescedEvents(event)) controller.pointerMove(input(part));
  };
  const wheeled = (event: WheelEvent) => {
    if (enabled()) handleWheel(event, element, attachment);
  };
  element.addEventListener("pointerdown", pressed, options);
  element.addEventListener("pointermove", moved, options);
  element.addEventListener("pointerup", (event) => controller.pointerUp(input(event)), options);
  element.addEventListener("pointercancel", (event) => controller.pointerCancel(event.pointerId), options);
  element.addEventListener("pointerleave", () => controller.pointerLeave(), options);
  element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  element.addEventListener("wheel", wheeled, { ...options, passive: false });
  return () => {
    controller.cancel();
    stop.abort();
    element.style.touchAction = touchActionBefore;
  };
}

/** The view after a turn of the wheel; undefined when the page should scroll instead. */
export function viewAfterWheel(
  wheel: Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
  pointInCanvas: Point,
  view: View,
  image: Size,
  canvas: Size,
): View | undefined {
  const unit = wheel.deltaMode === 1 ? WHEEL_LINE : wheel.deltaMode === 2 ? WHEEL_PAGE : 1;
  if (wheel.ctrlKey || wheel.metaKey || wheel.altKey) {
    // A trackpad's pinch (ctrl without a wheel's large steps) needs more per pixel than a wheel.
    const delta = Math.max(-200, Math.min(200, wheel.deltaY * unit));
    const gain = wheel.ctrlKey && Math.abs(delta) < 40 ? 4 : 1;
    return zoomAt(view, Math.exp(-delta * gain * WHEEL_ZOOM_PER_PIXEL), pointInCanvas, image);
  }
  if (isWholeImageVisible(view, image, canvas)) return undefined;
  const sideways = wheel.shiftKey && wheel.deltaX === 0;
  const dx = (sideways ? wheel.deltaY : wheel.deltaX) * unit;
  const dy = (sideways ? 0 : wheel.deltaY) * unit;
  return panBy(view, -dx, -dy);
}

/** A pointer may be gone by the time its event is handled; then there is nothing to capture. */
function capture(element: HTMLElement, pointerId: number): void {
  try {
    element.setPointerCapture(pointerId);
  } catch {
    // The stroke ends with the events that still come.
  }
}

function handleWheel(event: WheelEvent, element: HTMLElement, attachment: PointerAttachment): void {
  const image = attachment.host.imageSize;
  if (!image) return;
  const box = element.getBoundingClientRect();
  const point = { x: event.clientX - box.left, y: event.clientY - box.top };
  const view = viewAfterWheel(event, point, attachment.host.view, image, box);
  if (!view) return;
  event.preventDefault();
  attachment.host.setView(view);
}

function coalescedEvents(event: PointerEvent): readonly PointerEvent[] {
  const parts = typeof event.getCoalescedEvents === "function" ? event.getCoalescedEvents() : [];
  return parts.length > 0 ? parts : [event];
}

function inputFromEvent(event: PointerEvent, element: HTMLElement, attachment: PointerAttachment): PointerInput {
  const box = element.getBoundingClientRect();
  const pointInCanvas = { x: event.clientX - box.left, y: event.clientY - box.top };
  return {
    pointerId: event.pointerId,
    kind: pointerKind(event.pointerType),
    pointInCanvas,
    pointInImage: pointInImageFromCanvas(attachment.host.view, pointInCanvas),
    pressure: event.pressure,
    buttons: event.buttons,
    shift: event.shiftKey,
    alt: event.altKey,
    space: attachment.isSpaceHeld?.() ?? false,
  };
}

function pointerKind(pointerType: string): PointerKind {
  return pointerType === "pen" || pointerType === "touch" ? pointerType : "mouse";
}

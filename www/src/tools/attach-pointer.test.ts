// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { fitView } from "../canvas/view.js";
import { attachPointer, viewAfterWheel } from "./attach-pointer.js";
import { ToolController } from "./controller.js";
import { TestHost } from "./test-host.js";

const image = { width: 256, height: 256 };
const canvas = { width: 512, height: 512 };
const wheel = { deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const middle = { x: 256, y: 256 };

describe("viewAfterWheel", () => {
  const fitted = fitView(image, canvas);
  const zoomed = { zoom: 4, offsetX: -200, offsetY: -200 };

  it("zooms with Ctrl, Cmd or Alt: in when turned away", () => {
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      const closer = viewAfterWheel({ ...wheel, ...more, deltaY: -100 }, middle, fitted, image, canvas);
      expect(closer?.zoom).toBeGreaterThan(fitted.zoom * 1.2);
      const further = viewAfterWheel({ ...wheel, ...more, deltaY: 100 }, middle, closer ?? fitted, image, canvas);
      expect(further?.zoom).toBeCloseTo(fitted.zoom);
    }
  });

  it("counts lines and pages as such", () => {
    const lines = viewAfterWheel({ ...wheel, deltaY: 3, deltaMode: 1 }, middle, zoomed, image, canvas);
    expect(lines?.offsetY).toBe(-200 - 48);
  });

  it("pans when some of the image is out of sight, sideways with shift", () => {
    expect(viewAfterWheel({ ...wheel, deltaX: 5, deltaY: 30 }, middle, zoomed, image, canvas)).toEqual({
      zoom: 4,
      offsetX: -205,
      offsetY: -230,
    });
    expect(viewAfterWheel({ ...wheel, deltaY: 30, shiftKey: true }, middle, zoomed, image, canvas)?.offsetX).toBe(-230);
  });

  it("leaves the page its scrolling while the whole image is in sight", () => {
    expect(viewAfterWheel({ ...wheel, deltaY: 30 }, middle, fitted, image, canvas)).toBeUndefined();
  });
});

describe("attachPointer", () => {
  let host: TestHost;
  let element: HTMLElement;
  let detach: () => void;
  let enabled: boolean;

  beforeEach(() => {
    host = new TestHost();
    host.view = { zoom: 1, offsetX: 0, offsetY: 0 };
    enabled = true;
    element = document.createElement("canvas");
    document.body.append(element);
    const controller = new ToolController(host);
    detach = attachPointer(element, { controller, host, isEnabled: () => enabled });
  });

  function send(type: string, x: number, y: number, coalesced: readonly [number, number][] = []): Event {
    const make = (clientX: number, clientY: number) =>
      new PointerEvent(type, { pointerId: 1, pointerType: "mouse", clientX, clientY, buttons: 1, cancelable: true });
    const event = make(x, y);
    event.getCoalescedEvents = () => coalesced.map(([atX, atY]) => make(atX, atY));
    element.dispatchEvent(event);
    return event;
  }

  it("paints at the positions that the browser held back between two frames", () => {
    expect(send("pointerdown", 10, 10).defaultPrevented).toBe(true);
    send("pointermove", 40, 10, [
      [10, 30],
      [40, 30],
      [40, 10],
    ]);
    send("pointerup", 40, 10);
    expect([host.map.at(10, 20), host.map.at(25, 30), host.map.at(40, 20), host.map.at(25, 10)]).toEqual([3, 3, 3, 0]);
    expect(host.painting.history.undoCount).toBe(1);
  });

  it("takes a stroke back that the browser cancels", () => {
    send("pointerdown", 10, 10);
    send("pointermove", 40, 10);
    send("pointercancel", 40, 10);
    expect(host.count(3)).toBe(0);
  });

  it("does nothing while disabled, but lets a stroke end", () => {
    enabled = false;
    send("pointerdown", 10, 10);
    expect(host.count(3)).toBe(0);
    enabled = true;
    send("pointerdown", 10, 10);
    enabled = false;
    send("pointermove", 20, 10);
    send("pointerup", 20, 10);
    expect([host.painting.isEditing, host.painting.history.undoCount]).toEqual([false, 1]);
  });

  it("cancels what is unfinished and listens no more once detached", () => {
    expect(element.style.touchAction).toBe("none");
    send("pointerdown", 10, 10);
    detach();
    expect(host.count(3)).toBe(0);
    send("pointerdown", 10, 10);
    expect(host.count(3)).toBe(0);
    expect(element.style.touchAction).toBe("");
  });

  it("leaves fingers to the page where they scroll it, but not mice", () => {
    detach();
    const controller = new ToolController(host);
    detach = attachPointer(element, { controller, host, leavesTouch: true });
    expect(element.style.touchAction).toBe("");
    const touch = new PointerEvent("pointerdown", { pointerId: 2, pointerType: "touch", cancelable: true, buttons: 1 });
    element.dispatchEvent(touch);
    expect([touch.defaultPrevented, host.count(3), controller.isPressed]).toEqual([false, 0, false]);
    send("pointerdown", 10, 10);
    expect(host.count(3)).toBeGreaterThan(0);
  });

  it("keeps the context menu away: the right button erases", () => {
    const event = new MouseEvent("contextmenu", { cancelable: true });
    element.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { ToolController } from "./controller.js";
import { KeyboardBrush, type CanvasKey } from "./keyboard-brush.js";
import { TestHost } from "./test-host.js";

let host: TestHost;
let controller: ToolController;
let keyboard: KeyboardBrush;

const key = (name: string, more: Partial<CanvasKey> = {}): CanvasKey => ({
  key: name,
  shiftKey: false,
  altKey: false,
  ctrlKey: false,
  metaKey: false,
  repeat: false,
  ...more,
});

beforeEach(() => {
  host = new TestHost();
  controller = new ToolController(host);
  keyboard = new KeyboardBrush(controller, host);
});

describe("KeyboardBrush", () => {
  it("starts from the middle, moves by a quarter of the brush, and by more with shift", () => {
    host.brushSize = 8;
    expect(keyboard.keyDown(key("ArrowRight"))).toBe(true);
    expect(keyboard.position).toEqual({ x: 34, y: 24 });
    keyboard.keyDown(key("ArrowLeft", { shiftKey: true }));
    expect(keyboard.position).toEqual({ x: 18, y: 24 });
    expect(host.preview).toEqual({ kind: "brush", pointInImage: { x: 18, y: 24 }, size: 8 });
  });

  it("stays on the canvas", () => {
    for (let index = 0; index < 200; index += 1) keyboard.keyDown(key("ArrowUp", { shiftKey: true }));
    expect(keyboard.position?.y).toBe(0.5);
  });

  it("paints while Space is held, in one undo step", () => {
    keyboard.keyDown(key("ArrowLeft"));
    keyboard.keyDown(key(" "));
    for (let index = 0; index < 10; index += 1) {
      keyboard.keyDown(key(" ", { repeat: true }));
      keyboard.keyDown(key("ArrowRight"));
    }
    expect(keyboard.keyUp(key(" "))).toBe(true);
    expect(host.painting.history.undoCount).toBe(1);
    expect([host.map.at(32, 24), host.map.at(40, 24)]).toEqual([3, 3]);
  });

  it("leaves Space to panning before an arrow key, and after a pointer was used", () => {
    expect(keyboard.keyDown(key(" "))).toBe(false);
    keyboard.keyDown(key("ArrowLeft"));
    keyboard.pointerUsed();
    expect(keyboard.keyDown(key(" "))).toBe(false);
    expect(keyboard.keyDown(key("ArrowLeft", { ctrlKey: true }))).toBe(false);
  });

  it("ends its stroke when the canvas loses the focus", () => {
    keyboard.keyDown(key("ArrowLeft"));
    keyboard.keyDown(key("Enter"));
    keyboard.blur();
    expect([host.painting.isEditing, host.painting.history.undoCount]).toEqual([false, 1]);
    expect(keyboard.keyUp(key("Enter"))).toBe(false);
  });
});

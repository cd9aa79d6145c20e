import { beforeEach, describe, expect, it } from "vitest";
import { pointInImageFromCanvas } from "../canvas/view.js";
import { ToolController } from "./controller.js";
import { TestHost } from "./test-host.js";
import { BUTTON, type PointerInput } from "./tool.js";

let host: TestHost;
let controller: ToolController;

beforeEach(() => {
  host = new TestHost();
  controller = new ToolController(host);
});

const touch = (pointerId: number, x: number, y: number): PointerInput => host.at(x, y, { pointerId, kind: "touch" });

describe("pressing", () => {
  it("works the chosen tool from down to up, for the pointer that began", () => {
    controller.pointerDown(host.at(10, 10));
    controller.pointerMove(host.at(40, 40, { pointerId: 2 }));
    controller.pointerMove(host.at(20, 10));
    controller.pointerUp(host.at(30, 10, { pointerId: 2 }));
    controller.pointerUp(host.at(20, 10));
    controller.pointerMove(host.at(20, 40));
    expect(host.painting.history.undoCount).toBe(1);
    expect([host.map.at(15, 10), host.map.at(40, 40), host.map.at(20, 40)]).toEqual([3, 0, 0]);
  });

  it("moves the view where there is nothing to paint on", () => {
    Object.defineProperty(host, "map", { value: undefined });
    const [start, end] = [host.at(10, 10), host.at(15, 10)];
    expect(controller.cursor(false)).toBe("grab");
    controller.pointerDown(start);
    controller.pointerMove(end);
    controller.pointerUp(end);
    expect(host.view).toEqual({ zoom: 2, offsetX: 20, offsetY: 20 });
    expect(host.begun).toEqual([]);
  });

  it("erases with the right button and with the eraser end of a pen", () => {
    for (const buttons of [BUTTON.secondary, BUTTON.penEraser]) {
      controller.pointerDown(host.at(10, 10));
      controller.pointerUp(host.at(10, 10));
      controller.pointerDown(host.at(10, 10, { buttons, kind: "pen", pressure: 1 }));
      controller.pointerUp(host.at(10, 10, { buttons: 0, kind: "pen" }));
      expect(host.map.at(10, 10)).toBe(0);
      expect(host.begun).toEqual(["brush", "eraser"]);
      host.begun.length = 0;
    }
  });

  it("picks the class with alt while brushing, and paints nothing", () => {
    controller.pointerDown(host.at(10, 10));
    controller.pointerUp(host.at(10, 10));
    host.classId = 1;
    controller.pointerDown(host.at(10, 10, { alt: true }));
    expect(host.classId).toBe(3);
    controller.pointerMove(host.at(40, 40, { alt: true }));
    expect(host.classId).toBe(0);
    controller.pointerUp(host.at(40, 40, { alt: true }));
    expect(host.painting.history.undoCount).toBe(1);
  });

  it("pans with space or the middle button, whatever the tool", () => {
    for (const more of [{ space: true }, { buttons: BUTTON.middle }]) {
      const { offsetX } = host.view;
      const down = host.at(10, 10, more);
      controller.pointerDown(down);
      controller.pointerMove({ ...down, pointInCanvas: { x: down.pointInCanvas.x + 30, y: down.pointInCanvas.y } });
      controller.pointerUp({ ...down, pointInCanvas: { x: down.pointInCanvas.x + 30, y: down.pointInCanvas.y } });
      expect(host.view.offsetX).toBe(offsetX + 30);
    }
    expect(host.begun).toEqual([]);
  });

  it("space released or tool changed in the middle: the tool that began goes on, or is cancelled", () => {
    controller.pointerDown(host.at(10, 10));
    controller.tool = "fill";
    expect(host.count(3)).toBe(0);
    expect(host.painting.history.undoCount).toBe(0);
    controller.pointerUp(host.at(10, 10));
    expect(host.painting.history.undoCount).toBe(0);
  });

  it("Escape takes the unfinished stroke back, and says when there is none", () => {
    controller.pointerDown(host.at(10, 10));
    controller.pointerMove(host.at(30, 30));
    expect(controller.cancel()).toBe(true);
    expect(host.count(3)).toBe(0);
    controller.pointerMove(host.at(40, 40));
    controller.pointerUp(host.at(40, 40));
    expect(host.painting.history.undoCount).toBe(0);
    expect(controller.cancel()).toBe(false);
  });

  it("a pointer that the browser takes away leaves no trace", () => {
    controller.pointerDown(touch(7, 10, 10));
    controller.pointerMove(touch(7, 30, 30));
    controller.pointerCancel(7);
    expect(host.count(3)).toBe(0);
    controller.pointerDown(touch(8, 20, 20));
    controller.pointerUp(touch(8, 20, 20));
    expect(host.count(3)).toBeGreaterThan(0);
  });
});

describe("fingers", () => {
  it("one paints", () => {
    controller.pointerDown(touch(1, 10, 10));
    controller.pointerMove(touch(1, 20, 10));
    controller.pointerUp(touch(1, 20, 10));
    expect(host.begun).toEqual(["brush"]);
    expect(host.map.at(15, 10)).toBe(3);
  });

  it("two move the view; what the first had painted is taken back", () => {
    controller.pointerDown(touch(1, 10, 10));
    controller.pointerMove(touch(1, 14, 10));
    const fingerA = touch(1, 14, 10);
    const fingerB = touch(2, 34, 10);
    controller.pointerDown(fingerB);
    expect(host.count(3)).toBe(0);
    const moved = { ...fingerB, pointInCanvas: { x: fingerB.pointInCanvas.x + 40, y: fingerB.pointInCanvas.y } };
    controller.pointerMove(moved);
    expect(host.view.zoom).toBeCloseTo(4);
    expect(pointInImageFromCanvas(host.view, fingerA.pointInCanvas).x).toBeCloseTo(14);
    expect(pointInImageFromCanvas(host.view, moved.pointInCanvas).x).toBeCloseTo(34);
    expect(host.painting.history.undoCount).toBe(0);
  });

  it("a second does not take back a stroke that is well under way", () => {
    controller.pointerDown(touch(1, 10, 10));
    controller.pointerMove(touch(1, 40, 10));
    const { view } = host;
    controller.pointerDown(touch(2, 50, 40));
    controller.pointerMove(touch(2, 60, 40));
    controller.pointerMove(touch(1, 40, 30));
    controller.pointerUp(touch(2, 60, 40));
    controller.pointerUp(touch(1, 40, 30));
    expect(host.view).toBe(view);
    expect([host.map.at(25, 10), host.map.at(40, 25), host.map.at(55, 40)]).toEqual([3, 3, 0]);
    expect(host.painting.history.undoCount).toBe(1);
  });

  it("after two, nothing is painted until all are lifted", () => {
    controller.pointerDown(touch(1, 10, 10));
    controller.pointerDown(touch(2, 30, 10));
    controller.pointerUp(touch(2, 30, 10));
    controller.pointerMove(touch(1, 20, 20));
    expect(host.count(3)).toBe(0);
    controller.pointerUp(touch(1, 20, 20));
    controller.pointerDown(touch(3, 20, 20));
    controller.pointerUp(touch(3, 20, 20));
    expect(host.count(3)).toBeGreaterThan(0);
  });

  it("after Escape the same finger paints no more", () => {
    controller.pointerDown(touch(1, 10, 10));
    controller.cancel();
    controller.pointerMove(touch(1, 30, 30));
    controller.pointerUp(touch(1, 30, 30));
    expect(host.count(3)).toBe(0);
  });

  it("a palm does not disturb a pen, and single fingers move the view from then on", () => {
    const pen = (x: number) => host.at(x, 10, { kind: "pen", pressure: 1, pointerId: 9 });
    controller.pointerDown(touch(1, 40, 40));
    controller.pointerDown(pen(10));
    expect(host.count(3)).toBeLessThan(30);
    controller.pointerDown(touch(2, 42, 42));
    controller.pointerDown(touch(3, 45, 42));
    controller.pointerMove(touch(2, 50, 44));
    controller.pointerMove(pen(20));
    controller.pointerUp(pen(20));
    for (const id of [1, 2, 3]) controller.pointerUp(touch(id, 42, 42));
    expect(host.map.at(40, 40)).toBe(0);
    expect(host.map.at(15, 10)).toBe(3);
    expect(host.painting.history.undoCount).toBe(1);
    const { offsetX } = host.view;
    const finger = touch(4, 20, 20);
    controller.pointerDown(finger);
    controller.pointerMove({ ...finger, pointInCanvas: { x: finger.pointInCanvas.x + 12, y: finger.pointInCanvas.y } });
    controller.pointerUp({ ...finger, pointInCanvas: { x: finger.pointInCanvas.x + 12, y: finger.pointInCanvas.y } });
    expect(host.view.offsetX).toBe(offsetX + 12);
    expect(host.painting.history.undoCount).toBe(1);
  });
});

describe("hovering", () => {
  it("shows the brush where it would paint, a spot with alt, nothing outside", () => {
    controller.pointerMove(host.at(10, 10, { buttons: 0 }));
    expect(host.preview).toEqual({ kind: "brush", pointInImage: { x: 10, y: 10 }, size: 5 });
    controller.pointerMove(host.at(10, 10, { buttons: 0, alt: true }));
    expect(host.preview.kind).toBe("pixel");
    controller.pointerLeave();
    expect(host.preview).toEqual({ kind: "none" });
  });

  it("says what the pointer looks like", () => {
    expect(controller.cursor(false)).toBe("none");
    expect(controller.cursor(true)).toBe("grab");
    controller.tool = "fill";
    expect(controller.cursor(false)).toBe("crosshair");
    controller.tool = "pan";
    controller.pointerDown(host.at(1, 1));
    expect(controller.cursor(false)).toBe("grabbing");
  });
});

describe("any order of events", () => {
  it("never leaves a stroke open, loses no pixel to undo, and does not throw", async () => {
    const { integerBetween, seededRandom } = await import("../canvas/seeded-random.js");
    const random = seededRandom(21);
    const kinds = ["mouse", "pen", "touch"] as const;
    const tools = ["brush", "eraser", "fill", "line", "rectangle", "ellipse", "eyedropper", "pan"] as const;
    for (let round = 0; round < 4000; round += 1) {
      const kind = kinds[integerBetween(random, 0, 2)] ?? "mouse";
      const pointerId = kind === "touch" ? integerBetween(random, 10, 13) : kind === "pen" ? 2 : 1;
      const input = host.at(random() * 80 - 8, random() * 60 - 6, {
        kind,
        pointerId,
        pressure: random(),
        buttons: [1, 2, 4, 32][integerBetween(random, 0, 3)] ?? 1,
        shift: random() < 0.2,
        alt: random() < 0.2,
        space: random() < 0.1,
      });
      const deed = random();
      if (deed < 0.3) controller.pointerDown(input);
      else if (deed < 0.6) controller.pointerMove(input);
      else if (deed < 0.85) controller.pointerUp(input);
      else if (deed < 0.9) controller.pointerCancel(pointerId);
      else if (deed < 0.93) controller.cancel();
      else if (deed < 0.95) controller.tool = tools[integerBetween(random, 0, 7)] ?? "brush";
      else if (deed < 0.98) controller.pointerLeave();
      else host.painting.undo();
      host.classId = integerBetween(random, 0, 5);
    }
    for (const pointerId of [1, 2, 10, 11, 12, 13]) controller.pointerUp(host.at(1, 1, { pointerId }));
    expect(host.painting.isEditing).toBe(false);
    while (host.painting.undo());
    expect(host.map.ids.every((id) => id === 0)).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { ToolController } from "./controller.js";
import { TAP_TIME } from "./finger-tap.js";
import { TestHost } from "./test-host.js";
import type { PointerInput } from "./tool.js";

class TappedHost extends TestHost {
  readonly done: string[] = [];
  undo(): void {
    this.done.push("undo");
  }
  redo(): void {
    this.done.push("redo");
  }
}

let host: TappedHost;
let controller: ToolController;
let now: number;

beforeEach(() => {
  host = new TappedHost();
  now = 1000;
  controller = new ToolController(host, () => now);
});

const finger = (pointerId: number, x = 10 * pointerId, y = 10): PointerInput =>
  host.at(x, y, { pointerId, kind: "touch" });

function put(...ids: number[]): void {
  for (const id of ids) controller.pointerDown(finger(id));
}
function lift(...ids: number[]): void {
  for (const id of ids) controller.pointerUp(finger(id));
}

describe("tapping", () => {
  it("with two fingers undoes, with three it redoes; nothing is painted and the view stays", () => {
    const view = { ...host.view };
    put(1, 2);
    controller.pointerMove(finger(2, 22, 12));
    now += 100;
    lift(1, 2);
    expect(host.done).toEqual(["undo"]);
    put(1, 2, 3);
    lift(3, 1, 2);
    expect(host.done).toEqual(["undo", "redo"]);
    expect([host.painting.history.undoCount, host.view]).toEqual([0, view]);
    put(1);
    lift(1);
    expect([host.done.length, host.painting.history.undoCount]).toEqual([2, 1]);
  });

  it("is not meant by fingers that move, stay, are taken away, or are four", () => {
    const { zoom } = host.view;
    put(1, 2);
    controller.pointerMove(finger(2, 45, 10));
    lift(1, 2);
    expect(host.view.zoom).toBeGreaterThan(zoom);
    put(1, 2);
    now += TAP_TIME + 1;
    lift(1, 2);
    put(1, 2);
    controller.pointerCancel(1);
    lift(2);
    put(1, 2, 3, 4);
    lift(1, 2, 3, 4);
    expect(host.done).toEqual([]);
    put(1, 2);
    lift(2, 1);
    expect(host.done).toEqual(["undo"]);
  });

  it("does nothing where the host knows no undo", () => {
    const plain = new ToolController(new TestHost());
    for (const id of [1, 2]) plain.pointerDown(finger(id));
    for (const id of [1, 2]) plain.pointerUp(finger(id));
    expect(plain.isPressed).toBe(false);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { TestHost } from "../test-host.js";
import type { Tool } from "../tool.js";
import { brushTool } from "./brush.js";

let host: TestHost;
let brush: Tool;

beforeEach(() => {
  host = new TestHost();
  brush = brushTool(host);
});

describe("brush", () => {
  it("stamps where it is pressed", () => {
    brush.down(host.at(10, 10));
    expect(host.map.at(10, 10)).toBe(3);
    brush.up(host.at(10, 10));
    expect(host.painting.history.undoKind).toBe("brush");
  });

  it("paints without gaps between far positions, in one undo step", () => {
    brush.down(host.at(5, 5));
    brush.move(host.at(55, 40));
    brush.up(host.at(55, 40));
    for (let step = 0; step <= 10; step += 1) expect(host.map.at(5 + 5 * step, 5 + 3.5 * step)).toBe(3);
    host.painting.undo();
    expect(host.count(3)).toBe(0);
  });

  it("keeps its class when another is chosen in the middle of a stroke", () => {
    brush.down(host.at(5, 5));
    host.classId = 1;
    brush.move(host.at(40, 5));
    brush.up(host.at(40, 5));
    expect(host.count(1)).toBe(0);
  });

  it("takes its size from the pen pressure, and not from that of a mouse or a finger", () => {
    host.brushSize = 20;
    const widthAt = (x: number) =>
      Array.from({ length: 48 }, (_, y) => host.map.at(x, y)).filter((id) => id === 3).length;
    brush.down(host.at(10, 24, { kind: "pen", pressure: 0.1 }));
    brush.move(host.at(50, 24, { kind: "pen", pressure: 1 }));
    brush.up(host.at(50, 24, { kind: "pen", pressure: 0, buttons: 0 }));
    expect(widthAt(10)).toBeLessThanOrEqual(6);
    expect(widthAt(50)).toBe(20);
    host.painting.undo();
    for (const kind of ["mouse", "touch"] as const) {
      brush.down(host.at(30, 24, { kind, pressure: 0.1 }));
      brush.up(host.at(30, 24, { kind, pressure: 0 }));
      expect(widthAt(30)).toBe(20);
      host.painting.undo();
    }
    host.pressureEnabled = false;
    brush.down(host.at(30, 24, { kind: "pen", pressure: 0.1 }));
    brush.up(host.at(30, 24, { kind: "pen", pressure: 0 }));
    expect(widthAt(30)).toBe(20);
  });

  it("ends a pen stroke at its last size, though pens lift off with pressure 0", () => {
    host.brushSize = 20;
    brush.down(host.at(10, 24, { kind: "pen", pressure: 1 }));
    brush.up(host.at(50, 24, { kind: "pen", pressure: 0, buttons: 0 }));
    expect([host.map.at(50, 15), host.map.at(50, 32)]).toEqual([3, 3]);
  });

  it("joins on to the last stroke with shift", () => {
    brush.down(host.at(10, 10));
    brush.up(host.at(10, 10));
    brush.down(host.at(50, 10, { shift: true }));
    brush.up(host.at(50, 10, { shift: true }));
    expect(host.map.at(30, 10)).toBe(3);
    expect(host.painting.history.undoCount).toBe(2);
  });

  it("with shift, but no stroke before, only stamps", () => {
    brush.down(host.at(50, 10, { shift: true }));
    brush.up(host.at(50, 10, { shift: true }));
    expect(host.count(3)).toBeLessThan(30);
  });

  it("cancel takes the stroke back; moves and ups after it do nothing", () => {
    brush.down(host.at(5, 5));
    brush.move(host.at(40, 40));
    brush.cancel();
    brush.move(host.at(50, 40));
    brush.up(host.at(50, 40));
    expect(host.count(3)).toBe(0);
    expect(host.painting.history.undoCount).toBe(0);
  });
});

import { inkOf } from "../../canvas/label-map.js";
import { expect, it } from "vitest";
import { paintRectangle } from "../../canvas/shapes.js";
import { TestHost } from "../test-host.js";
import { fillTool } from "./fill.js";

function twoBoxes(): TestHost {
  const host = new TestHost();
  for (const x of [5, 30]) {
    host.painting.apply("edit", (map) => paintRectangle(map, { x, y: 5 }, { x: x + 9, y: 14 }, { kind: "filled" }, 1));
  }
  return host;
}

it("fill gives the connected area the class, in one step", () => {
  const host = twoBoxes();
  fillTool(host).down(host.at(7, 7));
  expect([host.count(3), host.count(1)]).toEqual([100, 100]);
  expect(host.painting.history.undoKind).toBe("fill");
  host.painting.undo();
  expect(host.count(1)).toBe(200);
});

it("fill with shift gives every area of that class the class", () => {
  const host = twoBoxes();
  fillTool(host).down(host.at(7, 7, { shift: true }));
  expect([host.count(3), host.count(1)]).toEqual([200, 0]);
  expect(host.painting.history.undoKind).toBe("replace-class");
});

it("fill outside the map, or where the class already is, makes no step", () => {
  const host = twoBoxes();
  const steps = host.painting.history.undoCount;
  fillTool(host).down(host.at(-3, 7));
  host.classId = 1;
  fillTool(host).down(host.at(7, 7));
  expect(host.painting.history.undoCount).toBe(steps);
});

it("fill keeps to the object under the pointer; with shift it takes all of that object", () => {
  const host = new TestHost();
  host.painting.addObjects();
  const box = (x: number, object: number) =>
    host.painting.apply("edit", (map) =>
      paintRectangle(map, { x, y: 5 }, { x: x + 4, y: 9 }, { kind: "filled" }, inkOf(1, object)),
    );
  for (const [x, object] of [
    [5, 1],
    [10, 2],
    [30, 1],
  ] as const) {
    box(x, object);
  }
  host.object = 7;
  fillTool(host).down(host.at(7, 7));
  expect([host.count(3), host.map.objectAt(7, 7), host.map.objectAt(12, 7)]).toEqual([25, 7, 2]);
  host.painting.undo();
  fillTool(host).down(host.at(7, 7, { shift: true }));
  expect([host.count(3), host.map.objectAt(32, 7), host.map.objectAt(12, 7)]).toEqual([50, 7, 2]);
  host.painting.undo();
  expect([host.count(1), host.map.objectAt(7, 7), host.map.objectAt(32, 7)]).toEqual([75, 1, 1]);
});

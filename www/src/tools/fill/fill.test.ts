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

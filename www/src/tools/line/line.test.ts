import { expect, it } from "vitest";
import { nearestEighth } from "../drag-tool.js";
import { TestHost } from "../test-host.js";
import { lineTool } from "./line.js";

it("line follows the pointer and leaves only its last place, in one step", () => {
  const host = new TestHost();
  const line = lineTool(host);
  line.down(host.at(10, 10));
  line.move(host.at(10, 40));
  expect(host.map.at(10, 30)).toBe(3);
  expect(host.preview.kind).toBe("line");
  line.move(host.at(40, 10));
  line.up(host.at(40, 10));
  expect([host.map.at(10, 30), host.map.at(25, 10), host.map.at(25, 7)]).toEqual([0, 3, 0]);
  expect(host.preview.kind).toBe("none");
  host.painting.undo();
  expect(host.count(3)).toBe(0);
});

it("line with shift keeps to multiples of 45°", () => {
  const host = new TestHost();
  host.brushSize = 1;
  const line = lineTool(host);
  line.down(host.at(10.5, 10.5));
  line.up(host.at(40.5, 13.5, { shift: true }));
  expect([host.map.at(40, 10), host.map.at(40, 13)]).toEqual([3, 0]);
  const diagonal = nearestEighth({ x: 0, y: 0 }, { x: 10, y: 8 });
  expect(diagonal.x).toBeCloseTo(9);
  expect(diagonal.y).toBeCloseTo(9);
});

it("line cancelled leaves nothing", () => {
  const host = new TestHost();
  const line = lineTool(host);
  line.down(host.at(10, 10));
  line.move(host.at(40, 40));
  line.cancel();
  line.up(host.at(40, 40));
  expect([host.count(3), host.painting.history.undoCount, host.preview.kind]).toEqual([0, 0, "none"]);
});

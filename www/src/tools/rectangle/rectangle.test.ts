import { expect, it } from "vitest";
import { TestHost } from "../test-host.js";
import { rectangleTool } from "./rectangle.js";

it("rectangle fills the dragged box", () => {
  const host = new TestHost();
  const rectangle = rectangleTool(host);
  rectangle.down(host.at(30.5, 20.5));
  rectangle.move(host.at(60, 45));
  rectangle.up(host.at(21.5, 11.5));
  expect(host.count(3)).toBe(100);
  expect([host.map.at(21, 11), host.map.at(30, 20), host.map.at(31, 20)]).toEqual([3, 3, 0]);
  expect(host.painting.history.undoCount).toBe(1);
});

it("rectangle with shift is a square, with alt drawn from its centre", () => {
  const host = new TestHost();
  const rectangle = rectangleTool(host);
  rectangle.down(host.at(10.5, 10.5));
  rectangle.up(host.at(19.5, 12.5, { shift: true }));
  expect(host.count(3)).toBe(100);
  host.painting.undo();
  rectangle.down(host.at(30.5, 20.5, { alt: true }));
  rectangle.up(host.at(34.5, 22.5, { alt: true }));
  expect(host.count(3)).toBe(9 * 5);
  expect(host.map.at(26, 18)).toBe(3);
});

it("rectangle as an outline is as wide as the brush", () => {
  const host = new TestHost();
  host.shapeFill = "outline";
  host.brushSize = 2;
  const rectangle = rectangleTool(host);
  rectangle.down(host.at(10.5, 10.5));
  rectangle.up(host.at(19.5, 19.5));
  expect(host.count(3)).toBe(100 - 36);
});

import { expect, it } from "vitest";
import { TestHost } from "../test-host.js";
import { ellipseTool } from "./ellipse.js";

it("ellipse fills the dragged box but its corners; with shift it is a circle", () => {
  const host = new TestHost();
  const ellipse = ellipseTool(host);
  ellipse.down(host.at(10.5, 10.5));
  ellipse.up(host.at(29.5, 12.5, { shift: true }));
  expect(host.count(3) / (Math.PI * 100)).toBeCloseTo(1, 1);
  expect([host.map.at(10, 10), host.map.at(20, 20), host.map.at(29, 29)]).toEqual([0, 3, 0]);
  expect(host.painting.history.undoKind).toBe("ellipse");
});

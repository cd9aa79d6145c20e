import { expect, it } from "vitest";
import { clearLabelMap } from "../../canvas/label-map.js";
import { TestHost } from "../test-host.js";
import { eraserTool } from "./eraser.js";

it("eraser paints the background, whatever class is chosen", () => {
  const host = new TestHost();
  host.painting.apply("clear", (map) => clearLabelMap(map, 2));
  const eraser = eraserTool(host);
  eraser.down(host.at(10, 10));
  eraser.move(host.at(30, 10));
  eraser.up(host.at(30, 10));
  expect([host.map.at(20, 10), host.map.at(20, 30), host.count(3)]).toEqual([0, 2, 0]);
  expect(host.painting.history.undoKind).toBe("eraser");
});

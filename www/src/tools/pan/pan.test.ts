import { expect, it } from "vitest";
import { TestHost } from "../test-host.js";
import { panTool } from "./pan.js";

it("pan moves the view with the pointer, and back when cancelled", () => {
  const host = new TestHost();
  const pan = panTool(host);
  const before = host.view;
  const at = (x: number, y: number) => host.at(0, 0, { pointInCanvas: { x, y } });
  pan.move(at(90, 90));
  expect(host.view).toBe(before);
  pan.down(at(100, 100));
  pan.move(at(130, 90));
  expect(host.view).toEqual({ zoom: 2, offsetX: 40, offsetY: 10 });
  pan.cancel();
  expect(host.view).toEqual(before);
  pan.down(at(100, 100));
  pan.up(at(101, 102));
  expect(host.view).toEqual({ zoom: 2, offsetX: 11, offsetY: 22 });
});

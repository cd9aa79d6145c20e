import { rectOfSize } from "../../canvas/geometry.js";
import { inkOf } from "../../canvas/label-map.js";
import { expect, it } from "vitest";
import { paintRectangle } from "../../canvas/shapes.js";
import { TestHost } from "../test-host.js";
import { eyedropperTool } from "./eyedropper.js";

function host(): TestHost {
  const made = new TestHost();
  made.painting.apply("edit", (map) => paintRectangle(map, { x: 0, y: 0 }, { x: 31, y: 47 }, { kind: "filled" }, 5));
  return made;
}

it("eyedropper chooses what is under it while pressed, and ignores what is outside", () => {
  const made = host();
  const eyedropper = eyedropperTool(made);
  eyedropper.move(made.at(3, 3, { buttons: 0 }));
  expect(made.classId).toBe(3);
  eyedropper.down(made.at(3, 3));
  expect(made.classId).toBe(5);
  eyedropper.move(made.at(50, 3));
  eyedropper.move(made.at(500, 3));
  expect(made.classId).toBe(0);
  eyedropper.up(made.at(3, 3));
  expect(made.classId).toBe(5);
});

it("eyedropper cancelled gives the class before back", () => {
  const made = host();
  const eyedropper = eyedropperTool(made);
  eyedropper.down(made.at(3, 3));
  eyedropper.cancel();
  expect(made.classId).toBe(3);
});

it("eyedropper takes the object too, and gives it back when cancelled", () => {
  const made = host();
  made.painting.addObjects();
  made.painting.apply("edit", (map) => {
    map.fill(inkOf(5, 9));
    return rectOfSize(map);
  });
  made.object = 2;
  const eyedropper = eyedropperTool(made);
  eyedropper.down(made.at(3, 3));
  expect([made.classId, made.object]).toEqual([5, 9]);
  eyedropper.cancel();
  expect([made.classId, made.object]).toEqual([3, 2]);
});

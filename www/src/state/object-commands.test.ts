import { beforeEach, describe, expect, it } from "vitest";
import { rectOfSize } from "../canvas/geometry.js";
import { floodFill } from "../canvas/flood-fill.js";
import { inkOf, LabelMap } from "../canvas/label-map.js";
import { integerBetween, seededRandom } from "../canvas/seeded-random.js";
import { paintRectangle } from "../canvas/shapes.js";
import { strokeSegment } from "../canvas/stroke.js";
import * as commands from "./commands.js";
import { History, packMap, unpackMap } from "./history.js";
import { findObjects, forgetObjects, knowsThings, newObject, noObject, openObjects } from "./object-commands.js";
import { Painting } from "./painting.js";
import { Studio } from "./studio.js";
import { objectModel, testDevice, testModel } from "./test-model.js";

let studio: Studio;

beforeEach(() => {
  studio = new Studio();
  commands.modelReady(studio, objectModel, testDevice);
});

/** A box of the chosen class and object. */
function box(x: number, y: number): void {
  const { classId, object } = studio.state;
  const corner = { x: x + 3, y: y + 3 };
  const ink = inkOf(classId, object);
  studio.painting?.apply("rectangle", (map) => paintRectangle(map, { x, y }, corner, { kind: "filled" }, ink));
}

const objectAt = (x: number, y: number): number | undefined => studio.state.map?.objectAt(x, y);

describe("undo and redo with objects", () => {
  it("give exactly what was there, whatever was done in whatever order", () => {
    const random = seededRandom(51);
    const painting = new Painting(new LabelMap(40, 30, undefined, new Uint16Array(1200)));
    const seen = [painting.map.clone()];
    let place = 0;
    const point = () => ({ x: random() * 40, y: random() * 30 });
    for (let round = 0; round < 500; round += 1) {
      const choice = random();
      const count = painting.history.undoCount;
      const ink = inkOf(integerBetween(random, 0, 3), integerBetween(random, 0, 3) * 21_000);
      const sample = () => ({ pointInImage: point(), size: integerBetween(random, 1, 9) });
      if (choice < 0.4) painting.apply("brush", (map) => strokeSegment(map, sample(), sample(), ink));
      else if (choice < 0.5) painting.apply("fill", (map) => floodFill(map, point(), ink));
      else if (choice < 0.6) {
        const edit = painting.begin("rectangle");
        for (let time = 0; time < 3; time += 1) {
          edit.repaint((map) => paintRectangle(map, point(), point(), { kind: "filled" }, ink));
        }
        if (random() < 0.5) edit.cancel();
        else edit.commit();
      } else if (choice < 0.8) {
        if (painting.undo()) place -= 1;
        expect(painting.map.equals(seen[place] ?? new LabelMap(1, 1))).toBe(true);
        continue;
      } else {
        if (painting.redo()) place += 1;
        expect(painting.map.equals(seen[place] ?? new LabelMap(1, 1))).toBe(true);
        continue;
      }
      if (painting.history.undoCount > count) {
        seen.length = place + 1;
        seen.push(painting.map.clone());
        place += 1;
      }
      expect(painting.map.equals(seen[place] ?? new LabelMap(1, 1))).toBe(true);
    }
    while (painting.undo()) place -= 1;
    expect(place).toBe(0);
    expect(unpackMap(packMap(painting.map)).equals(painting.map)).toBe(true);
  });

  it("cost only what changed: a thin object over a large map stays small, none costs as before", () => {
    const painting = new Painting(new LabelMap(2048, 1024, undefined, new Uint16Array(2048 * 1024)));
    const [from, to] = [
      { x: 0, y: 0 },
      { x: 2047, y: 1023 },
    ].map((at) => ({ pointInImage: at, size: 3 }));
    if (!from || !to) throw new Error("no samples");
    painting.apply("brush", (map) => strokeSegment(map, from, to, 5));
    const without = painting.history.bytes;
    painting.apply("brush", (map) => strokeSegment(map, from, to, inkOf(5, 900)));
    expect(without).toBeLessThan(40_000);
    expect(painting.history.bytes - without).toBeLessThan(50_000);
  });

  it("brings objects back over maps of another size", () => {
    const map = new LabelMap(4, 4, undefined, new Uint16Array(16).fill(9));
    const painting = new Painting(map.clone());
    painting.replace(new LabelMap(2, 2, undefined, new Uint16Array(4)), "open");
    painting.undo();
    expect(painting.map.equals(map)).toBe(true);
    painting.redo();
    expect(painting.map.objects).toEqual(new Uint16Array(4));
  });

  it("is bounded: objects count, and the oldest steps go", () => {
    const random = seededRandom(52);
    const history = new History(20_000);
    const painting = new Painting(new LabelMap(32, 24, undefined, new Uint16Array(768)), history);
    for (let round = 0; round < 20; round += 1) {
      painting.apply("objects", (map) => {
        map.objects?.forEach((_, index, objects) => (objects[index] = integerBetween(random, 0, 999)));
        return rectOfSize(map);
      });
    }
    expect(history.bytes).toBeLessThanOrEqual(20_000);
    expect(history.undoCount).toBeLessThan(7);
    expect(history.undoCount).toBeGreaterThan(1);
  });
});

describe("objects of a painting", () => {
  it("begin with a key, take the next free number of their class, and end with another class", () => {
    newObject(studio);
    expect(studio.state.object).toBe(1);
    box(2, 2);
    newObject(studio);
    box(6, 2);
    expect([objectAt(3, 3), objectAt(7, 3), studio.state.object]).toEqual([1, 2, 2]);
    commands.chooseClass(studio, 1);
    expect(studio.state.object).toBe(2);
    commands.chooseClass(studio, 2);
    expect(studio.state.object).toBe(0);
    newObject(studio);
    expect(studio.state.object).toBe(1);
    noObject(studio);
    box(10, 2);
    expect([studio.state.map?.at(11, 3), objectAt(11, 3)]).toEqual([2, 0]);
  });

  it("are none for models that do not tell them apart, and their layer goes and comes with the model", () => {
    const other = new Studio();
    commands.modelReady(other, testModel, testDevice);
    newObject(other);
    expect([other.state.object, other.state.map?.objects, findObjects(other, "everywhere")]).toEqual([0, undefined, 0]);
    newObject(studio);
    box(2, 2);
    expect(commands.fittedMap(studio.state.map ?? new LabelMap(1, 1), testModel).objects).toBeUndefined();
    expect(commands.fittedMap(new LabelMap(5, 5), objectModel).objects).toHaveLength(768);
  });

  it("a painting that this visit has opened without them gets a layer when the model is known to use them", () => {
    const fresh = new Studio();
    const { usesObjects: _, ...older } = objectModel;
    commands.modelKnown(fresh, older, { id: "kept", map: new LabelMap(32, 24) });
    expect(fresh.state.map?.objects).toBeUndefined();
    commands.modelReady(fresh, objectModel, testDevice, { id: "kept" });
    expect(fresh.state.map?.objects).toHaveLength(768);
  });

  it("are found and forgotten, each as one step", () => {
    box(2, 2);
    box(10, 10);
    commands.chooseClass(studio, 2);
    box(20, 2);
    expect(findObjects(studio, "class")).toBe(1);
    expect([objectAt(21, 3), objectAt(3, 3)]).toEqual([1, 0]);
    expect(findObjects(studio, "everywhere")).toBe(2);
    expect([objectAt(3, 3), objectAt(11, 11), objectAt(0, 0)]).toEqual([1, 2, 0]);
    expect(studio.state.undoKind).toBe("objects");
    forgetObjects(studio, "everywhere");
    expect([objectAt(3, 3), objectAt(11, 11), objectAt(21, 3)]).toEqual([0, 0, 0]);
    commands.undo(studio);
    expect([objectAt(3, 3), objectAt(11, 11), objectAt(21, 3)]).toEqual([1, 2, 1]);
  });

  it("are found among things only, where the model knows which labels are things", () => {
    const classes = objectModel.classes.map((entry) => ({ ...entry, group: entry.id === 2 ? "vehicles" : "sky" }));
    const grouped = new Studio();
    commands.modelReady(grouped, { ...objectModel, classes }, testDevice);
    expect([knowsThings(grouped.state), knowsThings(studio.state)]).toEqual([true, false]);
    grouped.painting?.apply("edit", (map) => {
      map.fill(1, 0, 100);
      map.fill(2, 100, 200);
      return rectOfSize(map);
    });
    expect(findObjects(grouped, "everywhere")).toBe(1);
    expect([grouped.state.map?.objects?.[50], grouped.state.map?.objects?.[150]]).toEqual([0, 1]);
  });

  it("of a file are refused when they are as many as another map's pixels", () => {
    expect(() => openObjects(studio, new Uint16Array(7))).toThrow(/expected 768 for 32×24, found 7/);
  });
});

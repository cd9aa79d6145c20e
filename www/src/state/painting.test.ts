import { describe, expect, it } from "vitest";
import { clearLabelMap, LabelMap } from "../canvas/label-map.js";
import { paintRectangle } from "../canvas/shapes.js";
import { stampBrush } from "../canvas/stroke.js";
import { Painting, type PaintingChange } from "./painting.js";

const stamp = (x: number, y: number, id: number) => (map: LabelMap) =>
  stampBrush(map, { pointInImage: { x, y }, size: 3 }, id);

function watched(painting: Painting): PaintingChange[] {
  const changes: PaintingChange[] = [];
  painting.subscribe((change) => changes.push(change));
  return changes;
}

describe("Painting", () => {
  it("makes one undo step of everything between begin and commit", () => {
    const painting = new Painting(new LabelMap(20, 20));
    const edit = painting.begin("brush");
    edit.paint(stamp(3, 3, 1));
    edit.paint(stamp(10, 10, 1));
    edit.commit();
    expect(painting.history.undoCount).toBe(1);
    expect(painting.undo()).toBe(true);
    expect(painting.map.ids.every((id) => id === 0)).toBe(true);
    expect(painting.undo()).toBe(false);
    expect(painting.redo()).toBe(true);
    expect(painting.map.at(10, 10)).toBe(1);
  });

  it("cancel leaves no trace and no step", () => {
    const painting = new Painting(new LabelMap(20, 20));
    painting.apply("fill", (map) => clearLabelMap(map, 4));
    const before = painting.map.clone();
    const edit = painting.begin("brush");
    edit.paint(stamp(3, 3, 1));
    edit.paint(stamp(19, 19, 2));
    edit.cancel();
    expect(painting.map.equals(before)).toBe(true);
    expect(painting.history.undoCount).toBe(1);
    edit.paint(stamp(3, 3, 1));
    edit.commit();
    expect(painting.map.equals(before)).toBe(true);
    expect(painting.history.undoCount).toBe(1);
  });

  it("repaint takes back what it had painted, and reports both places", () => {
    const painting = new Painting(new LabelMap(20, 20));
    const changes = watched(painting);
    const edit = painting.begin("rectangle");
    const rectangle = (x: number) => (map: LabelMap) =>
      paintRectangle(map, { x, y: 2 }, { x: x + 1, y: 3 }, { kind: "filled" }, 5);
    edit.repaint(rectangle(2));
    edit.repaint(rectangle(10));
    expect(changes.at(-1)?.rect).toEqual({ x: 2, y: 2, width: 10, height: 2 });
    edit.commit();
    expect(painting.map.at(2, 2)).toBe(0);
    expect(painting.map.at(10, 2)).toBe(5);
    painting.undo();
    expect(painting.map.ids.every((id) => id === 0)).toBe(true);
  });

  it("records no step when nothing changed", () => {
    const painting = new Painting(new LabelMap(8, 8));
    painting.apply("eraser", stamp(4, 4, 0));
    painting.replace(new LabelMap(8, 8), "open");
    expect(painting.history.undoCount).toBe(0);
  });

  it("undo during an edit takes the edit back and nothing else", () => {
    const painting = new Painting(new LabelMap(8, 8));
    painting.apply("fill", (map) => clearLabelMap(map, 1));
    painting.begin("brush").paint(stamp(4, 4, 2));
    expect(painting.undo()).toBe(true);
    expect(painting.map.ids.every((id) => id === 1)).toBe(true);
    expect(painting.history.undoCount).toBe(1);
  });

  it("replacing the map during an edit cancels the edit first: undo gives the map before it", () => {
    const painting = new Painting(new LabelMap(8, 8));
    const edit = painting.begin("brush");
    edit.paint(stamp(4, 4, 2));
    const opened = new LabelMap(8, 8);
    clearLabelMap(opened, 7);
    painting.replace(opened, "open");
    edit.paint(stamp(4, 4, 3));
    edit.commit();
    expect(painting.map.equals(opened)).toBe(true);
    painting.undo();
    expect(painting.map.ids.every((id) => id === 0)).toBe(true);
  });

  it("replaces maps of other sizes as one step", () => {
    const painting = new Painting(new LabelMap(8, 8));
    const changes = watched(painting);
    const opened = new LabelMap(4, 2);
    clearLabelMap(opened, 7);
    painting.replace(opened, "open");
    expect(changes).toEqual([{ cause: "replace", rect: { x: 0, y: 0, width: 4, height: 2 }, mapReplaced: true }]);
    painting.undo();
    expect([painting.map.width, painting.map.height]).toEqual([8, 8]);
    painting.redo();
    expect(painting.map.equals(opened)).toBe(true);
    painting.apply("brush", stamp(1, 1, 1));
    painting.undo();
    expect(painting.map.equals(opened)).toBe(true);
  });

  it("does not hold on to the map it was given", () => {
    const painting = new Painting(new LabelMap(4, 2));
    const opened = new LabelMap(8, 8);
    painting.replace(opened, "open");
    opened.ids.fill(9);
    expect(painting.map.at(0, 0)).toBe(0);
  });

  it("tells why it changed, with a step known by the time of the call", () => {
    const painting = new Painting(new LabelMap(8, 8));
    const kinds: (string | undefined)[] = [];
    const changes = watched(painting);
    painting.subscribe(() => kinds.push(painting.history.undoKind));
    const edit = painting.begin("brush");
    edit.paint(stamp(4, 4, 2));
    edit.commit();
    painting.undo();
    painting.redo();
    expect(changes.map(({ cause }) => cause)).toEqual(["edit", "commit", "undo", "redo"]);
    expect(kinds).toEqual([undefined, "brush", undefined, "brush"]);
    expect(painting.revision).toBe(3);
  });
});

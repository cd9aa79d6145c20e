import { expect, it } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { stampBrush } from "../canvas/stroke.js";
import { Painting } from "../state/painting.js";
import { PaintingEvents } from "./painting-events.js";

const dab = (id: number) => (map: LabelMap) => stampBrush(map, { pointInImage: { x: 2, y: 2 }, size: 3 }, id);

function listened(): { events: string[]; follow: PaintingEvents } {
  const element = new EventTarget();
  const events: string[] = [];
  for (const name of ["input", "change"]) {
    element.addEventListener(name, ({ type, bubbles }) => events.push(bubbles ? type : `${type}, alone`));
  }
  return { events, follow: new PaintingEvents(element) };
}

it("tells of each piece of a stroke, and of its end", () => {
  const { events, follow } = listened();
  const painting = new Painting(new LabelMap(4, 4));
  follow.follow(painting);
  const stroke = painting.begin("brush");
  stroke.paint(dab(1));
  stroke.paint(dab(2));
  expect(events).toEqual(["input", "input"]);
  stroke.commit();
  expect(events).toEqual(["input", "input", "change"]);
});

it("tells of undo and redo, and of what is taken back no change", () => {
  const { events, follow } = listened();
  const painting = new Painting(new LabelMap(4, 4));
  painting.apply("brush", dab(1));
  follow.follow(painting);
  painting.undo();
  painting.redo();
  expect(events).toEqual(["input", "change", "input", "change"]);
  const stroke = painting.begin("brush");
  stroke.paint(dab(2));
  stroke.cancel();
  expect(events.slice(4)).toEqual(["input", "input"]);
});

it("says nothing of maps that the page sets, nor of a painting that is no longer shown", () => {
  const { events, follow } = listened();
  const [painting, other] = [new Painting(new LabelMap(4, 4)), new Painting(new LabelMap(4, 4))];
  follow.follow(painting);
  painting.replace(new LabelMap(4, 4, new Uint8Array(16).fill(1)), "open");
  follow.follow(other);
  painting.apply("brush", dab(2));
  expect(events).toEqual([]);
  other.apply("brush", dab(2));
  expect(events).toEqual(["input", "change"]);
});

it("tells once of another deed, whatever the painting says of it", () => {
  const { events, follow } = listened();
  const painting = new Painting(new LabelMap(4, 4));
  follow.follow(painting);
  follow.deed(() => painting.apply("brush", dab(1)));
  expect(events).toEqual(["input", "change"]);
  painting.undo();
  expect(events).toHaveLength(4);
});

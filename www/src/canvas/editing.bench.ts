/** How long edits of a 2048×1024 label map take: `npx vitest bench --run src/canvas`. */

import { bench, describe } from "vitest";
import { stepBetween } from "../state/history.js";
import { colorPixels, paletteWords } from "./color-layer.js";
import { floodFill } from "./flood-fill.js";
import { rectOfSize } from "./geometry.js";
import { clearLabelMap, LabelMap, replaceInk } from "./label-map.js";
import { integerBetween, seededRandom } from "./seeded-random.js";
import { paintEllipse } from "./shapes.js";
import { strokeSegment } from "./stroke.js";

const options = { time: 600, warmupTime: 100 };

function painted(): LabelMap {
  const random = seededRandom(1);
  const map = new LabelMap(2048, 1024);
  for (let index = 0; index < 200; index += 1) {
    const sample = () => ({
      pointInImage: { x: random() * 2048, y: random() * 1024 },
      size: integerBetween(random, 8, 90),
    });
    strokeSegment(map, sample(), sample(), integerBetween(random, 0, 30));
  }
  return map;
}

/** Single pixels of two classes: the worst that a fill can meet. */
function noisy(): LabelMap {
  const random = seededRandom(2);
  const map = new LabelMap(2048, 1024);
  map.ids.forEach((_, index) => (map.ids[index] = random() < 0.35 ? 1 : 0));
  return map;
}

describe("2048×1024", () => {
  const map = painted();
  const before = map.clone();
  const noise = noisy();
  const plain = new LabelMap(2048, 1024);
  const words = new Uint32Array(2048 * 1024);
  const palette = paletteWords([]);
  let id = 0;
  const next = () => (id = (id + 1) % 200);

  for (const size of [1, 24, 128, 512]) {
    bench(
      `stroke of 40 pixels, brush ${size}`,
      () => {
        const at = (x: number) => ({ pointInImage: { x, y: 512 + x / 9 }, size });
        strokeSegment(map, at(1000), at(1040), next());
      },
      options,
    );
  }
  bench("fill of the whole plain map", () => void floodFill(plain, { x: 9, y: 9 }, next()), options);
  bench(
    "fill of one area of noise and back",
    () => {
      floodFill(noise, { x: 1024, y: 512 }, 9);
      replaceInk(noise, 9, 0);
    },
    options,
  );
  bench(
    "ellipse as large as the map",
    () => {
      paintEllipse(plain, { x: 0, y: 0 }, { x: 2047, y: 1023 }, { kind: "filled" }, next());
    },
    options,
  );
  let from = 3;
  bench(
    "replace one class",
    () => {
      const to = from === 3 ? 250 : 3;
      replaceInk(map, from, to);
      from = to;
    },
    options,
  );
  bench("clear", () => void clearLabelMap(plain, next()), options);
  bench("snapshot at pointer down", () => void before.ids.set(map.ids), options);
  bench("undo step that searches the whole map", () => void stepBetween(before, map, "brush"), options);
  bench("colouring everything", () => colorPixels(map, palette, rectOfSize(map), words), options);
  bench("colouring 64×64", () => colorPixels(map, palette, { x: 900, y: 400, width: 64, height: 64 }, words), options);
});

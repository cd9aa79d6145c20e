import { describe, expect, it } from "vitest";
import { seededRandom } from "./seeded-random.js";
import {
  clampView,
  clampZoom,
  fitView,
  isWholeImageVisible,
  MAX_ZOOM,
  panBy,
  pinchView,
  pointInCanvasFromImage,
  pointInImageFromCanvas,
  zoomAt,
  type View,
} from "./view.js";

const image = { width: 256, height: 128 };
const canvas = { width: 800, height: 600 };

function near(a: { x: number; y: number }, b: { x: number; y: number }): void {
  expect(a.x).toBeCloseTo(b.x, 6);
  expect(a.y).toBeCloseTo(b.y, 6);
}

describe("view", () => {
  it("maps points to the image and back", () => {
    const random = seededRandom(8);
    for (let round = 0; round < 100; round += 1) {
      const view: View = { zoom: 0.1 + random() * 20, offsetX: random() * 500 - 250, offsetY: random() * 500 - 250 };
      const point = { x: random() * 800, y: random() * 600 };
      near(pointInCanvasFromImage(view, pointInImageFromCanvas(view, point)), point);
    }
  });

  it("fits the whole image, centred, with its padding", () => {
    const view = fitView(image, canvas, 16);
    expect(view.zoom).toBe(3);
    expect(view).toEqual({ zoom: 3, offsetX: 16, offsetY: 108 });
    expect(isWholeImageVisible(view, image, canvas)).toBe(true);
  });

  it("zooms around a point: what is under it stays there", () => {
    const random = seededRandom(9);
    for (let round = 0; round < 100; round += 1) {
      const view: View = { zoom: 0.5 + random() * 8, offsetX: random() * 400 - 200, offsetY: random() * 400 - 200 };
      const point = { x: random() * 800, y: random() * 600 };
      const zoomed = zoomAt(view, 0.5 + random() * 2, point, image);
      near(pointInImageFromCanvas(zoomed, point), pointInImageFromCanvas(view, point));
    }
  });

  it("keeps the zoom within its limits", () => {
    expect(clampZoom(1e9, image)).toBe(MAX_ZOOM);
    expect(clampZoom(0, image) * image.width).toBeCloseTo(64);
    expect(clampZoom(NaN, image)).toBeGreaterThan(0);
    expect(zoomAt({ zoom: 60, offsetX: 0, offsetY: 0 }, 10, { x: 5, y: 5 }, image).zoom).toBe(MAX_ZOOM);
  });

  it("always leaves some of the image in sight", () => {
    for (const [dx, dy] of [
      [1e6, 0],
      [-1e6, 0],
      [0, 1e6],
      [0, -1e6],
      [NaN, NaN],
    ] as const) {
      const view = clampView(panBy(fitView(image, canvas), dx, dy), image, canvas);
      const corner = pointInCanvasFromImage(view, { x: image.width, y: image.height });
      expect(view.offsetX).toBeLessThanOrEqual(canvas.width - 48);
      expect(view.offsetY).toBeLessThanOrEqual(canvas.height - 48);
      expect(corner.x).toBeGreaterThanOrEqual(48);
      expect(corner.y).toBeGreaterThanOrEqual(48);
    }
  });

  it("pinches: what lies under each finger stays under it", () => {
    const start = fitView(image, canvas);
    const before = [
      { x: 300, y: 300 },
      { x: 500, y: 320 },
    ] as const;
    // The same two fingers, twice as far apart and moved; not turned, for views do not turn.
    const after = [
      { x: 250, y: 310 },
      { x: 650, y: 350 },
    ] as const;
    const view = pinchView(start, before, after, image);
    near(pointInImageFromCanvas(view, after[0]), pointInImageFromCanvas(start, before[0]));
    near(pointInImageFromCanvas(view, after[1]), pointInImageFromCanvas(start, before[1]));
  });

  it("survives fingers on the same spot", () => {
    const point = { x: 10, y: 10 };
    const view = pinchView(fitView(image, canvas), [point, point], [point, point], image);
    expect(Number.isFinite(view.zoom) && Number.isFinite(view.offsetX)).toBe(true);
  });
});

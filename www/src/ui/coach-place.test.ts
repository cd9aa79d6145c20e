import { describe, expect, it } from "vitest";
import { coachPlace } from "./coach-place.js";

const card = { width: 300, height: 140 };

describe("coachPlace", () => {
  it("goes above what it speaks of, its arrow at the middle", () => {
    const place = coachPlace({ left: 500, top: 700, width: 200, height: 60 }, card, 1280, 800);
    expect(place).toMatchObject({ x: 450, side: "above", arrow: 150 });
    expect(place.y + card.height).toBeLessThan(700);
  });

  it("goes below when there is no room above", () => {
    expect(coachPlace({ left: 0, top: 40, width: 100, height: 60 }, card, 1280, 800).side).toBe("below");
  });

  it("lies over a subject that fills the window", () => {
    expect(coachPlace({ left: 0, top: 50, width: 360, height: 640 }, card, 360, 740).side).toBe("over");
  });

  it("stays within the window", () => {
    for (const left of [-400, 0, 350, 2000]) {
      const place = coachPlace({ left, top: 600, width: 10, height: 10 }, card, 360, 740);
      expect(place.x).toBeGreaterThanOrEqual(12);
      expect(place.x + card.width).toBeLessThanOrEqual(348);
    }
  });
});

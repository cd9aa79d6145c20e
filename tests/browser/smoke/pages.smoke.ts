/** The studio and the element: they load, paint, and the picture changes where it was painted. */

import { expect } from "@playwright/test";

import { meanDifferences } from "../support/studio-page";
import { test, type SmokePage } from "./fixtures";

/** What a page shows. */
interface Shown {
  readonly ids: number[];
  readonly rgba: number[];
  readonly side: number;
}

/** The stroke, in parts of the label map's sides: a short one, so that most of the picture is far from it. */
const STROKE = [
  [0.3, 0.3],
  [0.5, 0.35],
] as const;
/** How far from the stroke pixels may belong to it, in parts of a side: half the brush, and what a picture blurs. */
const REACH = 0.16;

/** Checks that labels changed at the stroke only, and the picture there more than elsewhere. */
function expectPainted(before: Shown, after: Shown): void {
  const { side } = before;
  const isNear = (x: number, y: number): boolean =>
    x > (STROKE[0][0] - REACH) * side &&
    x < (STROKE[1][0] + REACH) * side &&
    y > (STROKE[0][1] - REACH) * side &&
    y < (STROKE[1][1] + REACH) * side;
  const changed = after.ids.flatMap((id, at) => (id === before.ids[at] ? [] : [at]));
  expect(changed.length).toBeGreaterThan(100);
  expect(changed.filter((at) => !isNear(at % side, Math.floor(at / side)))).toEqual([]);
  const moved = meanDifferences(Uint8Array.from(before.rgba), Uint8Array.from(after.rgba), side, isNear);
  expect(moved.inside).toBeGreaterThan(4);
  expect(moved.inside).toBeGreaterThan(2 * moved.outside);
}

const shownInStudio = (): Promise<Shown> | Shown => {
  const state = document.querySelector("up-studio")?.context?.studio.state;
  if (!state?.map || !state.picture) throw new Error("the studio shows nothing");
  return {
    ids: Array.from(state.map.ids),
    rgba: Array.from(state.picture.image.data),
    side: state.map.width,
  };
};

async function studioIsReady(smoke: SmokePage): Promise<void> {
  await smoke.until("the studio has its first picture", () => {
    const state = document.querySelector("up-studio")?.context?.studio.state;
    return state?.loading.phase === "ready" && state.picture !== undefined && state.generation.phase === "idle";
  });
}

test("the studio paints, and a reload keeps the painting", async ({ smoke }) => {
  const { browser } = smoke;
  await smoke.open("/demo/");
  await browser.evaluate(() => localStorage.setItem("underpaint.introduced", "1"));
  await browser.reload();
  await studioIsReady(smoke);
  const before = await browser.evaluate(shownInStudio);

  const { canvas, label } = await browser.evaluate(() => {
    const studio = document.querySelector("up-studio");
    const stage = studio?.shadowRoot?.querySelector("up-stage")?.shadowRoot;
    const palette = studio?.shadowRoot?.querySelector("up-palette")?.shadowRoot;
    const view = studio?.context?.studio.state.view;
    const map = studio?.context?.studio.state.map;
    const box = stage?.querySelector("canvas.main")?.getBoundingClientRect();
    const rock = palette?.querySelector('[data-label="13"]')?.getBoundingClientRect();
    if (!box || !rock || !view || !map) throw new Error("the studio has no canvas or no palette");
    const { x, y } = { x: box.x + view.offsetX, y: box.y + view.offsetY };
    return {
      canvas: {
        x,
        y,
        width: map.width * view.zoom,
        height: map.height * view.zoom,
      },
      label: { x: rock.x, y: rock.y, width: rock.width, height: rock.height },
    };
  });
  await smoke.drag(label, [0.5, 0.5]);
  await smoke.drag(canvas, ...STROKE);
  await smoke.until("the stroke is in the label map", () => {
    const state = document.querySelector("up-studio")?.context?.studio.state;
    return state?.undoKind === "brush";
  });
  await smoke.until("the picture follows", async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    return document.querySelector("up-studio")?.context?.studio.state.generation.phase === "idle";
  });
  const after = await browser.evaluate(shownInStudio);
  expectPainted(before, after);
  await smoke.look("studio");

  // It is kept a second after the stroke.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await browser.reload();
  await studioIsReady(smoke);
  expect((await browser.evaluate(shownInStudio)).ids).toEqual(after.ids);
});

const shownInElement = (): Shown => {
  const { labelMap, picture } = document.querySelector("underpaint-canvas") ?? {};
  if (!labelMap || !picture) throw new Error("the element shows nothing");
  return {
    ids: Array.from(labelMap.ids),
    rgba: Array.from(picture.data),
    side: labelMap.width,
  };
};

test("the element paints in a plain page", async ({ smoke }) => {
  const { browser } = smoke;
  await smoke.open("/embed/");
  const isPainted = (): boolean => /Painted in \d+ ms/.test(document.querySelector("#told")?.textContent ?? "");
  await smoke.until("the first picture", isPainted);
  const before = await browser.evaluate(shownInElement);
  const canvas = await browser.evaluate(() => {
    const element = document.querySelector("underpaint-canvas");
    const told = document.querySelector("#told");
    for (const name of ["input", "change"]) {
      element?.addEventListener(name, () => element.setAttribute(`data-${name}`, "told"));
    }
    if (told) told.textContent = "";
    element?.setAttribute("label", "13");
    const box = element?.shadowRoot?.querySelector("canvas.main")?.getBoundingClientRect();
    if (!box) throw new Error("the element has no canvas");
    return { x: box.x, y: box.y, width: box.width, height: box.height };
  });
  await smoke.drag(canvas, ...STROKE);
  await smoke.until("another picture, and both events", () => {
    const element = document.querySelector("underpaint-canvas");
    const isPainted = /Painted in \d+ ms/.test(document.querySelector("#told")?.textContent ?? "");
    return isPainted && element?.dataset["input"] === "told" && element.dataset["change"] === "told";
  });
  await browser.evaluate(async () => void (await document.querySelector("underpaint-canvas")?.generate()));
  expectPainted(before, await browser.evaluate(shownInElement));
  await smoke.look("element");
});

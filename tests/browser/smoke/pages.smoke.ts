/** The studio and the element: they load, paint, and the picture changes where it was painted. */

import { expect } from "@playwright/test";

import { meanDifferences } from "../support/studio-page";
import { test, type SmokePage } from "./fixtures";

/** What a page shows. */
interface Shown {
  /** Class ids, and the picture's RGBA samples: a character each, which travels faster than numbers. */
  readonly ids: string;
  readonly rgba: string;
  /** Of both, in pixels. */
  readonly side: number;
}

/** The stroke, in parts of the label map's sides: a short one, so that most of the picture is far from it. */
const STROKE = [
  [0.3, 0.3],
  [0.5, 0.35],
] as const;
/** How far from the stroke pixels may belong to it, in parts of a side: half the brush, and what a picture blurs. */
const REACH = 0.16;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Checks that labels changed at the stroke only, and the picture there more than elsewhere. */
function expectPainted(before: Shown, after: Shown): void {
  const { side } = before;
  const isNear = (x: number, y: number): boolean =>
    x > (STROKE[0][0] - REACH) * side &&
    x < (STROKE[1][0] + REACH) * side &&
    y > (STROKE[0][1] - REACH) * side &&
    y < (STROKE[1][1] + REACH) * side;
  const changed = [...after.ids].flatMap((id, at) => (id === before.ids[at] ? [] : [at]));
  expect(changed.length).toBeGreaterThan(100);
  expect(changed.filter((at) => !isNear(at % side, Math.floor(at / side)))).toEqual([]);
  const moved = meanDifferences(bytesOf(before.rgba), bytesOf(after.rgba), side, isNear);
  expect(moved.inside).toBeGreaterThan(4);
  expect(moved.inside).toBeGreaterThan(2 * moved.outside);
}

const shownInStudio = (): Shown => {
  const state = document.querySelector("up-studio")?.context?.studio.state;
  if (!state?.map || !state.picture) throw new Error("the studio shows nothing");
  const text = (bytes: Iterable<number>): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return { ids: text(state.map.ids), rgba: text(state.picture.image.data), side: state.map.width };
};

async function studioIsReady(smoke: SmokePage): Promise<void> {
  await smoke.until("the studio has its first picture", () => {
    const state = document.querySelector("up-studio")?.context?.studio.state;
    return state?.loading.phase === "ready" && state.picture !== undefined && state.generation.phase === "idle";
  });
}

test("the studio paints, and a reload keeps the painting", async ({ smoke }) => {
  const { browser } = smoke;
  // Something small on the same origin, to say that the introduction has been seen.
  await smoke.open("/demo/models/landscapes/scenes/lake.png");
  await browser.evaluate(() => localStorage.setItem("underpaint.introduced", "1"));
  await smoke.open("/demo/");
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
  expect((await browser.evaluate(shownInStudio)).ids).toBe(after.ids);
});

const shownInElement = (): Shown => {
  const { labelMap, picture } = document.querySelector("underpaint-canvas") ?? {};
  if (!labelMap || !picture) throw new Error("the element shows nothing");
  const text = (bytes: Iterable<number>): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return { ids: text(labelMap.ids), rgba: text(picture.data), side: labelMap.width };
};

test("the element paints in a plain page", async ({ smoke }) => {
  const { browser } = smoke;
  await smoke.open("/embed/");
  const isPainted = (): boolean => /Painted in \d+ ms/.test(document.querySelector("#told")?.textContent ?? "");
  await smoke.until("the first picture", isPainted);
  // The model has never seen a canvas that is all sky: there a stroke changes the whole picture.
  await browser.evaluate(() => {
    const told = document.querySelector("#told");
    if (told) told.textContent = "";
    document.querySelector("underpaint-canvas")?.setAttribute("scene", "model/scenes/lake.png");
  });
  await smoke.until("the picture of a scene", () => {
    const labels = new Set(document.querySelector("underpaint-canvas")?.labelMap?.ids);
    return labels.size > 3 && /Painted in \d+ ms/.test(document.querySelector("#told")?.textContent ?? "");
  });
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

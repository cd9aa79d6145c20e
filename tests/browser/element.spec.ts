/** What the element promises a page: it leaves nothing behind, refuses what it does not know, tells of painting. */

import { readFileSync } from "node:fs";

import { expect, test, type CDPSession, type Locator, type Page } from "@playwright/test";

import type { UnderpaintCanvas } from "../../www/src/element/index";
import { screenshots } from "./support/folders";
import { CLASSES } from "./support/models";
import { swipeUp } from "./support/touch";

declare global {
  interface HTMLElementTagNameMap {
    "underpaint-canvas": UnderpaintCanvas;
  }
}

/** Opens the example page and waits for its first picture. */
async function openExample(page: Page): Promise<Locator> {
  await page.goto("/embed/");
  await expect(page.locator("#told")).toContainText(/Painted in/, { timeout: 20_000 });
  return page.locator("underpaint-canvas");
}

/** Presses the mouse on a canvas of the element, moves it and releases it. */
async function stroke(page: Page, canvas: Locator): Promise<void> {
  const box = await canvas.boundingBox();
  if (!box) throw new Error("the canvas is not shown");
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 120, box.y + 60, { steps: 4 });
  await page.mouse.up();
}

test.describe("an element that is taken away", () => {
  /** Elements and DOM nodes that are left after all rubbish is collected. */
  async function left(cdp: CDPSession): Promise<{ elements: number; nodes: number }> {
    await cdp.send("HeapProfiler.collectGarbage");
    const expression = 'customElements.get("underpaint-canvas").prototype';
    const { result } = await cdp.send("Runtime.evaluate", { expression, objectGroup: "count" });
    const { objects } = await cdp.send("Runtime.queryObjects", {
      prototypeObjectId: result.objectId ?? "",
      objectGroup: "count",
    });
    const length = await cdp.send("Runtime.callFunctionOn", {
      objectId: objects.objectId ?? "",
      functionDeclaration: "function () { return this.length; }",
      returnByValue: true,
    });
    await cdp.send("Runtime.releaseObjectGroup", { objectGroup: "count" });
    const { metrics } = await cdp.send("Performance.getMetrics");
    return { elements: length.result.value, nodes: metrics.find(({ name }) => name === "Nodes")?.value ?? NaN };
  }

  /** Makes elements that are used and taken away, that are taken away while they load, and that are never shown. */
  async function comeAndGo(page: Page, times: number): Promise<void> {
    await page.evaluate(async (times) => {
      for (let time = 0; time < times; time += 1) {
        const [used, hasty, unseen] = [0, 1, 2].map(() => document.createElement("underpaint-canvas"));
        if (!used || !hasty || !unseen) return;
        for (const element of [used, hasty]) {
          element.setAttribute("model", "model/");
          element.setAttribute("controls", "");
          document.body.append(element);
        }
        await used.updateComplete;
        void hasty.load().catch(() => undefined);
        hasty.remove();
        await used.load();
        used.labelMap = { ids: new Uint8Array(64 * 64).fill(6), width: 64, height: 64 };
        await used.generate();
        used.undo();
        used.remove();
      }
    }, times);
  }

  test("leaves neither itself nor its nodes nor a worker behind", async ({ page }) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    await openExample(page);
    // What is made once stays: code, styles, the first shadow tree.
    await comeAndGo(page, 2);
    await expect.poll(async () => (await left(cdp)).elements).toBe(1);
    const before = await left(cdp);
    await comeAndGo(page, 20);
    await expect.poll(async () => (await left(cdp)).elements).toBe(1);
    expect((await left(cdp)).nodes).toBeLessThan(before.nodes + 100);
    expect(page.workers()).toHaveLength(1);
  });

  test("keeps its model when it is only moved, and gets it back when it returns", async ({ page }) => {
    const element = await openExample(page);
    const [worker] = page.workers();
    await element.evaluate((element) => document.body.prepend(element));
    const canvas = element.locator("canvas.main");
    await element.evaluate((element: UnderpaintCanvas) => element.setAttribute("label", "6"));
    await stroke(page, canvas);
    const count = () =>
      element.evaluate((element: UnderpaintCanvas) => element.labelMap?.ids.filter((id) => id === 6).length ?? 0);
    const painted = await count();
    expect(painted).toBeGreaterThan(50);
    expect(page.workers()).toEqual([worker]);

    const kept = await element.evaluateHandle((element) => element);
    await element.evaluate((element) => element.remove());
    await expect.poll(() => page.workers().length).toBe(0);
    await kept.evaluate(async (element: UnderpaintCanvas) => {
      document.body.append(element);
      await element.load();
      await element.generate();
    });
    expect(await count()).toBe(painted);
    await element.evaluate((element: UnderpaintCanvas) => (element.clear(), element.updateComplete));
    await stroke(page, canvas);
    expect(await count()).toBeGreaterThan(50);
  });
});

test("what it does not know is refused with the event error, and what was there stays", async ({ page }) => {
  const element = await openExample(page);
  const told = await element.evaluate(async (element: UnderpaintCanvas, classes) => {
    const errors: { attribute?: string; message: string }[] = [];
    element.addEventListener("error", ({ detail }) => errors.push(detail));
    const attempts: [string, string, unknown][] = [
      ["label", "77", 77],
      ["label", "high", classes],
      ["tool", "nonsense", "pan"],
      ["layout", "upside-down", null],
      ["brush-size", "0", NaN],
      ["seed", "-1", 2 ** 32],
      ["device", "gpu", undefined],
      ["loading", "", 3],
    ];
    const camel = (name: string): string => name.replace(/-(.)/, (_, letter) => letter.toUpperCase());
    const kept: unknown[] = [];
    for (const [attribute, text, value] of attempts) {
      element.setAttribute(attribute, text);
      await element.updateComplete;
      Object.assign(element, { [camel(attribute)]: value });
      await element.updateComplete;
      kept.push([attribute, Reflect.get(element, camel(attribute)), element.getAttribute(attribute)]);
    }
    const before = element.labelMap?.ids.join();
    for (const map of [{ ids: new Uint8Array(64 * 64).fill(77), width: 64, height: 64 }, null]) {
      Object.assign(element, { labelMap: map });
    }
    return { errors, kept, mapStays: element.labelMap?.ids.join() === before };
  }, CLASSES);
  expect(told.kept).toEqual([
    ["label", 1, "1"],
    ["label", 1, "1"],
    ["tool", "brush", "brush"],
    ["layout", "side-by-side", "side-by-side"],
    ["brush-size", 24, "24"],
    ["seed", 0, "0"],
    ["device", "auto", "auto"],
    ["loading", "lazy", "lazy"],
  ]);
  expect(told.mapStays).toBe(true);
  expect(
    told.errors.map(({ attribute, message }) => [attribute, message.startsWith(`${attribute}: expected`)]),
  ).toEqual(
    ["label", "label", "label", "label", "tool", "tool", "layout", "layout", "brush-size", "brush-size", "seed", "seed"]
      .concat(["device", "device", "loading", "loading", "labelMap", "labelMap"])
      .map((name) => [name, true]),
  );
  expect(told.errors[0]?.message).toBe(`label: expected one of the model's ids, 0 to ${CLASSES - 1}, found 77`);
  expect(told.errors[2]?.message).toMatch(/found "high"$/);
  // It works on as before, with the model that it had.
  await stroke(page, element.locator("canvas.main"));
  expect(page.workers()).toHaveLength(1);
});

test("a label that the model turns out not to have is refused when it is loaded", async ({ page }) => {
  await openExample(page);
  const told = await page.evaluate(async () => {
    const element = document.createElement("underpaint-canvas");
    const messages: string[] = [];
    element.addEventListener("error", ({ detail }) => messages.push(detail.message));
    element.setAttribute("model", "model/");
    element.setAttribute("label", "77");
    element.labelMap = { ids: new Uint8Array([0, 1, 99, 1]), width: 2, height: 2 };
    document.body.append(element);
    await element.load();
    await element.updateComplete;
    return { messages, label: element.label, blank: element.labelMap?.ids.every((id) => id === 0) };
  });
  expect(told).toMatchObject({ label: 1, blank: true });
  expect(told.messages).toEqual([
    expect.stringMatching(/^labelMap: expected .* found 99 at pixel \(0, 1\)$/),
    expect.stringMatching(/^label: expected .* found 77$/),
  ]);
});

test("input and change tell of painting, as form controls do", async ({ page }) => {
  const element = await openExample(page);
  await element.evaluate((element: UnderpaintCanvas) => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    for (const name of ["input", "change"]) {
      document.body.addEventListener(name, (event) => told.push(event.target === element ? event.type : "another"));
    }
    element.label = 6;
  });
  const told = () =>
    page.evaluate(() => {
      const told: string[] = Reflect.get(globalThis, "told");
      return told.splice(0);
    });
  await stroke(page, element.locator("canvas.main"));
  const events = await told();
  expect(events.length).toBeGreaterThan(2);
  expect(events.slice(0, -1).every((name) => name === "input")).toBe(true);
  expect(events.at(-1)).toBe("change");
  await page.keyboard.press("Control+z");
  expect(await told()).toEqual(["input", "change"]);
  // The brush's size is nothing that was painted, nor is what the page itself sets.
  await element.getByRole("slider").fill("40");
  await element.evaluate((element: UnderpaintCanvas) => {
    element.labelMap = { ids: new Uint8Array(64 * 64).fill(3), width: 64, height: 64 };
  });
  expect(await told()).toEqual([]);
});

test.describe("by touch", () => {
  test.use({ viewport: { width: 390, height: 900 }, hasTouch: true, isMobile: true });

  test("fingers scroll the page on the picture, and paint on the labels", async ({ page }) => {
    const element = await openExample(page);
    const cdp = await page.context().newCDPSession(page);
    await page.evaluate(() => (document.body.style.paddingBottom = "1500px"));
    const state = () =>
      element.evaluate((element: UnderpaintCanvas) => ({
        scrolled: Math.round(scrollY),
        painted: element.labelMap?.ids.filter((id) => id === 1).length ?? 0,
      }));
    const before = await state();
    await swipeUp(cdp, element.locator("canvas.main"), 120);
    await expect.poll(async () => (await state()).painted).toBeGreaterThan(before.painted + 50);
    const painted = await state();
    expect(painted.scrolled).toBe(0);
    await swipeUp(cdp, element.locator("canvas.side"), 120);
    await expect.poll(async () => (await state()).scrolled).toBeGreaterThan(60);
    expect((await state()).painted).toBe(painted.painted);
    await page.screenshot({ path: `${screenshots}/element-phone.png`, fullPage: true });
  });
});

test("the controls set the seed and save the picture", async ({ page }) => {
  await page.goto("/embed/");
  const saved = await page.evaluate(async () => {
    const element = document.createElement("underpaint-canvas");
    element.setAttribute("model", "/library/models/dropout/");
    element.setAttribute("controls", "");
    document.body.replaceChildren(element);
    await element.load();
    await element.generate();
    return element.seed;
  });
  expect(saved).toBe(0);
  const element = page.locator("underpaint-canvas");
  const seed = element.getByRole("spinbutton", { name: "Seed" });
  await seed.fill("41");
  await seed.press("Enter");
  await expect(element).toHaveAttribute("seed", "41");
  await expect
    .poll(() => element.evaluate((element: UnderpaintCanvas) => element.generate().then(({ seed }) => seed)))
    .toBe(41);
  await seed.fill("-3");
  await seed.press("Tab");
  await expect(seed).toHaveValue("41");
  await element.getByRole("button", { name: "Another picture" }).click();
  await expect(seed).not.toHaveValue("41");
  const download = page.waitForEvent("download");
  await element.getByRole("button", { name: "Save the picture" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("dropout-picture.png");
  expect(
    readFileSync(await file.path())
      .subarray(1, 4)
      .toString(),
  ).toBe("PNG");
});

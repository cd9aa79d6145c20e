/** Objects of a label map: painted, undone, saved, opened, kept, shared; and what the native program makes of them. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { decode, encode } from "fast-png";

import { made } from "./support/folders";
import { generateFromInstances, modelUrl, mustLoad, openLibrary } from "./support/library-page";
import { MODELS, SIZE } from "./support/models";
import { underpaint } from "./support/native";
import { readPng } from "./support/scenes";
import { StudioPage } from "./support/studio-page";
import { largestDifference, readTensor, writeTensors } from "./support/tensors.mjs";

test.use({ serviceWorkers: "block" });

/** The bound that the project promises, before rounding. */
const TENSOR_TOLERANCE = 1e-4;
/** Class that the tests' objects have. */
const THING = 2;

async function open(page: Page): Promise<StudioPage> {
  const studio = new StudioPage(page);
  await studio.open("/objects/");
  return studio;
}

/** A blank canvas with two objects of one class that touch along x = 32. */
async function twoTouching(studio: StudioPage): Promise<void> {
  await studio.menu("New painting");
  await studio.label(THING);
  await studio.tool("Rectangle");
  for (const left of [12, 32]) {
    await studio.page.keyboard.press("n");
    await studio.stroke([left + 0.5, 20.5], [left + 19.5, 43.5]);
  }
}

/** The object at a pixel. */
async function at(studio: StudioPage, x: number, y: number): Promise<number | undefined> {
  return (await studio.objects())?.[y * SIZE + x];
}

const bar = (page: Page) => page.locator("up-object-bar");

async function objectMenu(page: Page, name: string | RegExp): Promise<void> {
  await bar(page).getByRole("button", { name: "More for objects" }).click();
  await bar(page).getByRole("button", { name, exact: true }).click();
}

/** A grey PNG's samples as they are stored, 16 bits each. */
function readDeep(path: string): Uint16Array {
  const { data, depth, channels } = decode(readFileSync(path));
  expect([depth, channels]).toEqual([16, 1]);
  return Uint16Array.from(data);
}

test("two touching objects of one class: an edge that the native program marks just the same", async ({ page }) => {
  const studio = await open(page);
  await twoTouching(studio);
  expect(await at(studio, 31, 30)).toBe(1);
  expect(await at(studio, 32, 30)).toBe(2);
  const picture = await studio.picture();
  const labels = await studio.labels();
  await studio.look("instances-two");

  const saved = join(made, "touching-labels.png");
  writeFileSync(saved, (await studio.download(() => studio.menu("Save label map"))).bytes);
  // The objects are not in it: the message offers them.
  const offered = await studio.download(() => page.getByRole("button", { name: "Save its objects too" }).click());
  const objects = join(made, "touching-objects.png");
  writeFileSync(objects, offered.bytes);
  expect(offered.name).toBe("pix2pixhd-objects.png");
  const instances = readDeep(objects);
  expect([instances[0], instances[30 * SIZE + 31], instances[30 * SIZE + 32]]).toEqual([0, 2000, 2001]);

  // As files, the way people do it: the picture.
  const model = `generate --model models/${MODELS.pix2pixhd} --device cpu --seed 0`.split(" ");
  const files = ["--input", saved, "--instances", objects, "--output", "touching.png"];
  underpaint(made, ...model, ...files);
  const rgb = picture.filter((_, index) => index % 4 < 3);
  expect(largestDifference(rgb, readPng(join(made, "touching.png")).data)).toBeLessThanOrEqual(1);

  // As tensors: before rounding, with the objects and without.
  const shape = [1, 1, SIZE, SIZE];
  const labelTensor = { shape, values: Float32Array.from(labels.ids) };
  const native: Float32Array[] = [];
  for (const [name, numbers] of [
    ["with", instances],
    ["without", labels.ids],
  ] as const) {
    const given = join(made, `touching-${name}-given.safetensors`);
    writeTensors(given, { labels: labelTensor, instances: { shape, values: Float32Array.from(numbers) } });
    const out = join(made, `touching-${name}.safetensors`);
    underpaint(made, ...model, "--tensors-in", given, "--tensors-out", out);
    native.push(readTensor(out, "output").values);
  }
  await openLibrary(page);
  const url = modelUrl(MODELS.pix2pixhd);
  const found = await generateFromInstances(page, url, "cpu", labels, instances);
  const plain = await generateFromInstances(page, url, "cpu", labels, undefined);
  const [withObjects = [], without = []] = native;
  console.log(
    `with objects ${largestDifference(found, withObjects).toExponential(1)}, ` +
      `without ${largestDifference(plain, without).toExponential(1)}, ` +
      `the edge ${largestDifference(withObjects, without).toExponential(1)}`,
  );
  expect(largestDifference(found, withObjects)).toBeLessThan(TENSOR_TOLERANCE);
  expect(largestDifference(plain, without)).toBeLessThan(TENSOR_TOLERANCE);
  // The edge is seen.
  expect(largestDifference(withObjects, without)).toBeGreaterThan(0.01);
  studio.expectNoComplaints();
});

test("painting, filling, erasing and picking know objects; undo and redo bring back exactly what was", async ({ page }) => {
  const studio = await open(page);
  const seen: [labels: Uint8Array, objects: Uint16Array | undefined][] = [];
  const note = async (): Promise<void> => {
    seen.push([(await studio.labels()).ids, await studio.objects()]);
  };
  await studio.menu("New painting");
  await note();
  await studio.label(THING);
  await studio.tool("Rectangle");
  for (const left of [12, 32]) {
    await page.keyboard.press("n");
    await studio.stroke([left + 0.5, 20.5], [left + 19.5, 43.5]);
    await note();
  }
  await expect(bar(page).getByRole("radio", { name: /2$/ })).toBeChecked();

  // The fill stops where the other object begins.
  await studio.label(3);
  await studio.tool("Fill");
  await studio.stroke([20, 30]);
  await note();
  expect([(await studio.labels()).ids[30 * SIZE + 20], await at(studio, 20, 30)]).toEqual([3, 0]);
  expect([(await studio.labels()).ids[30 * SIZE + 40], await at(studio, 40, 30)]).toEqual([THING, 2]);

  // The eyedropper takes class and object; what is painted joins it.
  await studio.tool("Eyedropper");
  await studio.stroke([40, 30]);
  expect((await studio.state()).classId).toBe(THING);
  await studio.tool("Brush");
  await studio.brushSize(8);
  await studio.stroke([56, 30]);
  await note();
  expect(await at(studio, 56, 30)).toBe(2);

  // With no object, paint joins the class as one region.
  await page.keyboard.press("Shift+N");
  await studio.stroke([40, 50]);
  await note();
  expect([(await studio.labels()).ids[50 * SIZE + 40], await at(studio, 40, 50)]).toEqual([THING, 0]);

  await studio.tool("Eraser");
  await studio.stroke([40, 30]);
  await note();
  expect([(await studio.labels()).ids[30 * SIZE + 40], await at(studio, 40, 30)]).toEqual([0, 0]);

  for (let step = seen.length - 2; step >= 0; step -= 1) {
    await page.keyboard.press("Control+z");
    expect([(await studio.labels()).ids, await studio.objects()]).toEqual(seen[step]);
  }
  for (let step = 1; step < seen.length; step += 1) {
    await page.keyboard.press("Control+y");
    expect([(await studio.labels()).ids, await studio.objects()]).toEqual(seen[step]);
  }
  studio.expectNoComplaints();
});

test("objects go through files: by Cityscapes' rule, plainly, and one file with classes and objects", async ({ page }) => {
  const studio = await open(page);
  await twoTouching(studio);
  const [{ ids }, objects] = [await studio.labels(), await studio.objects()];
  const paths: string[] = [];
  for (const name of ["Save objects (label × 1000 + n)", "Save objects, numbered plainly"]) {
    const { bytes } = await studio.download(() => objectMenu(page, name));
    const path = join(made, `objects-${paths.length}.png`);
    writeFileSync(path, bytes);
    paths.push(path);
  }
  const [cityscapes = "", plain = ""] = paths;
  expect(new Set(readDeep(plain))).toEqual(new Set([0, 256, 257]));

  for (const path of paths) {
    await objectMenu(page, "Forget all objects");
    expect(new Set(await studio.objects())).toEqual(new Set([0]));
    await studio.upload(path, () => objectMenu(page, "Open objects…"));
    await expect(page.locator("up-toasts")).toContainText("Objects opened");
    await expect.poll(() => studio.objects()).toEqual(objects);
  }

  // One file by Cityscapes' rule is a whole label map.
  await studio.menu("Clear to background");
  await studio.upload(cityscapes, () => studio.menu("Open label map…"));
  await expect.poll(async () => (await studio.labels()).ids).toEqual(ids);
  expect(await studio.objects()).toEqual(objects);

  // One of plain numbers is none, and is offered as what it is.
  await objectMenu(page, "Forget all objects");
  await studio.upload(plain, () => studio.menu("Open label map…"));
  await expect(page.locator("up-toasts")).toContainText("classes that this model does not have");
  await page.getByRole("button", { name: "Open it as objects" }).click();
  await expect.poll(() => studio.objects()).toEqual(objects);

  // Dropped together, whatever their order.
  const { bytes: labelBytes } = await studio.download(() => studio.menu("Save label map"));
  await studio.menu("Clear to background");
  const files = [readFileSync(plain), labelBytes].map((bytes) => Array.from(bytes));
  await page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    files.forEach((bytes, at) => {
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], `${at}.png`, { type: "image/png" }));
    });
    const target = document.querySelector("up-studio")?.shadowRoot?.querySelector("up-stage");
    for (const type of ["dragenter", "dragover", "drop"]) {
      target?.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, composed: true, cancelable: true }));
    }
  }, files);
  await expect.poll(() => studio.objects()).toEqual(objects);
  expect((await studio.labels()).ids).toEqual(ids);
  studio.expectNoComplaints();
});

test("a colour picture and one of another shape are no maps of objects; nothing is harmed", async ({ page }) => {
  const studio = await open(page);
  await twoTouching(studio);
  const before = await studio.objects();
  await studio.upload(join(made, "picture.png"), () => objectMenu(page, "Open objects…"));
  await expect(page.locator("up-toasts")).toContainText("is in colours");
  const wide = join(made, "wide.png");
  writeFileSync(wide, encode({ width: 20, height: 10, data: new Uint16Array(200), channels: 1, depth: 16 }));
  await studio.upload(wide, () => objectMenu(page, "Open objects…"));
  await expect(page.locator("up-toasts")).toContainText("another shape than the canvas");
  expect(await studio.objects()).toEqual(before);
  studio.expectNoComplaints();
});

test("objects are kept between visits, shared by link, and pasted where they were copied", async ({ page }) => {
  const context = page.context();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const studio = await open(page);
  await twoTouching(studio);
  const [{ ids }, objects] = [await studio.labels(), await studio.objects()];
  await studio.kept();
  await page.reload();
  await studio.ready();
  expect((await studio.labels()).ids).toEqual(ids);
  expect(await studio.objects()).toEqual(objects);
  await studio.paintings(1);
  await studio.look("instances-kept");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("Link copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = new StudioPage(await context.newPage());
  await other.page.addInitScript(() => indexedDB.deleteDatabase("underpaint"));
  await other.open(link);
  await expect.poll(() => other.objects()).toEqual(objects);
  expect((await other.labels()).ids).toEqual(ids);
  expect(await other.picture()).toEqual(await studio.picture());
  other.expectNoComplaints();
  await other.page.close();

  await page.bringToFront();
  await page.keyboard.press("Control+Shift+C");
  await expect(page.locator("up-toasts")).toContainText("Label map copied");
  await studio.menu("Clear to background");
  await page.keyboard.press("Control+v");
  await expect.poll(async () => (await studio.labels()).ids).toEqual(ids);
  expect(await studio.objects()).toEqual(objects);
  studio.expectNoComplaints();
});

test("objects that do not fit into a link stay behind, and that is said", async ({ page }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const studio = await open(page);
  await twoTouching(studio);
  await page.evaluate(() => {
    const painting = document.querySelector("up-studio")?.context?.studio.painting;
    painting?.apply("edit", (map) => {
      // Nothing compresses this: 8192 bytes are 10 923 letters.
      map.objects?.set(crypto.getRandomValues(new Uint16Array(map.ids.length)));
      return { x: 0, y: 0, width: map.width, height: map.height };
    });
  });
  const before = await page.evaluate(() => history.length);
  // A long address leaves little room.
  await page.evaluate(() => history.replaceState(null, "", `?${"x".repeat(22_000)}`));
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("without the objects");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain("map=");
  expect(link).not.toContain("objects=");
  expect(await page.evaluate(() => history.length)).toBe(before);
  studio.expectNoComplaints();
});

test("a painting that today's studio has kept, without objects, is opened and goes on with them", async ({ page }) => {
  const studio = await open(page);
  await twoTouching(studio);
  const { ids } = await studio.labels();
  await studio.kept();
  // As the studio before objects wrote it: neither the layer nor the model's word about it.
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("underpaint");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction(["works"], "readwrite");
          const works = transaction.objectStore("works");
          const reading = works.getAll();
          reading.onsuccess = () => {
            for (const work of reading.result) {
              delete work.packed.objects;
              delete work.model.usesObjects;
              works.put(work);
            }
          };
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
  );
  await page.reload();
  await studio.ready();
  expect((await studio.labels()).ids).toEqual(ids);
  expect(new Set(await studio.objects())).toEqual(new Set([0]));
  await objectMenu(page, "Find objects of every label");
  await expect(page.locator("up-toasts")).toContainText("Objects found: 1");
  expect(await at(studio, 40, 30)).toBe(1);
  await page.keyboard.press("Control+z");
  expect(await at(studio, 40, 30)).toBe(0);
  studio.expectNoComplaints();
});

test("the bar is there only for models that tell objects apart", async ({ page }) => {
  const studio = await open(page);
  await expect(bar(page)).toBeVisible();
  await studio.chooseModel(MODELS.unet);
  await expect(bar(page)).toHaveCount(0);
  expect(await studio.objects()).toBeUndefined();
  await page.keyboard.press("n");
  await studio.stroke([10, 10], [20, 20]);
  expect(await studio.objects()).toBeUndefined();
  studio.expectNoComplaints();
});

test("an object is chosen by its number, with the keyboard too, and shown under the pointer", async ({ page }) => {
  const studio = await open(page);
  await twoTouching(studio);
  const one = bar(page).getByRole("radio", { name: /1$/ });
  await one.click();
  await expect(one).toBeChecked();
  // Whoever points keeps the space bar for the view: the focus is the keyboard's.
  await one.focus();
  await page.keyboard.press("ArrowRight");
  await expect(bar(page).getByRole("radio", { name: /2$/ })).toBeChecked();
  await page.keyboard.press("Home");
  await expect(bar(page).getByRole("radio", { name: /^No object/ })).toBeChecked();
  const { x, y } = await studio.inWindow([20, 30]);
  await page.mouse.move(x, y);
  await expect(bar(page).locator(".pointed")).toHaveText(/1$/);
  await expect(bar(page).getByRole("button", { name: "Outline objects" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("k");
  await expect(bar(page).getByRole("button", { name: "Outline objects" })).toHaveAttribute("aria-pressed", "false");
  await studio.look("instances-no-outlines");
  // What a screen reader is told, by keys on the canvas.
  await studio.canvas.focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.locator("up-stage [role=status]")).toContainText(/#2, /);
  studio.expectNoComplaints();
});

test.describe("how it looks", () => {
  /** WCAG 2.2 AA, as far as a program can tell. */
  async function violations(page: Page): Promise<unknown[]> {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target }) => target) }));
  }

  for (const [name, viewport, theme, language] of [
    ["desktop", { width: 1280, height: 800 }, "Light", "English"],
    ["desktop-dark", { width: 1280, height: 800 }, "Dark", "English"],
    ["desktop-chinese", { width: 1280, height: 800 }, "Light", "中文"],
    ["phone", { width: 360, height: 740 }, "Light", "English"],
    ["phone-dark-chinese", { width: 360, height: 740 }, "Dark", "中文"],
    ["phone-lying", { width: 740, height: 360 }, "Light", "English"],
  ] as const) {
    test(`${name}: accessible, and nothing sticks out`, async ({ page }) => {
      await page.setViewportSize(viewport);
      const studio = await open(page);
      await twoTouching(studio);
      await studio.setting(theme);
      if (language !== "English") await studio.setting(language);
      await page.mouse.move(2, 2);
      await studio.look(`instances-${name}`);
      expect(await violations(page)).toEqual([]);
      await bar(page).locator(".more").click();
      await studio.look(`instances-${name}-menu`);
      expect(await violations(page)).toEqual([]);
      const inside = await bar(page).evaluate((element) => {
        const boxes = [...(element.shadowRoot?.querySelectorAll("button") ?? [])].map((button) =>
          button.getBoundingClientRect(),
        );
        return boxes.every(({ left, right, top, bottom }) => {
          const isShown = right > left;
          return !isShown || (left >= 0 && right <= innerWidth + 1 && top >= 0 && bottom <= innerHeight + 1);
        });
      });
      expect(inside).toBe(true);
      studio.expectNoComplaints();
    });
  }

  test("a finger begins an object and paints it", async ({ browser }) => {
    const context = await browser.newContext({
      viewport: { width: 390, height: 780 },
      hasTouch: true,
      isMobile: true,
      serviceWorkers: "block",
    });
    const page = await context.newPage();
    const studio = await open(page);
    await studio.menu("New painting");
    await studio.label(THING);
    await bar(page).getByRole("button", { name: "New object" }).tap();
    const { x, y } = await studio.inWindow([30, 30]);
    await page.touchscreen.tap(x, y);
    await studio.settled();
    expect(await at(studio, 30, 30)).toBe(1);
    await studio.look("instances-touch");
    studio.expectNoComplaints();
    await context.close();
  });
});

test.describe("library and element", () => {
  test("generate() takes instances, and refuses them where nothing comes of them", async ({ page }) => {
    await openLibrary(page);
    await mustLoad(page, modelUrl(MODELS.pix2pixhd), { device: "cpu" });
    const outcomes = await page.evaluate(async (side) => {
      const generator = globalThis.generator;
      if (!generator) throw new Error("no generator is loaded");
      const ids = new Uint8Array(side * side).fill(2);
      const halves = Uint16Array.from(ids, (_, at) => (at % side < side / 2 ? 2000 : 2001));
      const input = { ids, width: side, height: side };
      const plain = await generator.generate(input);
      const split = await generator.generate({ ...input, instances: halves });
      const again = await generator.generate({ ...input, instances: Uint16Array.from(halves, (n) => n - 1990) });
      const code = async (instances: unknown): Promise<string> => {
        const given = { ...input, instances: instances as Uint16Array };
        const thrown: unknown = await generator.generate(given).catch((error: unknown) => error);
        return thrown instanceof library.UnderpaintError ? `${thrown.code}: ${thrown.message}` : "nothing";
      };
      const differs = (one: Uint8ClampedArray, other: Uint8ClampedArray) =>
        one.some((sample, at) => sample !== other[at]);
      return {
        split: differs(plain.image.data, split.image.data),
        sameNumbers: !differs(split.image.data, again.image.data),
        short: await code(new Uint16Array(3)),
        bytes: await code(new Uint8Array(side * side)),
      };
    }, SIZE);
    expect(outcomes).toMatchObject({ split: true, sameNumbers: true });
    expect(outcomes.short).toContain(`bad-input: instances of 64×64: expected ${SIZE * SIZE} numbers, found 3`);
    expect(outcomes.bytes).toContain("bad-input: instances: expected a Uint16Array");

    await mustLoad(page, modelUrl(MODELS.unet), { device: "cpu" });
    const refused = await page.evaluate(async (side) => {
      const input = { ids: new Uint8Array(side * side), width: side, height: side };
      const instances = new Uint16Array(side * side);
      const thrown: unknown = await globalThis.generator?.generate({ ...input, instances }).catch((error: unknown) => error);
      return thrown instanceof library.UnderpaintError ? `${thrown.code}: ${thrown.message}` : "nothing";
    }, SIZE);
    expect(refused).toBe(
      "bad-input: unet does not tell objects apart: expected ids alone, found instances beside the label map.",
    );
  });

  test("the element takes instances and gives them back, as one undoable step", async ({ page }) => {
    await page.goto("/embed/");
    const told = await page.evaluate(async (address) => {
      const element = document.createElement("underpaint-canvas");
      element.setAttribute("model", address);
      element.setAttribute("device", "cpu");
      document.body.append(element);
      const side = 64;
      const ids = new Uint8Array(side * side).fill(2);
      const instances = Uint16Array.from(ids, (_, at) => (at % side < side / 2 ? 2000 : 2001));
      // Before the model is there, it waits.
      element.labelMap = { ids, width: side, height: side, instances };
      await element.load();
      const { labelMap } = element;
      const same = labelMap?.instances?.every((number, at) => number === instances[at]);
      const split = (await element.generate()).image.data;
      element.labelMap = { ids, width: side, height: side };
      const none = element.labelMap?.instances === undefined;
      const plain = (await element.generate()).image.data;
      const undone = element.undo() && element.labelMap?.instances?.[side - 1] === 2001;
      const errors: string[] = [];
      element.addEventListener("error", ({ detail }) => errors.push(detail.message));
      element.labelMap = { ids, width: side, height: side, instances: new Uint16Array(5) };
      element.remove();
      return { same, none, undone, differs: split.some((sample, at) => sample !== plain[at]), errors };
    }, `/library/models/${MODELS.pix2pixhd}/`);
    expect(told).toEqual({
      same: true,
      none: true,
      undone: true,
      differs: true,
      errors: ["labelMap: expected 4096 instances, as many as ids, found 5"],
    });
  });
});

/** What comes from elsewhere: the clipboard, label maps of another shape, pictures with soft edges. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { decode, encode } from "fast-png";

import { made } from "./support/folders";
import { SIZE } from "./support/models";
import { test } from "./support/shared-studio";

const allow = (page: Page): Promise<void> => page.context().grantPermissions(["clipboard-read", "clipboard-write"]);

/** Writes a grey PNG whose values are ids, and gives its path. */
function labelFile(name: string, width: number, height: number, id: (x: number, y: number) => number): string {
  const data = Uint8Array.from({ length: width * height }, (_, at) => id(at % width, Math.floor(at / width)));
  const path = join(made, name);
  writeFileSync(path, encode({ width, height, data, channels: 1 }));
  return path;
}

test("a label map is copied and pasted by keys and by the menu: identical ids", async ({
  studio,
  studio: { page },
}) => {
  await allow(page);
  await studio.label(14);
  await studio.stroke([8, 50], [50, 12]);
  const painted = await studio.labels();
  await page.keyboard.press("Control+Shift+c");
  await expect(page.locator("up-toasts")).toContainText("Label map copied");
  await studio.menu("Clear to background");
  await page.keyboard.press("Control+v");
  await expect.poll(async () => (await studio.labels()).ids).toEqual(painted.ids);
  await page.keyboard.press("Control+z");
  expect((await studio.labels()).ids).not.toEqual(painted.ids);
  await studio.menu("Paste");
  await expect.poll(async () => (await studio.labels()).ids).toEqual(painted.ids);
});

test("the picture is copied as it is", async ({ studio, studio: { page } }) => {
  await allow(page);
  const picture = await studio.picture();
  for (const copy of [() => page.keyboard.press("Control+c"), () => studio.menu("Copy picture")]) {
    await page.evaluate(() => navigator.clipboard.writeText("something else"));
    await copy();
    await expect(page.locator("up-toasts")).toContainText("Picture copied");
    // The words of the time before may still be there.
    const types = () => page.evaluate(async () => (await navigator.clipboard.read())[0]?.types ?? []);
    await expect.poll(types).toContain("image/png");
    const bytes = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const blob = await item?.getType("image/png");
      return Array.from(new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0)));
    });
    const png = decode(Uint8Array.from(bytes));
    expect([png.width, png.height]).toEqual([SIZE, SIZE]);
    const rgb = Array.from(picture.filter((_, at) => at % 4 < 3));
    const samples = Array.from(png.data);
    expect(png.channels === 4 ? samples.filter((_, at) => at % 4 < 3) : samples).toEqual(rgb);
  }
});

test("text in the clipboard is nothing to paste, and a closed clipboard is said", async ({
  studio: { page },
  studio,
}) => {
  await allow(page);
  const before = await studio.labels();
  await page.evaluate(() => navigator.clipboard.writeText("only words"));
  await studio.menu("Paste");
  await expect(page.locator("up-toasts")).toContainText("no picture in the clipboard");
  await page.keyboard.press("Control+v");
  await page.evaluate(() => {
    navigator.clipboard.read = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
  });
  await studio.menu("Paste");
  await expect(page.locator("up-toasts")).toContainText("Press Ctrl+V instead");
  await page.evaluate(() => Reflect.deleteProperty(navigator.clipboard, "read"));
  await page.locator("up-toasts").getByRole("button", { name: "Close" }).click();
  expect(await studio.labels()).toEqual(before);
});

test("a label map of another shape: crop or fit is asked, with both to be seen", async ({
  studio,
  studio: { page },
}) => {
  // Twice as wide as high: label 7 on the outer quarters, 3 between them.
  const path = labelFile("wide.png", 2 * SIZE, SIZE, (x) => (x < SIZE / 2 || x >= 1.5 * SIZE ? 7 : 3));
  const before = await studio.labels();
  await studio.upload(path, () => studio.menu("Open label map…"));
  const dialog = studio.dialog("shape");
  await expect(dialog).toContainText("wide.png has 128 × 64 pixels");
  await studio.look("shape");
  const axe = new AxeBuilder({ page }).include({
    fromShadowDom: ["up-studio", 'up-dialog[data-dialog="shape"]'],
  });
  expect((await axe.analyze()).violations).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await studio.labels()).toEqual(before);

  await studio.upload(path, () => studio.menu("Open label map…"));
  await dialog.getByRole("button", { name: /^Crop/ }).click();
  await expect.poll(async () => [...new Set((await studio.labels()).ids)]).toEqual([3]);

  await studio.upload(path, () => studio.menu("Open label map…"));
  await dialog.getByRole("button", { name: /^Fit/ }).click();
  await expect.poll(async () => (await studio.labels()).ids[SIZE * (SIZE / 2)]).toBe(7);
  const { ids } = await studio.labels();
  const column = (x: number): number[] => [0, 15, 16, 47, 48, 63].map((y) => ids[y * SIZE + x] ?? -1);
  expect(column(0)).toEqual([0, 0, 7, 7, 0, 0]);
  expect(column(SIZE / 2)).toEqual([0, 0, 3, 3, 0, 0]);
  await page.keyboard.press("Control+z");
  expect([...new Set((await studio.labels()).ids)]).toEqual([3]);
});

test("a label map of the same shape is resized without a question", async ({ studio, studio: { page } }) => {
  const path = labelFile("large.png", 3 * SIZE, 3 * SIZE, (x) => (x < 1.5 * SIZE ? 4 : 5));
  await studio.upload(path, () => studio.menu("Open label map…"));
  await expect(page.locator("up-toasts")).toContainText("resized from 192 × 192");
  const { ids } = await studio.labels();
  expect([ids[0], ids[SIZE / 2 - 1], ids[SIZE / 2], ids[SIZE - 1]]).toEqual([4, 4, 5, 5]);
});

test("a picture with soft edges is refused, and the nearest labels are offered", async ({
  studio,
  studio: { page },
}) => {
  // Sky and forest, with a smooth step between them.
  const [sky, forest] = [
    [142, 197, 240],
    [31, 91, 63],
  ];
  const data = new Uint8Array(SIZE * SIZE * 3).map((_, at) => {
    const step = Math.min(1, Math.max(0, ((Math.floor(at / 3) % SIZE) - 30) / 4));
    return Math.round((sky?.[at % 3] ?? 0) * (1 - step) + (forest?.[at % 3] ?? 0) * step);
  });
  const path = join(made, "soft.png");
  writeFileSync(path, encode({ width: SIZE, height: SIZE, data, channels: 3 }));
  const before = await studio.labels();
  await studio.upload(path, () => studio.menu("Open label map…"));
  const toasts = page.locator("up-toasts");
  await expect(toasts).toContainText("soft.png has a colour that none of the model's classes has");
  expect(await studio.labels()).toEqual(before);
  await studio.look("soft-edges");
  await toasts.getByRole("button", { name: "Take the nearest labels" }).click();
  await expect(toasts).toContainText("pixels took the nearest label");
  expect([...new Set((await studio.labels()).ids)].sort()).toEqual([0, 5]);
});

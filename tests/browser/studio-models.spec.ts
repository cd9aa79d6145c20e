/** The studio with the models that it is served with: the demo model, and changing to others. */

import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made } from "./support/folders";
import { CLASSES, MODELS } from "./support/models";
import { writeLabels } from "./support/scenes";
import { meanDifferences, StudioPage } from "./support/studio-page";
import { largestDifference } from "./support/tensors.mjs";

test.use({ serviceWorkers: "block" });

test("opens with the demo model, a scene and its picture, which changes where it is painted on", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open("/demo/");
  const { ids } = await studio.labels();
  expect(new Set(ids).size).toBeGreaterThan(3);
  expect(new Set(await studio.picture()).size).toBeGreaterThan(100);
  await expect(page.locator("up-status-line")).toContainText(/CPU\s*\d+\sms/);
  await studio.look("demo");

  // On a scene: the model has never seen a canvas that is all sky, and there a stroke changes the whole picture.
  const before = await studio.picture();
  await studio.label(8);
  await studio.brushSize(40);
  await studio.stroke([40, 200], [120, 200]);
  const after = await studio.picture();
  const near = (x: number, y: number) => x < 156 && y > 164 && y < 236;
  const { inside, outside } = meanDifferences(before, after, 256, near);
  expect(inside).toBeGreaterThan(10);
  expect(inside).toBeGreaterThan(3 * outside);
  await studio.look("demo-painted");
  studio.expectNoComplaints();
});

test("the seed changes the picture of a model with dropout, and only then is there one", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await expect(page.getByRole("button", { name: /another seed/ })).toHaveCount(0);
  await studio.chooseModel(MODELS.dropout);
  const before = await studio.picture();
  await page.getByRole("button", { name: /another seed/ }).click();
  await expect.poll(async () => (await studio.state()).seed).not.toBe(0);
  expect(largestDifference(await studio.picture(), before)).toBeGreaterThan(8);
});

test("the seed is typed, taken back, and outlasts a reload", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.chooseModel(MODELS.dropout);
  const start = await studio.picture();
  const field = page.locator("figure.side").getByRole("textbox", { name: "Seed" });
  await field.fill("four");
  await field.press("Enter");
  await expect(page.locator("up-toasts")).toContainText("whole number from 0 to 4294967295");
  expect((await studio.state()).seed).toBe(0);
  await field.fill("4,000,000,001");
  await field.press("Enter");
  await expect.poll(async () => (await studio.state()).seed).toBe(4_000_000_001);
  await expect(field).toHaveValue("4000000001");
  const picture = await studio.picture();
  expect(largestDifference(picture, start)).toBeGreaterThan(8);

  await page.keyboard.press("Control+z");
  await expect(field).toHaveValue("0");
  expect(await studio.picture()).toEqual(start);
  await page.getByRole("button", { name: "Redo", exact: true }).click();
  expect(await studio.picture()).toEqual(picture);
  await studio.look("seed");

  await studio.kept();
  await page.reload();
  await studio.ready();
  expect(await studio.state()).toMatchObject({
    model: MODELS.dropout,
    seed: 4_000_000_001,
  });
  expect(await studio.picture()).toEqual(picture);

  await studio.chooseModel(MODELS.pgan);
  await page.getByRole("button", { name: "Another picture" }).click();
  const [{ seed }, another] = [await studio.state(), await studio.picture()];
  await page.getByRole("button", { name: "Another picture" }).click();
  await expect.poll(async () => (await studio.state()).seed).not.toBe(seed);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  expect((await studio.state()).seed).toBe(seed);
  expect(await studio.picture()).toEqual(another);
  await page.reload();
  await studio.ready();
  expect(await studio.state()).toMatchObject({ model: MODELS.pgan, seed });
  studio.expectNoComplaints();
});

test("a model of latents has nothing to paint: its picture, and another for another seed", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.openModels();
  await expect(page.locator(`[data-model="${MODELS.pgan}"]`)).toContainText("Pictures from chance, 16 × 16");
  await page.keyboard.press("Escape");
  await studio.chooseModel(MODELS.pgan);
  await expect(page.getByText("There is nothing to paint here")).toBeVisible();
  for (const region of ["Tools", "Palette"]) await expect(page.getByRole("region", { name: region })).toHaveCount(0);
  await expect(page.getByRole("radio", { name: "Side by side", exact: true })).toBeHidden();
  await expect(page.getByRole("button", { name: "Scenes", exact: true })).toBeHidden();
  const before = await studio.picture();
  expect(new Set(before).size).toBeGreaterThan(20);
  await studio.look("latent");
  await page.getByRole("button", { name: "Another picture" }).click();
  await expect.poll(async () => (await studio.state()).seed).not.toBe(0);
  expect(largestDifference(await studio.picture(), before)).toBeGreaterThan(8);
  await studio.stroke([2, 2], [12, 12]);
  await studio.look("latent-another");

  await studio.setting("中文");
  await expect(page.getByRole("button", { name: "换一幅画面" })).toBeVisible();
  await studio.setting("English");
  await studio.chooseModel(MODELS.unet);
  await expect(page.getByRole("radio", { name: "Side by side", exact: true })).toBeVisible();
  expect(new Set((await studio.labels()).ids).size).toBeGreaterThan(3);
  studio.expectNoComplaints();
});

test("pixels of no class are painted, saved and opened where the model knows them", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.loadAddress("/library/models/pix2pixhd/");
  await expect.poll(async () => (await studio.state()).model).toBe(MODELS.pix2pixhd);
  await studio.ready();
  const before = await studio.picture();
  await studio.label(255);
  await studio.stroke([20, 20], [44, 40]);
  expect(largestDifference(await studio.picture(), before)).toBeGreaterThan(8);
  const painted = await studio.labels();
  expect(painted.ids[32 * 64 + 32]).toBe(255);
  await studio.look("no-class");
  const { path } = await studio.download(() => studio.menu("Save label map"));
  await studio.menu("Clear to background");
  await studio.upload(path, () => studio.menu("Open label map…"));
  await expect.poll(() => studio.labels()).toEqual(painted);
  studio.expectNoComplaints();
});

test("a painting that is too detailed for a link is told, and the link brings the model", async ({ page, context }) => {
  const studio = new StudioPage(page);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await studio.open("/demo/");
  // Noise cannot be compressed.
  let state = 1;
  const ids = Uint8Array.from({ length: 256 * 256 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % CLASSES;
  });
  const noise = join(made, "noise.png");
  writeLabels(noise, { ids, width: 256, height: 256 });
  await studio.upload(noise, () => studio.menu("Open label map…"));
  await expect.poll(async () => (await studio.labels()).ids).toEqual(ids);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("too large for a link");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain("model=landscapes");
  expect(link.length).toBeLessThan(300);
});

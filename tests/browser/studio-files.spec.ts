/** What the studio saves, opens, shares and keeps. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "@playwright/test";

import { made } from "./support/folders";
import { CLASSES, MODELS, SIZE } from "./support/models";
import { labelScene, readPng } from "./support/scenes";
import { test } from "./support/shared-studio";
import { StudioPage } from "./support/studio-page";
import { largestDifference } from "./support/tensors.mjs";

/** Something that no scene holds. */
async function paintSomething(studio: StudioPage): Promise<void> {
  await studio.label(14);
  await studio.stroke([8, 50], [50, 12]);
  await studio.label(3);
  await studio.stroke([55, 55]);
}

for (const command of ["Save label map", "Save label map as colours"]) {
  test(`“${command}”, then open: identical ids`, async ({ studio }) => {
    await paintSomething(studio);
    const painted = await studio.labels();
    const { path, name, bytes } = await studio.download(() => studio.menu(command));
    expect(name).toMatch(/^unet-(labels|colors)\.png$/);
    const copy = join(made, name);
    writeFileSync(copy, bytes);
    const png = readPng(path);
    if (command === "Save label map") {
      expect(png.data).toEqual(painted.ids);
      expect(png.palette?.[0]).toEqual([142, 197, 240]);
    } else {
      expect(png).toMatchObject({ channels: 3, width: SIZE, height: SIZE });
    }
    await studio.menu("Clear to background");
    expect((await studio.labels()).ids).not.toEqual(painted.ids);
    await studio.upload(copy, () => studio.menu("Open label map…"));
    await expect.poll(async () => (await studio.labels()).ids).toEqual(painted.ids);
  });
}

test("the picture is saved as it is", async ({ studio, studio: { page } }) => {
  const picture = await studio.picture();
  const { path, name } = await studio.download(() =>
    page.locator("figure.side").getByRole("button", { name: "Save picture" }).click(),
  );
  expect(name).toBe("unet-picture.png");
  const png = readPng(path);
  const rgb = picture.filter((_, at) => at % 4 < 3);
  expect(png.channels === 4 ? png.data.filter((_, at) => at % 4 < 3) : png.data).toEqual(rgb);
});

test("a file that is no label map is refused with words, and harms nothing", async ({ studio, studio: { page } }) => {
  const before = await studio.labels();
  const path = join(made, "not-a.png");
  writeFileSync(path, "no PNG at all");
  await studio.upload(path, () => studio.menu("Open label map…"));
  await expect(page.locator("up-toasts")).toContainText("not-a.png");
  expect(await studio.labels()).toEqual(before);
});

test("a share link brings back model, painting and seed", async ({ studio, studio: { page } }) => {
  const context = page.context();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await studio.chooseModel(MODELS.dropout);
  await paintSomething(studio);
  await page.getByRole("button", { name: /another seed/ }).click();
  const [painted, { seed }, picture] = [await studio.labels(), await studio.state(), await studio.picture()];
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("Link copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());

  const other = new StudioPage(await context.newPage());
  // Another browser: nothing of this one's is kept there.
  await other.page.addInitScript(() => indexedDB.deleteDatabase("underpaint"));
  await other.open(link);
  await expect.poll(async () => (await other.labels()).ids).toEqual(painted.ids);
  expect(await other.state()).toMatchObject({ seed, model: MODELS.dropout });
  expect(await other.picture()).toEqual(picture);
  other.expectNoComplaints();
  await other.page.close();
});

test("a link cut off on the way is told, and the studio opens all the same", async ({ studio: { page } }) => {
  const context = page.context();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("Link copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = new StudioPage(await context.newPage());
  await other.open(link.slice(0, -20));
  await expect(other.page.locator("up-toasts")).toContainText(/link/i);
  expect((await other.state()).model).toBe(MODELS.unet);
  await other.page.close();
});

test("a painting is kept between visits", async ({ studio, studio: { page } }) => {
  await paintSomething(studio);
  const painted = await studio.labels();
  await page.waitForTimeout(1500);
  await page.reload();
  await studio.ready();
  expect((await studio.labels()).ids).toEqual(painted.ids);
});

test("a model from this computer", async ({ studio, studio: { page } }) => {
  const files = ["manifest.json", "weights.safetensors"].map((name) => join(made, "models", MODELS.unetHalf, name));
  await studio.openModels();
  await studio.upload(files, () => page.getByRole("button", { name: "Open files" }).click());
  await expect.poll(async () => (await studio.state()).model).toBe(MODELS.unetHalf);
  await studio.ready();
  const { length } = readFileSync(files[1] ?? "");
  await expect(page.locator("up-status-line")).toContainText(`${MODELS.unetHalf} · ${Math.round(length / 1000)} kB`);
});

test("a model that takes photos: one is opened, and its picture follows", async ({ studio, studio: { page } }) => {
  await studio.chooseModel(MODELS.photo);
  await expect(page.getByText("This model turns photos into pictures")).toBeVisible();
  await studio.look("photo-invitation");
  await studio.upload(join(made, "picture.png"), () =>
    page.locator(".invitation").getByRole("button", { name: "Open photo…" }).click(),
  );
  await page.waitForFunction(() => document.querySelector("up-studio")?.context?.studio.state.photo);
  const picture = await studio.picture();
  const expected = readPng(join(made, `${MODELS.photo}.png`)).data;
  expect(
    largestDifference(
      picture.filter((_, at) => at % 4 < 3),
      expected,
    ),
  ).toBeLessThanOrEqual(1);
  await studio.look("photo");
});

test("a scene can be painted over, and undo brings the canvas back", async ({ studio, studio: { page } }) => {
  await paintSomething(studio);
  const painted = await studio.labels();
  await page.getByRole("button", { name: "Scenes", exact: true }).click();
  await page.locator("up-scene-gallery button").filter({ hasText: /bands/i }).click();
  await expect.poll(async () => (await studio.labels()).ids).toEqual(labelScene(CLASSES, SIZE, SIZE).ids);
  await page.keyboard.press("Control+z");
  expect(await studio.labels()).toEqual(painted);
});

test("a label map dropped on the page is opened", async ({ studio, studio: { page } }) => {
  await studio.menu("Clear to background");
  const bytes = Array.from(readFileSync(join(made, "labels.png")));
  await page.evaluate((bytes) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([Uint8Array.from(bytes)], "dropped.png", { type: "image/png" }));
    const target = document.querySelector("up-studio")?.shadowRoot?.querySelector("up-stage");
    for (const type of ["dragenter", "dragover", "drop"]) {
      target?.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, composed: true, cancelable: true }));
    }
  }, bytes);
  await expect.poll(async () => (await studio.labels()).ids).toEqual(labelScene(CLASSES, SIZE, SIZE).ids);
});

/**
 * One studio for many tests: loading a model takes longer than most of them. Every test begins with the
 * first model, its scene, the brush and the first label; a test that fails gets its followers a new browser.
 */

import { expect, test as base } from "@playwright/test";

import { labelScene } from "./scenes";
import { CLASSES, MODELS, SIZE } from "./models";
import { StudioPage } from "./studio-page";

export const test = base.extend<{ studio: StudioPage }, { sharedStudio: StudioPage }>({
  sharedStudio: [
    async ({ browser }, use) => {
      const baseURL = `http://127.0.0.1:${process.env["UNDERPAINT_TEST_PORT"]}`;
      const viewport = { width: 1280, height: 800 };
      const context = await browser.newContext({ baseURL, viewport, serviceWorkers: "block" });
      const studio = new StudioPage(await context.newPage());
      studio.page.setDefaultTimeout(10_000);
      await studio.open();
      await use(studio);
      await context.close();
    },
    { scope: "worker" },
  ],
  studio: async ({ sharedStudio }, use) => {
    await startOver(sharedStudio);
    await use(sharedStudio);
    sharedStudio.expectNoComplaints();
  },
});

async function startOver(studio: StudioPage): Promise<void> {
  studio.complaints.length = 0;
  const { page } = studio;
  if ((await studio.state()).model !== MODELS.unet) await studio.chooseModel(MODELS.unet);
  // Problems stay until they are put away, and lie over the canvas.
  const close = page.locator("up-toasts").getByRole("button", { name: "Close" });
  while ((await close.count()) > 0) await close.first().click();
  await page.locator("header").click({ position: { x: 2, y: 2 } });
  for (const key of ["b", "1", "Control+0"]) await page.keyboard.press(key);
  await page.getByRole("radio", { name: "Side by side", exact: true }).click();
  await studio.brushSize(24);
  await studio.scene(/bands/i);
  await expect.poll(async () => (await studio.labels()).ids).toEqual(labelScene(CLASSES, SIZE, SIZE).ids);
  await studio.settled();
}

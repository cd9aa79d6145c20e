/** The studio on WebGPU (SwiftShader): it paints, and goes on when the device is lost. */

import { expect, test } from "@playwright/test";

import { StudioPage } from "./support/studio-page";
import { largestDifference } from "./support/tensors.mjs";

test.use({ serviceWorkers: "block" });

test("paints on WebGPU when asked to; when the device is lost, the CPU goes on with the same painting", async ({
  page,
  baseURL,
}) => {
  await page.addInitScript(() => localStorage.setItem("underpaint.device", "webgpu"));
  // The worker's own device, within the test's reach.
  await page.route(/\/assets\/worker-.*\.js$/, async (route) => {
    const worker = await (await route.fetch()).text();
    const keep = await (await page.request.get(`${baseURL}/library/keep-device.js`)).text();
    await route.fulfill({ body: `${keep}\n${worker}`, contentType: "text/javascript" });
  });
  const studio = new StudioPage(page);
  await studio.open("/tiny/");
  expect(await studio.state()).toMatchObject({ device: { kind: "webgpu" } });
  await expect(page.locator("up-status-line")).toContainText("WebGPU");
  const start = await studio.picture();
  await studio.label(12);
  await studio.stroke([5, 5], [28, 20]);
  const [painted, picture] = [await studio.labels(), await studio.picture()];
  expect(largestDifference(picture, start)).toBeGreaterThan(8);
  await studio.look("webgpu");

  const [worker] = page.workers();
  await worker?.evaluate(() => (globalThis as unknown as { keptDevice: { destroy(): void } }).keptDevice.destroy());
  await expect(page.getByRole("alert")).toContainText("The graphics device went away");
  await studio.look("device-lost");
  await expect(page.getByRole("button", { name: "Reload the model" })).toBeVisible();
  await page.getByRole("button", { name: "Use the CPU" }).click();
  await studio.ready();
  expect(await studio.labels()).toEqual(painted);
  expect(largestDifference(await studio.picture(), picture)).toBeLessThanOrEqual(1);
});

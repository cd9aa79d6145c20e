/** While the studio loads: cut connections, painting meanwhile, and what it remembers of the visit before. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import type { AddressInfo } from "node:net";

import { expect, test } from "@playwright/test";

import { made, studio as studioFolder } from "./support/folders";
import { MODELS } from "./support/models";
import { resolveFile, typeOf } from "./support/server";
import { StudioPage } from "./support/studio-page";

test.use({ serviceWorkers: "block" });

/** The studio, from a server whose connections break while it sends the module, as long as `cuts` is above 0. */
async function cuttingServer(cuts: number): Promise<{ server: Server; address: string }> {
  let left = cuts;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).slice(1) || "index.html";
    const file = resolveFile([join(made, "studio"), studioFolder], path);
    if (!file) return void response.writeHead(404).end();
    const body = readFileSync(file);
    response.writeHead(200, {
      "content-type": typeOf(file),
      "content-length": body.length,
    });
    if (extname(file) !== ".wasm" || left === 0) return void response.end(body);
    left -= 1;
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  };
}

test("the module is cut off on the way: the network's fault, and trying again helps", async ({ page }) => {
  const { server, address } = await cuttingServer(1);
  try {
    const studio = new StudioPage(page);
    await page.addInitScript(() => localStorage.setItem("underpaint.introduced", "1"));
    await page.goto(address);
    await expect(page.getByRole("alert")).toContainText("The model could not be downloaded");
    await page.getByText("Details", { exact: true }).click();
    await expect(page.locator("up-notice-card code")).toContainText("underpaint_web_relaxed_bg");
    await studio.look("module-cut");
    await page.getByRole("button", { name: "Try again" }).click();
    await studio.ready();
    await expect(page.getByRole("alert")).toHaveCount(0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("painting is possible while the module loads, and the bytes of both are counted", async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  const studio = new StudioPage(page);
  await page.addInitScript(() => localStorage.setItem("underpaint.introduced", "1"));
  await page.goto("/studio/");
  await page.waitForFunction(() => document.querySelector("up-studio")?.context?.studio.state.map);
  const before = await studio.labels();
  await studio.label(11);
  await studio.stroke([8, 8], [50, 50]);
  const painted = await studio.labels();
  expect(painted.ids).not.toEqual(before.ids);
  const card = page.locator("up-loading-card");
  await expect(card).toContainText("You can paint meanwhile");
  // The weights alone are a few hundred kilobytes.
  await expect(card).toContainText(/ of [\d.]+ MB/);
  await studio.look("painting-while-loading");
  await page.getByRole("radio", { name: "Labels only", exact: true }).click();
  await studio.look("painting-while-loading-labels");
  await page.getByRole("radio", { name: "Side by side", exact: true }).click();
  release();
  await studio.ready();
  expect(await studio.labels()).toEqual(painted);
  await page.keyboard.press("Control+z");
  expect(await studio.labels()).toEqual(before);
  studio.expectNoComplaints();
});

test("a first load that is given up leaves the canvas, and asks for a model", async ({ page }) => {
  await page.route(/\.wasm$/, () => undefined);
  const studio = new StudioPage(page);
  await page.addInitScript(() => localStorage.setItem("underpaint.introduced", "1"));
  await page.goto("/studio/");
  await page.waitForFunction(() => document.querySelector("up-studio")?.context?.studio.state.map);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(studio.dialog("models").getByRole("heading", { name: "Choose a model" })).toBeVisible();
  await page.unroute(/\.wasm$/);
  await page.locator(`[data-model="${MODELS.unet}"]`).click();
  await studio.ready();
});

test("a model loaded by address is there again after a reload, with its painting", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.loadAddress("/library/models/unet-half/");
  await expect.poll(async () => (await studio.state()).model).toBe(MODELS.unetHalf);
  await studio.ready();
  await studio.menu("New painting");
  await studio.label(12);
  await studio.stroke([8, 8], [50, 50]);
  await studio.kept();
  await page.reload();
  await studio.ready();
  expect((await studio.state()).model).toBe(MODELS.unetHalf);
  expect((await studio.labels()).ids).toContain(12);
  studio.expectNoComplaints();
});

test("WebGPU that was chosen on an earlier visit, and is not there now, is done without, and that is said", async ({
  page,
}) => {
  await page.addInitScript(() => {
    if (!sessionStorage.getItem("set")) localStorage.setItem("underpaint.device", "webgpu");
    sessionStorage.setItem("set", "1");
  });
  const studio = new StudioPage(page);
  await studio.open();
  expect(await studio.state()).toMatchObject({
    device: { kind: "cpu", code: "no-adapter" },
  });
  const toasts = page.locator("up-toasts");
  await expect(toasts).toContainText("WebGPU, which you chose earlier, is not available now");
  await studio.look("webgpu-fallback");
  await toasts.getByRole("button", { name: "Choose automatically" }).click();
  await page.reload();
  await studio.ready();
  await expect(toasts.locator(".toast")).toHaveCount(0);
  studio.expectNoComplaints();
});

/** The studio when something is missing or broken: it says what, and there is a way on. */

import { expect, test } from "@playwright/test";

import { withoutGpu, executablePath } from "./support/chromium.mjs";
import { MODELS } from "./support/models";
import { StudioPage } from "./support/studio-page";

test.use({ serviceWorkers: "block" });

/** The text of the status line's details. */
async function details(studio: StudioPage): Promise<string> {
  await studio.page.locator("up-status-line button").click();
  return studio.page.locator("up-status-line [popover]").innerText();
}

test.describe("without WebGPU", () => {
  test("the status says that there is no adapter", async ({ page }) => {
    const studio = new StudioPage(page);
    await studio.open();
    expect(await studio.state()).toMatchObject({ device: { kind: "cpu", code: "no-adapter" } });
    expect(await details(studio)).toContain("CPU: WebGPU found no graphics adapter");
    await studio.look("no-adapter");
    studio.expectNoComplaints();
  });

  test("WebGPU that was chosen is missed in words, and the CPU is one click away", async ({ page }) => {
    const studio = new StudioPage(page);
    await studio.open();
    await studio.setting("WebGPU");
    await expect(page.getByRole("alert")).toContainText("WebGPU is not available");
    await studio.look("webgpu-missed");
    await page.getByRole("button", { name: "Use the CPU" }).click();
    await studio.ready();
    expect(await studio.state()).toMatchObject({ device: { kind: "cpu", code: "asked" } });
  });

  test("a page from an address that is not secure paints all the same", async ({ playwright, baseURL }) => {
    const args = [...withoutGpu, "--host-resolver-rules=MAP insecure.test 127.0.0.1"];
    const browser = await playwright.chromium.launch({ executablePath, args, timeout: 30_000 });
    try {
      const page = await browser.newPage();
      const studio = new StudioPage(page);
      await studio.open(`${baseURL?.replace("127.0.0.1", "insecure.test")}/studio/`);
      expect(await page.evaluate(() => isSecureContext)).toBe(false);
      expect(await studio.state()).toMatchObject({ device: { kind: "cpu", code: "insecure-context" } });
      const before = await studio.picture();
      await studio.label(9);
      await studio.stroke([5, 5], [60, 60]);
      expect(await studio.picture()).not.toEqual(before);
      expect(await details(studio)).toContain("https");
      studio.expectNoComplaints();
    } finally {
      await browser.close();
    }
  });
});

test.describe("a model that cannot be used", () => {
  let studio: StudioPage;

  test.beforeEach(async ({ page }) => {
    studio = new StudioPage(page);
    await studio.open();
  });

  test("damaged weights: the integrity error, and the model before stays", async ({ page }) => {
    await studio.loadAddress("/library/models/flipped/");
    await expect(page.getByRole("alert")).toContainText("The weights are damaged");
    await page.getByText("Details", { exact: true }).click();
    await expect(page.locator("up-notice-card code")).toContainText("SHA-256");
    await studio.look("damaged");
    await page.getByRole("button", { name: "Choose another model" }).click();
    await page.locator(`[data-model="${MODELS.unet}"]`).click();
    await studio.ready();
    await expect(page.getByRole("alert")).toHaveCount(0);
    expect((await studio.state()).model).toBe(MODELS.unet);
  });

  test("a manifest cut short: not a model that can be read", async ({ page }) => {
    await studio.loadAddress("/library/models/truncated/");
    await expect(page.getByRole("alert")).toContainText("not a model that can be read");
  });

  test("a model that is not there: the download failed, and trying again helps once it is", async ({ page }) => {
    await page.route("**/library/models/unet-half/**", (route) => route.fulfill({ status: 404, body: "not here" }));
    await studio.loadAddress("/library/models/unet-half/");
    await expect(page.getByRole("alert")).toContainText("could not be downloaded");
    await page.getByText("Details", { exact: true }).click();
    await expect(page.locator("up-notice-card code")).toContainText("404");
    await page.unroute("**/library/models/unet-half/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await studio.ready();
    expect((await studio.state()).model).toBe(MODELS.unetHalf);
  });

  test("a download cut off in the middle is told", async ({ page }) => {
    await page.route("**/library/models/unet-half/weights.safetensors", (route) => route.abort("connectionreset"));
    await studio.loadAddress("/library/models/unet-half/");
    await expect(page.getByRole("alert")).toContainText("could not be downloaded");
  });
});

test("without a list of models the studio asks for one", async ({ page }) => {
  await page.route("**/models/index.json", (route) => route.fulfill({ status: 404, body: "" }));
  await page.addInitScript(() => localStorage.setItem("underpaint.introduced", "1"));
  const studio = new StudioPage(page);
  await page.goto("/studio/");
  await expect(studio.dialog("models")).toContainText("There is no list of models");
  await studio.look("no-models");
});

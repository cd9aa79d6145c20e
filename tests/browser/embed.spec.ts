/** The npm package in somebody else's page: the tarball that would be published, and a strict policy. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { expect, test } from "@playwright/test";

import type { UnderpaintCanvas } from "../../www/src/element/index";
import { made, screenshots } from "./support/folders";

declare global {
  interface HTMLElementTagNameMap {
    "underpaint-canvas": UnderpaintCanvas;
  }
}

const embed = join(made, "embed");

test("the example page paints", async ({ page }) => {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto("/embed/");
  await expect(page.locator("#told")).toContainText(/Painted in \d+ ms/, { timeout: 20_000 });
  const generated = () =>
    page
      .locator("underpaint-canvas")
      .evaluate((element: HTMLElement & { picture?: ImageData }) => Array.from(element.picture?.data ?? []));
  const before = await generated();
  expect(before.length).toBe(4 * 64 * 64);

  const canvas = page.locator("underpaint-canvas canvas.main");
  const box = await canvas.boundingBox();
  await page.locator("underpaint-canvas [role=radio], underpaint-canvas [data-label]").last().click();
  await page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 40);
  await page.mouse.down();
  await page.mouse.move((box?.x ?? 0) + 160, (box?.y ?? 0) + 90, { steps: 5 });
  await page.mouse.up();
  await expect.poll(generated).not.toEqual(before);
  await page.screenshot({ path: `${screenshots}/embed.png`, fullPage: true });
  expect(complaints).toEqual([]);
});

test("taking the element away ends its worker", async ({ page }) => {
  await page.goto("/embed/");
  await expect(page.locator("#told")).toContainText(/Painted in/, { timeout: 20_000 });
  expect(page.workers()).toHaveLength(1);
  await page.locator("underpaint-canvas").evaluate((element) => element.remove());
  await expect.poll(() => page.workers().length).toBe(0);
});

test("attributes and methods do what they say, for two elements on one page", async ({ page }) => {
  await page.goto("/embed/");
  await expect(page.locator("#told")).toContainText(/Painted in/, { timeout: 20_000 });
  const [first, second] = await page.evaluate(async () => {
    const one = document.querySelector("underpaint-canvas");
    const other = document.createElement("underpaint-canvas");
    const stages: string[] = [];
    other.addEventListener("progress", (event) => {
      if (event instanceof CustomEvent) stages.push(event.detail.stage);
    });
    other.setAttribute("model", "model/");
    other.setAttribute("label", "6");
    other.setAttribute("loading", "eager");
    other.setAttribute("readonly", "");
    document.body.append(other);
    await other.load();
    const { image } = await other.generate();
    const before = other.labelMap;
    other.labelMap = { ids: new Uint8Array(64 * 64).fill(6), width: 64, height: 64 };
    const { image: changed } = await other.generate();
    const undone = other.undo() && other.labelMap?.ids.every((id, at) => id === before?.ids[at]);
    other.dispose();
    await other.load();
    const again = await other.generate();
    return [
      { picture: Array.from(one?.picture?.data ?? []) },
      {
        same: again.image.data.every((sample, at) => sample === image.data[at]),
        changed: changed.data.some((sample, at) => sample !== image.data[at]),
        undone,
        stages: [...new Set(stages)],
        device: other.deviceReport?.kind,
        label: other.label,
      },
    ] as const;
  });
  expect(first.picture).toHaveLength(4 * 64 * 64);
  expect(second).toEqual({
    same: true,
    changed: true,
    undone: true,
    stages: ["download", "verify", "upload", "compile", "first-picture"],
    device: "cpu",
    label: 6,
  });
  expect(page.workers()).toHaveLength(2);
});

test("a model of latents shows its picture, says that there is nothing to paint, and draws another", async ({
  page,
}) => {
  await page.goto("/embed/");
  const told = await page.evaluate(async () => {
    const element = document.createElement("underpaint-canvas");
    element.setAttribute("model", "/library/models/pgan/");
    element.setAttribute("controls", "");
    document.body.replaceChildren(element);
    await element.load();
    const { image } = await element.generate();
    element.seed = 3;
    await element.updateComplete;
    const other = await element.generate();
    return {
      sides: [image.width, image.height],
      changed: other.image.data.some((sample, at) => sample !== image.data[at]),
      labelMap: element.labelMap ?? null,
      undone: element.undo(),
    };
  });
  expect(told).toEqual({ sides: [16, 16], changed: true, labelMap: null, undone: false });
  const element = page.locator("underpaint-canvas");
  await expect(element.getByText("Nothing to paint")).toBeVisible();
  await expect(element.getByRole("radio")).toHaveCount(0);
  await element.getByRole("button", { name: "Another picture" }).click();
  await expect(element).not.toHaveAttribute("seed", "3");
  await page.screenshot({ path: `${screenshots}/embed-latent.png`, fullPage: true });
});

test("the package can be imported where there is no browser", () => {
  const script = `
    const { load, UnderpaintError } = await import("underpaint");
    await import("underpaint/element");
    const error = await load({ manifest: new Uint8Array(), weights: new Uint8Array() }).catch((error) => error);
    console.log(JSON.stringify([error instanceof UnderpaintError, error.code]));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: embed,
    timeout: 20_000,
  });
  expect(output.toString().trim()).toBe('[true,"unsupported"]');
});

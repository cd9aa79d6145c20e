/** The studio by keyboard. */

import { expect } from "@playwright/test";

import { test } from "./support/shared-studio";

test("letters choose tools, digits labels, brackets sizes", async ({ studio, studio: { page } }) => {
  const tools = {
    e: "Eraser",
    g: "Fill",
    l: "Line",
    u: "Rectangle",
    o: "Ellipse",
    i: "Eyedropper",
    h: "Move view",
    b: "Brush",
  };
  for (const [key, name] of Object.entries(tools)) {
    await page.keyboard.press(key);
    await expect(page.getByRole("radio", { name, exact: true })).toBeChecked();
  }
  await page.keyboard.press("7");
  await expect(page.locator('up-palette [data-label="7"]')).toBeChecked();
  await page.keyboard.press("4");
  await page.keyboard.press("x");
  expect((await studio.state()).classId).toBe(7);

  const { brushSize } = await studio.state();
  await page.keyboard.press("]");
  expect((await studio.state()).brushSize).toBeGreaterThan(brushSize);
  await page.keyboard.press("[");
  await page.keyboard.press("[");
  expect((await studio.state()).brushSize).toBeLessThan(brushSize);
});

test("the sheet lists the keys, and letters typed elsewhere are none", async ({ studio, studio: { page } }) => {
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(sheet).toBeVisible();
  await expect(studio.dialog("shortcuts")).toContainText("Undo");
  await studio.look("shortcuts");
  await page.keyboard.press("e");
  await expect(page.getByRole("radio", { name: "Brush", exact: true })).toBeChecked();
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();

  await studio.openModels();
  const address = studio.dialog("models").getByRole("textbox");
  await address.pressSequentially("beg");
  await expect(address).toHaveValue("beg");
  await expect(page.getByRole("radio", { name: "Brush", exact: true })).toBeChecked();
  await page.keyboard.press("Escape");
});

test("everything can be painted without a pointer", async ({ studio, studio: { page } }) => {
  await page.keyboard.press("Delete");
  await page.keyboard.press("5");
  await studio.canvas.focus();
  // Space alone would move the view: an arrow key first says where the brush is.
  await page.keyboard.press("ArrowRight");
  await page.keyboard.down("Space");
  for (let step = 0; step < 8; step += 1) await page.keyboard.press("ArrowRight");
  await page.keyboard.up("Space");
  const { ids } = await studio.labels();
  expect(ids.filter((id) => id === 5).length).toBeGreaterThan(8);
  await page.keyboard.press("Control+z");
  expect((await studio.labels()).ids).toEqual(new Uint8Array(ids.length));
});

test("the label under the brush is said when keys move it", async ({ studio, studio: { page } }) => {
  await page.keyboard.press("Delete");
  await studio.canvas.focus();
  const said = page.locator("up-stage").getByRole("status");
  await page.keyboard.press("ArrowRight");
  await expect(said).toHaveText(/^sky, \d+, 32$/);
  await page.keyboard.press("5");
  await page.keyboard.press("Space");
  await expect(said).toHaveText(/^forest, \d+, 32$/);
  await page.keyboard.press("Shift+ArrowUp");
  await expect(said).toHaveText(/^sky, \d+, 0$/);
});

test("a button's tooltip names its key", async ({ studio: { page } }) => {
  await expect(page.getByRole("button", { name: /^Fit to view/ })).toHaveAttribute("title", "Fit to view (Ctrl+0)");
});

test("tab reaches every part of the page, and focus is to be seen", async ({ studio: { page } }) => {
  const reached = new Set<string>();
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      if (!element || element === document.body) return undefined;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      // A range shows its focus on its thumb, whose style cannot be read.
      const range = element instanceof HTMLInputElement && element.type === "range";
      const seen = range || (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      const name = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? element.tagName;
      return { name, seen, canvas: element.tagName === "CANVAS" };
    });
    if (!focused) continue;
    expect(focused.canvas || focused.seen, `focus on ${focused.name} is to be seen`).toBe(true);
    reached.add(focused.name);
  }
  const all = [...reached].join("\n");
  for (const part of [/^Brush$/m, /Brush size/, /Undo/, /Side by side/, /^More$/m, /Label map/, /Share/])
    expect(all).toMatch(part);
});

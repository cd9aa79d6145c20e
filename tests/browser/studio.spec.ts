/** The studio with a small model: every tool, history and view, by pointer. */

import { expect } from "@playwright/test";
import { decode } from "fast-png";

import { labelScene } from "./support/scenes";
import { test } from "./support/shared-studio";
import { largestDifference } from "./support/tensors.mjs";

test("the brush paints its label along the stroke", async ({ studio }) => {
  await studio.menu("Clear to background");
  await studio.label(3);
  await studio.brushSize(4);
  await studio.stroke([10.5, 20.5], [40.5, 20.5]);
  const { ids, width } = await studio.labels();
  const row = (y: number) => ids.slice(y * width, (y + 1) * width);
  expect(row(20).slice(10, 41)).toEqual(new Uint8Array(31).fill(3));
  expect(row(20).slice(44)).toEqual(new Uint8Array(20));
  expect(row(16)).toEqual(new Uint8Array(64));
  expect(row(25)).toEqual(new Uint8Array(64));
});

test("undo brings back labels and picture exactly, redo makes them again", async ({ studio, studio: { page } }) => {
  const start = { labels: await studio.labels(), picture: await studio.picture() };
  await studio.label(12);
  await studio.stroke([5, 5], [50, 30]);
  const painted = { labels: await studio.labels(), picture: await studio.picture() };
  expect(painted.labels.ids).not.toEqual(start.labels.ids);
  expect(largestDifference(painted.picture, start.picture)).toBeGreaterThan(8);

  await page.getByRole("button", { name: "Undo", exact: true }).click();
  expect(await studio.labels()).toEqual(start.labels);
  expect(await studio.picture()).toEqual(start.picture);

  await page.getByRole("button", { name: "Redo", exact: true }).click();
  expect(await studio.labels()).toEqual(painted.labels);
  expect(await studio.picture()).toEqual(painted.picture);

  await page.keyboard.press("Control+z");
  expect(await studio.labels()).toEqual(start.labels);
  await page.keyboard.press("Control+Shift+z");
  expect(await studio.labels()).toEqual(painted.labels);
});

test("many strokes can all be taken back", async ({ studio, studio: { page } }) => {
  await studio.menu("Clear to background");
  await studio.brushSize(3);
  const start = await studio.labels();
  const [origin, end] = [await studio.inWindow([0, 0]), await studio.inWindow([64, 64])];
  const STROKES = 60;
  for (let stroke = 0; stroke < STROKES; stroke += 1) {
    await page.keyboard.press(String(1 + (stroke % 9)));
    // The middle of a cell of its own.
    const [column, row] = [stroke % 8, Math.floor(stroke / 8)];
    const at = (side: "x" | "y", cell: number) => origin[side] + ((end[side] - origin[side]) * (cell + 0.5)) / 8;
    await page.mouse.click(at("x", column), at("y", row));
  }
  const painted = await studio.labels();
  for (let stroke = 0; stroke < STROKES; stroke += 1) await page.keyboard.press("Control+z");
  expect(await studio.labels()).toEqual(start);
  for (let stroke = 0; stroke < STROKES; stroke += 1) await page.keyboard.press("Control+y");
  expect(await studio.labels()).toEqual(painted);
});

test("the eraser paints the background", async ({ studio }) => {
  await studio.tool("Eraser");
  await studio.brushSize(8);
  await studio.stroke([32, 40], [60, 40]);
  const { ids, width } = await studio.labels();
  expect(ids.slice(40 * width + 32, 40 * width + 60)).toEqual(new Uint8Array(28));
});

test("fill replaces one connected area, and only that", async ({ studio }) => {
  const before = await studio.labels();
  // The disc of the scene has a label of its own.
  const disc = before.ids[26 * 64 + 45];
  await studio.tool("Fill");
  await studio.label(1);
  await studio.stroke([45.5, 26.5]);
  const { ids } = await studio.labels();
  const inDisc = (pixel: number) => Math.hypot((pixel % 64) - 44.8, Math.floor(pixel / 64) - 25.6) < 64 / 6;
  expect(ids).toEqual(before.ids.map((id, pixel) => (id === disc && inDisc(pixel) ? 1 : id)));
});

test("a rectangle covers exactly what was dragged over", async ({ studio }) => {
  await studio.menu("Clear to background");
  await studio.tool("Rectangle");
  await studio.label(5);
  await studio.stroke([8.5, 16.5], [39.5, 31.5]);
  const { ids } = await studio.labels();
  const inside = (pixel: number) => {
    const [x, y] = [pixel % 64, Math.floor(pixel / 64)];
    return x >= 8 && x <= 39 && y >= 16 && y <= 31;
  };
  expect(ids).toEqual(ids.map((_, pixel) => (inside(pixel) ? 5 : 0)));
});

test("an ellipse fills its box but for the corners", async ({ studio }) => {
  await studio.menu("Clear to background");
  await studio.tool("Ellipse");
  await studio.label(6);
  await studio.stroke([8.5, 8.5], [55.5, 39.5]);
  const { ids } = await studio.labels();
  const at = (x: number, y: number) => ids[y * 64 + x];
  expect([at(32, 24), at(9, 24), at(54, 24), at(32, 9), at(32, 38)]).toEqual([6, 6, 6, 6, 6]);
  expect([at(9, 9), at(54, 9), at(9, 38), at(54, 38), at(60, 24), at(32, 45)]).toEqual([0, 0, 0, 0, 0, 0]);
  const area = ids.filter((id) => id === 6).length;
  expect(area / (48 * 32 * (Math.PI / 4))).toBeCloseTo(1, 1);
});

test("a line joins its ends", async ({ studio }) => {
  await studio.menu("Clear to background");
  await studio.tool("Line");
  await studio.label(4);
  await studio.brushSize(3);
  await studio.stroke([5.5, 5.5], [58.5, 58.5]);
  const { ids } = await studio.labels();
  for (let at = 5; at <= 58; at += 1) expect(ids[at * 64 + at]).toBe(4);
  expect(ids.filter((id) => id === 4).length).toBeLessThan(54 * 7);
});

test("the eyedropper takes up the label under it", async ({ studio }) => {
  await studio.tool("Eyedropper");
  await studio.stroke([45.5, 26.5]);
  const { classId } = await studio.state();
  expect(classId).toBe(labelScene(15, 64, 64).ids[26 * 64 + 45]);
});

test("painting shows at once, before there is a picture of it", async ({ studio, studio: { page } }) => {
  await studio.menu("Clear to background");
  await studio.label(9);
  await studio.brushSize(24);
  const [from, to] = [await studio.inWindow([20, 32]), await studio.inWindow([44, 32])];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  // Not released: the stroke is under way.
  const shown = await page.screenshot({ clip: { x: from.x, y: from.y, width: 1, height: 1 } });
  await page.mouse.up();
  const swatch = await page
    .locator('up-palette [data-label="9"] .swatch')
    .evaluate((element) => getComputedStyle(element).backgroundColor);
  const color = Array.from(decode(shown).data).slice(0, 3);
  expect(`rgb(${color.join(", ")})`).toBe(swatch);
});

test("escape takes back the stroke under way", async ({ studio, studio: { page } }) => {
  const start = await studio.labels();
  const [from, to] = [await studio.inWindow([5, 5]), await studio.inWindow([60, 60])];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await studio.labels()).toEqual(start);
});

test("zooming by wheel keeps the point under the pointer, and fit shows everything again", async ({
  studio,
  studio: { page },
}) => {
  const fitted = (await studio.state()).zoom;
  const point = await studio.inWindow([20, 20]);
  await page.mouse.move(point.x, point.y);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -300);
  await page.keyboard.up("Control");
  expect((await studio.state()).zoom).toBeGreaterThan(1.2 * fitted);
  const after = await studio.inWindow([20, 20]);
  expect(Math.hypot(after.x - point.x, after.y - point.y)).toBeLessThan(1.5);
  await page.keyboard.press("Control+0");
  expect((await studio.state()).zoom).toBeCloseTo(fitted, 5);
});

test("space and drag move the view and paint nothing", async ({ studio, studio: { page } }) => {
  const start = await studio.labels();
  // A tool that was just clicked must not take the space bar for itself.
  await studio.tool("Rectangle");
  const point = await studio.inWindow([32, 32]);
  await page.mouse.move(point.x, point.y);
  await page.keyboard.down("Space");
  await page.mouse.down();
  await page.mouse.move(point.x + 60, point.y + 30, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Space");
  const moved = await studio.inWindow([32, 32]);
  expect(moved.x - point.x).toBeCloseTo(60, 0);
  expect(moved.y - point.y).toBeCloseTo(30, 0);
  expect(await studio.labels()).toEqual(start);
  await studio.tool("Brush");
});

test("a pen's pressure sets the width of its stroke", async ({ studio, studio: { page } }) => {
  await studio.menu("Clear to background");
  await studio.label(2);
  await studio.brushSize(20);
  const areas: number[] = [];
  for (const pressure of [0.2, 1]) {
    const { x, y } = await studio.inWindow([32, 32]);
    await studio.canvas.evaluate(
      (canvas, { x, y, pressure }) => {
        const event = { pointerId: 7, pointerType: "pen", isPrimary: true, bubbles: true, clientX: x, clientY: y };
        // A pen that is not there cannot be captured.
        canvas.setPointerCapture = () => undefined;
        canvas.dispatchEvent(new PointerEvent("pointerdown", { ...event, pressure, buttons: 1 }));
        canvas.dispatchEvent(new PointerEvent("pointermove", { ...event, clientX: x + 1, pressure, buttons: 1 }));
        canvas.dispatchEvent(new PointerEvent("pointerup", { ...event, clientX: x + 1, pressure: 0 }));
        Reflect.deleteProperty(canvas, "setPointerCapture");
      },
      { x, y, pressure },
    );
    areas.push((await studio.labels()).ids.filter((id) => id === 2).length);
    await page.keyboard.press("Control+z");
  }
  expect(areas[0]).toBeGreaterThan(0);
  expect(areas[1]).toBeGreaterThan(2 * (areas[0] ?? 0));
});

test("without live painting the picture waits until it is asked for", async ({ studio, studio: { page } }) => {
  const switchLive = async () => {
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("switch", { name: "Paint the picture live" }).click();
    await page.keyboard.press("Escape");
  };
  await switchLive();
  const before = await studio.picture();
  await studio.label(11);
  await studio.stroke([10, 10], [50, 50]);
  expect(await studio.picture()).toEqual(before);
  await page.getByRole("button", { name: "Paint now" }).click();
  await expect.poll(async () => largestDifference(await studio.picture(), before)).toBeGreaterThan(8);
  await switchLive();
});

test("every layout shows what it says", async ({ studio, studio: { page } }) => {
  for (const name of ["Overlay", "Labels only", "Picture only", "Side by side"]) {
    await page.getByRole("radio", { name, exact: true }).click();
    await studio.settled();
    await expect(page.locator("canvas.side")).toBeVisible({ visible: name === "Side by side" });
    await studio.look(`layout-${name.toLowerCase().replaceAll(" ", "-")}`);
  }
});

/** Kept paintings: many of them, none lost, whatever tabs, links and older versions do. */

import { expect, test, type Page } from "@playwright/test";

import { StudioPage } from "./support/studio-page";

test.use({ serviceWorkers: "block" });

/** Paints a band of a label; every test's paintings differ by theirs. */
async function band(studio: StudioPage, label: number, y = 20): Promise<void> {
  await studio.label(label);
  await studio.stroke([8, y], [56, y]);
}

/** Which of these labels the painting has. */
async function has(studio: StudioPage, ...labels: number[]): Promise<number[]> {
  const { ids } = await studio.labels();
  return labels.filter((label) => ids.includes(label));
}

/** A blank canvas with a band of one label. */
async function begin(studio: StudioPage, label: number): Promise<void> {
  await studio.menu("New painting");
  await band(studio, label);
  await studio.kept();
}

test("several paintings: opened, named, deleted and brought back", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await begin(studio, 14);
  await begin(studio, 12);
  expect(await has(studio, 12, 14)).toEqual([12]);

  let cards = await studio.paintings(2);
  await expect(cards.nth(0)).toContainText("On the canvas");
  await cards.nth(1).getByRole("button", { name: "Rename Untitled" }).click();
  await page.keyboard.type("Four houses");
  await page.keyboard.press("Enter");
  await expect(cards.nth(1)).toContainText("Four houses");
  await studio.look("paintings");
  await cards
    .nth(1)
    .getByRole("button", { name: /^Open Four houses/ })
    .click();
  await expect.poll(() => has(studio, 12, 14)).toEqual([14]);
  // Its own history is still there, as this visit has left it.
  await page.keyboard.press("Control+z");
  expect(await has(studio, 14)).toEqual([]);
  await page.keyboard.press("Control+y");
  expect(await has(studio, 14)).toEqual([14]);
  await studio.kept();

  cards = await studio.paintings(2);
  await cards.getByRole("button", { name: "Delete Untitled" }).click();
  await expect(cards).toHaveCount(1);
  await expect(studio.dialog("paintings")).toContainText("Deleted “Untitled”");
  await studio.look("paintings-deleted");
  await expect(studio.dialog("paintings").getByRole("button", { name: "Undo" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(cards).toHaveCount(2);
  await cards.getByRole("button", { name: "Delete Four houses" }).click();
  await expect(cards).toHaveCount(1);
  await page.keyboard.press("Escape");
  // In the place of what was shown comes a new one.
  expect(new Set((await studio.labels()).ids)).toEqual(new Set([0]));
  await page.reload();
  await studio.ready();
  expect(await has(studio, 12, 14)).toEqual([12]);
  studio.expectNoComplaints();
});

test("a reload at once after a stroke loses nothing", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.menu("New painting");
  await band(studio, 13);
  await page.reload();
  await studio.ready();
  expect(await has(studio, 13)).toEqual([13]);
});

test("a returning painter sees their own work at once, and goes on while the model loads", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await begin(studio, 14);

  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  // Nothing of the model comes for now, not even the list of models.
  await page.route(/index\.json|manifest\.json|\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  await page.waitForFunction(() => document.querySelector("up-studio")?.context?.studio.state.map);
  expect(await has(studio, 14)).toEqual([14]);
  await expect(page.locator(".preview")).toHaveCount(0);
  await band(studio, 11, 40);
  await studio.look("returning");
  release();
  await studio.ready();
  expect(await has(studio, 11, 14)).toEqual([11, 14]);
  await page.keyboard.press("Control+z");
  expect(await has(studio, 11, 14)).toEqual([14]);
});

test("a second tab opens a copy and says so; neither overwrites the other", async ({ page, context }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await begin(studio, 14);

  const other = new StudioPage(await context.newPage());
  await other.open();
  await expect(other.page.locator("up-toasts")).toContainText("open in another tab");
  expect(await has(other, 14)).toEqual([14]);
  await other.look("second-tab");
  await band(other, 12, 40);
  await other.kept();
  await page.bringToFront();
  await band(studio, 9, 50);
  await studio.kept();
  expect(await has(studio, 9, 12, 14)).toEqual([9, 14]);
  expect(await has(other, 9, 12, 14)).toEqual([12, 14]);

  const cards = await studio.paintings(2);
  await expect(cards.filter({ hasText: "Open in another tab" })).toHaveCount(1);
  await page.keyboard.press("Escape");
  for (const [tab, labels] of [
    [studio, [9, 14]],
    [other, [12, 14]],
  ] as const) {
    await tab.page.reload();
    await tab.ready();
    expect(await has(tab, 9, 12, 14)).toEqual(labels);
    tab.expectNoComplaints();
  }
});

test("tabs that cannot know of each other part when both have painted", async ({ page, context }) => {
  const blind = (target: Page): Promise<unknown> =>
    target.addInitScript(() => {
      Reflect.deleteProperty(Navigator.prototype, "locks");
      Reflect.deleteProperty(globalThis, "BroadcastChannel");
    });
  await blind(page);
  const studio = new StudioPage(page);
  await studio.open();
  await begin(studio, 14);
  const second = await context.newPage();
  await blind(second);
  const other = new StudioPage(second);
  await other.open();
  await expect(second.locator("up-toasts .toast")).toHaveCount(0);
  await band(other, 12, 40);
  await other.kept();
  await page.bringToFront();
  await band(studio, 9, 50);
  await studio.kept();
  await expect(page.locator("up-toasts")).toContainText("Another tab has changed this painting");
  const cards = await studio.paintings(2);
  await expect(cards.nth(0)).toContainText("On the canvas");
  await cards.nth(1).getByRole("button", { name: /^Open/ }).click();
  await expect.poll(() => has(studio, 9, 12, 14)).toEqual([12, 14]);
});

test("a shared link opens as a painting of its own, also in a page that is open", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const studio = new StudioPage(page);
  await studio.open();
  await begin(studio, 14);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await expect(page.locator("up-toasts")).toContainText("Link copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press("Control+z");
  await band(studio, 12);
  await studio.kept();

  await page.evaluate((address) => (location.hash = new URL(address).hash), link);
  await expect.poll(() => has(studio, 12, 14)).toEqual([14]);
  await expect.poll(() => page.evaluate(() => location.hash)).toBe("");
  // Kept at once: a reload shows it, and the other one is still there.
  await page.reload();
  await studio.ready();
  expect(await has(studio, 12, 14)).toEqual([14]);
  const cards = await studio.paintings(2);
  await cards.nth(1).getByRole("button", { name: /^Open/ }).click();
  await expect.poll(() => has(studio, 12, 14)).toEqual([12]);
  studio.expectNoComplaints();
});

test("the one painting that an older studio has kept is there", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  const key = await page.evaluate(() => {
    const model = document.querySelector("up-studio")?.context?.studio.state.model;
    // As version 0.1 stored it: runs of a whole map, here one that is all of label 5.
    return model?.paintingKey ?? "";
  });
  await begin(studio, 14);
  // Take what is kept now back into the first format.
  await page.goto("/library/");
  await page.evaluate(async (key) => {
    const opened = <Result>(request: IDBRequest<Result>): Promise<Result> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await opened(indexedDB.open("underpaint"));
    const [work] = await opened(database.transaction("works").objectStore("works").getAll());
    database.close();
    await opened(indexedDB.deleteDatabase("underpaint"));
    const request = indexedDB.open("underpaint", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("paintings", { keyPath: "key" });
    const old = await opened(request);
    const row = { key, savedAt: work.savedAt, packed: work.packed };
    await opened(old.transaction("paintings", "readwrite").objectStore("paintings").put(row));
    old.close();
    localStorage.clear();
    sessionStorage.clear();
  }, key);
  await studio.open();
  expect(await has(studio, 14)).toEqual([14]);
  await studio.paintings(1);
  await studio.look("paintings-migrated");
});

test("where nothing can be kept, painting goes on, and it is said", async ({ page }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("The user denied permission to access the database.", "SecurityError");
    };
    Object.defineProperty(globalThis, "localStorage", { get: () => undefined });
    Object.defineProperty(globalThis, "sessionStorage", {
      get: () => undefined,
    });
  });
  const studio = new StudioPage(page);
  await page.goto("/studio/");
  await studio.ready();
  await band(studio, 14);
  await studio.kept();
  expect(await has(studio, 14)).toEqual([14]);
  const toasts = page.locator("up-toasts");
  await expect(toasts).toContainText("not kept between visits");
  // It stays until it is put away.
  await page.waitForTimeout(8000);
  await expect(toasts).toContainText("not kept between visits");
  await studio.look("not-kept");
  await toasts.getByRole("button", { name: "Close" }).click();
  await expect(toasts.locator(".toast")).toHaveCount(0);
  // What was painted stays within reach as long as the page is open.
  await studio.menu("New painting");
  const cards = await studio.paintings(1);
  await expect(studio.dialog("paintings")).toContainText("This browser does not keep paintings");
  await expect(cards).toContainText("In this tab only");
  await studio.look("not-kept-gallery");
  await cards.getByRole("button", { name: /^Open/ }).click();
  await expect.poll(() => has(studio, 14)).toEqual([14]);
});

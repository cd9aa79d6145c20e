/** How the studio looks and speaks: introduction, languages, themes, sizes, accessibility. */

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

import { MODELS } from "./support/models";
import { StudioPage } from "./support/studio-page";

test.use({ serviceWorkers: "block" });

/** What WCAG 2.2 AA asks for, as far as a program can tell, of the page or of a part of the studio. */
async function violations(page: Page, part?: string): Promise<unknown[]> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const axe = new AxeBuilder({ page }).withTags(tags);
  if (part) axe.include({ fromShadowDom: ["up-studio", part] });
  const { violations } = await axe.analyze();
  return violations.map(({ id, nodes }) => ({
    id,
    nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })),
  }));
}

/** How far the page can be scrolled sideways, in CSS pixels. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return Math.max(scrollWidth, document.body.scrollWidth) - clientWidth;
  });
}

test("the first visit explains itself, the second does not", async ({ page }) => {
  const studio = new StudioPage(page);
  await page.goto("/studio/");
  const card = page.getByRole("region", { name: "Introduction" });
  await expect(card).toContainText("Pick what");
  await studio.ready();
  // A keyboard comes to it before all of the page.
  await page.keyboard.press("Tab");
  await expect(card.getByRole("button", { name: "Skip" })).toBeFocused();
  await studio.look("introduction");
  await card.getByRole("button", { name: "Next" }).click();
  await expect(card).toContainText("Paint where");
  await card.getByRole("button", { name: "Next" }).click();
  await card.getByRole("button", { name: "Start painting" }).click();
  await expect(card).toBeHidden();
  await page.reload();
  await studio.ready();
  await expect(card).toBeHidden();
  studio.expectNoComplaints();
});

test("Chinese, and it stays", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.setting("中文");
  await expect(page.getByRole("radio", { name: "画笔", exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-Hans");
  await page.reload();
  await studio.ready();
  await expect(page.getByRole("radio", { name: "画笔", exact: true })).toBeVisible();
  await studio.look("chinese");
});

test("the browser's language is spoken from the start", async ({ browser }) => {
  const context = await browser.newContext({ locale: "zh-CN", serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/studio/");
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-Hans");
  await context.close();
});

test("light and dark, and it stays", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  const lightness = async () => {
    const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    return Math.max(...(color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
  };
  await studio.setting("Light");
  await expect.poll(lightness).toBeGreaterThan(200);
  expect(await violations(page)).toEqual([]);
  await studio.setting("Dark");
  await expect.poll(lightness).toBeLessThan(80);
  expect(await violations(page)).toEqual([]);
  await page.reload();
  await studio.ready();
  expect(await lightness()).toBeLessThan(80);
  await studio.look("dark");
});

test("dialogs and menu are accessible too", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await page.getByRole("button", { name: "More", exact: true }).click();
  expect(await violations(page, "up-menu")).toEqual([]);
  await page.keyboard.press("Escape");
  const open = {
    models: () => studio.openModels(),
    paintings: async () => {
      await studio.label(3);
      await studio.stroke([8, 8], [50, 50]);
      await studio.kept();
      await studio.paintings(1);
    },
    scenes: () => page.getByRole("button", { name: "Scenes", exact: true }).click(),
    shortcuts: () => page.keyboard.press("?"),
  };
  for (const [name, act] of Object.entries(open)) {
    await act();
    await studio.look(name);
    expect(await violations(page, `up-dialog[data-dialog="${name}"]`)).toEqual([]);
    await page.keyboard.press("Escape");
  }
});

for (const [name, viewport] of Object.entries({
  phone: { width: 360, height: 740 },
  "phone-lying": { width: 740, height: 360 },
  tablet: { width: 820, height: 1180 },
  large: { width: 2200, height: 1300 },
})) {
  test.describe(`on a ${name} screen`, () => {
    const touch = name !== "large";
    test.use({ viewport, hasTouch: touch, isMobile: touch });

    test("everything fits, nothing scrolls sideways", async ({ page }) => {
      const studio = new StudioPage(page);
      await studio.open();
      await studio.look(name);
      expect(await overflow(page)).toBe(0);
      for (const tool of ["Brush", "Eraser", "Fill", "Eyedropper"]) {
        await expect(page.getByRole("radio", { name: tool, exact: true })).toBeInViewport({ ratio: 1 });
      }
      for (const action of ["Undo", "More"]) {
        await expect(page.getByRole("button", { name: action, exact: true })).toBeInViewport({ ratio: 1 });
      }
      await expect(studio.canvas).toBeInViewport({ ratio: 0.99 });
      await page.getByRole("button", { name: "More", exact: true }).click();
      await studio.look(`${name}-menu`);
      expect(await overflow(page)).toBe(0);
      await page.keyboard.press("Escape");
      await studio.openModels();
      await studio.look(`${name}-models`);
      expect(await overflow(page)).toBe(0);
      studio.expectNoComplaints();
    });
  });
}

test("a model with nothing to paint fits every screen, and is accessible", async ({ page }) => {
  const studio = new StudioPage(page);
  await studio.open();
  await studio.chooseModel(MODELS.pgan);
  for (const [name, width, height] of [
    ["phone", 360, 740],
    ["phone-lying", 740, 360],
    ["wide", 1280, 800],
  ] as const) {
    await page.setViewportSize({ width, height });
    await studio.look(`latent-${name}`);
    expect(await overflow(page)).toBe(0);
    await expect(page.getByRole("button", { name: "Another picture" })).toBeInViewport({ ratio: 1 });
    expect(await violations(page)).toEqual([]);
  }
  studio.expectNoComplaints();
});

test.describe("by touch", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("a finger paints, two fingers zoom and paint nothing", async ({ page, context }) => {
    const studio = new StudioPage(page);
    await studio.open();
    await studio.menu("Clear to background");
    await studio.label(8);
    const { x, y } = await studio.inWindow([32, 32]);
    await page.touchscreen.tap(x, y);
    const painted = await studio.labels();
    expect(painted.ids[32 * 64 + 32]).toBe(8);

    const { zoom } = await studio.state();
    const cdp = await context.newCDPSession(page);
    const fingers = (apart: number) => [
      { x: x - apart, y, id: 1 },
      { x: x + apart, y, id: 2 },
    ];
    await cdp.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: fingers(20) });
    for (const apart of [30, 45, 60]) {
      await cdp.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: fingers(apart) });
    }
    await cdp.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await expect.poll(async () => (await studio.state()).zoom).toBeGreaterThan(1.8 * zoom);
    expect(await studio.labels()).toEqual(painted);
    await studio.look("phone-painted");
  });

  test("two fingers that tap undo, three redo", async ({ page, context }) => {
    const studio = new StudioPage(page);
    await studio.open();
    const before = await studio.labels();
    await studio.label(8);
    const { x, y } = await studio.inWindow([32, 32]);
    await page.touchscreen.tap(x, y);
    const painted = await studio.labels();
    expect(painted).not.toEqual(before);
    const { zoom } = await studio.state();
    const cdp = await context.newCDPSession(page);
    const tap = async (count: number): Promise<void> => {
      const touchPoints = Array.from({ length: count }, (_, finger) => ({
        x: x - 40 + 40 * finger,
        y,
        id: finger + 1,
      }));
      for (let down = 1; down <= count; down += 1) {
        await cdp.send("Input.dispatchTouchEvent", {
          type: "touchStart",
          touchPoints: touchPoints.slice(0, down),
        });
      }
      await cdp.send("Input.dispatchTouchEvent", {
        type: "touchEnd",
        touchPoints: [],
      });
    };
    await tap(2);
    await expect.poll(() => studio.labels()).toEqual(before);
    await tap(3);
    await expect.poll(() => studio.labels()).toEqual(painted);
    expect((await studio.state()).zoom).toBe(zoom);
  });

  test("the gallery fits a phone", async ({ page }) => {
    const studio = new StudioPage(page);
    await studio.open();
    for (const label of [8, 12]) {
      await studio.menu("New painting");
      await studio.label(label);
      await studio.stroke([8, 8], [50, 50]);
      await studio.kept();
    }
    await studio.menu("Paintings");
    await expect(studio.dialog("paintings").locator("li")).toHaveCount(3);
    await studio.look("phone-paintings");
    expect(await overflow(page)).toBe(0);
    expect(await violations(page, 'up-dialog[data-dialog="paintings"]')).toEqual([]);
    await page.keyboard.press("Escape");
    studio.expectNoComplaints();
  });

  test("targets are large enough for fingers", async ({ page }) => {
    const studio = new StudioPage(page);
    await studio.open();
    const small = await page.evaluate(() => {
      const found: string[] = [];
      const visit = (root: Document | ShadowRoot): void => {
        for (const element of root.querySelectorAll<HTMLElement>("*")) {
          if (element.shadowRoot) visit(element.shadowRoot);
          if (!element.matches("button, a, input, [role=radio], [role=slider]")) continue;
          if (!element.checkVisibility({ visibilityProperty: true })) continue;
          const { width, height } = element.getBoundingClientRect();
          if (Math.min(width, height) < 32)
            found.push(`${element.getAttribute("aria-label") ?? element.textContent?.trim()}: ${width}×${height}`);
        }
      };
      visit(document);
      return found;
    });
    expect(small).toEqual([]);
  });
});

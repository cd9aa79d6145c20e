/** Palettes of very many labels, in the studio and in the element: seen, scrolled, searched. */

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Locator, type Page } from "@playwright/test";

import { screenshots } from "./support/folders";
import { MANY } from "./support/models";
import { StudioPage } from "./support/studio-page";
import { swipeUp } from "./support/touch";

test.use({ serviceWorkers: "block" });

const LAST = MANY.labels - 1;

/** How a palette is used, wherever it is. */
interface PalettePage {
  readonly palette: Locator;
  /** The part of the palette that scrolls. */
  readonly box: Locator;
  chosen(): Promise<number>;
}

async function inStudio(page: Page): Promise<PalettePage> {
  const studio = new StudioPage(page);
  await studio.open("/many/");
  const palette = page.locator("up-palette");
  return { palette, box: palette.locator(".shown"), chosen: async () => (await studio.state()).classId };
}

async function inElement(page: Page): Promise<PalettePage> {
  await page.goto("/embed/");
  await page.evaluate(async (model) => {
    const element = document.createElement("underpaint-canvas");
    element.setAttribute("model", model);
    element.setAttribute("controls", "");
    document.body.replaceChildren(element);
    await element.load();
  }, `/library/models/${MANY.id}/`);
  const palette = page.locator("underpaint-canvas");
  const chosen = () => palette.evaluate((element: HTMLElement & { label?: number }) => element.label ?? -1);
  return { palette, box: palette.locator(".shown"), chosen };
}

const isInSight = (box: Locator, label: Locator): Promise<boolean> =>
  Promise.all([box.boundingBox(), label.boundingBox()]).then(
    ([outer, inner]) =>
      outer !== null &&
      inner !== null &&
      inner.y >= outer.y - 1 &&
      inner.y + inner.height <= outer.y + outer.height + 1,
  );

for (const [where, open] of [
  ["studio", inStudio],
  ["element", inElement],
] as const) {
  test.describe(`182 labels in the ${where}`, () => {
    test("a mouse's wheel reaches the last one", async ({ page }) => {
      const { palette, box, chosen } = await open(page);
      const last = palette.locator(`[data-label="${LAST}"]`);
      await box.scrollIntoViewIfNeeded();
      expect(await isInSight(box, last)).toBe(false);
      await box.hover();
      for (let turn = 0; turn < 40 && !(await isInSight(box, last)); turn += 1) await page.mouse.wheel(0, 120);
      await expect.poll(() => isInSight(box, last)).toBe(true);
      await last.click();
      expect(await chosen()).toBe(LAST);
    });

    test("the keyboard searches, picks, and goes on through the rows", async ({ page }) => {
      const { palette, box, chosen } = await open(page);
      const field = palette.getByRole("searchbox", { name: "Find a label" });
      // Itself, 150 to 159, and 115, which has it inside.
      await field.fill("colour 15");
      await expect(palette.locator("[data-label]")).toHaveCount(12);
      await expect(palette.getByText("Labels found: 12")).toBeAttached();
      await page.screenshot({ path: `${screenshots}/palette-${where}-search.png` });
      await field.press("Enter");
      expect(await chosen()).toBe(15);
      await expect(palette.locator("[data-label]")).toHaveCount(MANY.labels);
      const picked = palette.locator('[data-label="15"]');
      await expect(picked).toBeFocused();
      await expect.poll(() => isInSight(box, picked)).toBe(true);

      const below = await box.evaluate((box) => {
        const labels = [...box.querySelectorAll<HTMLElement>("[data-label]")];
        return labels.filter(({ offsetTop }) => offsetTop === labels[0]?.offsetTop).length;
      });
      await page.keyboard.press("ArrowDown");
      expect(await chosen()).toBe(15 + below);
      await field.fill("nothing like it");
      await expect(palette.getByText("No label is called “nothing like it”.")).toBeVisible();
      await field.press("Escape");
      await expect(palette.locator("[data-label]")).toHaveCount(MANY.labels);
      await field.fill(String(LAST));
      await field.press("ArrowDown");
      await page.keyboard.press("Enter");
      expect(await chosen()).toBe(LAST);
      // Letters typed into the field are no shortcuts.
      await field.fill("");
      await field.pressSequentially("e");
      await expect(field).toHaveValue("e");
    });

    test("a program finds nothing that keeps people out", async ({ page }) => {
      await open(page);
      const part: [string, string] =
        where === "studio" ? ["up-studio", "up-palette"] : ["underpaint-canvas", ".searched"];
      const axe = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]);
      const { violations } = await axe.include({ fromShadowDom: part }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ failureSummary }) => failureSummary)])).toEqual([]);
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });

  test("the studio's palette is swiped and searched", async ({ page }) => {
    const { palette, box, chosen } = await inStudio(page);
    const cdp = await page.context().newCDPSession(page);
    await swipeUp(cdp, box, 60);
    await expect.poll(() => box.evaluate(({ scrollTop }) => scrollTop)).toBeGreaterThan(30);
    await page.screenshot({ path: `${screenshots}/palette-phone.png` });
    await palette.getByRole("searchbox").fill("colour 99");
    await palette.locator('[data-label="99"]').tap();
    expect(await chosen()).toBe(99);
    const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
    expect(scrollWidth).toBe(clientWidth);
  });
});

test("few labels that do not fit into one row move sideways with the wheel", async ({ page }) => {
  await page.setViewportSize({ width: 520, height: 700 });
  const studio = new StudioPage(page);
  await studio.open();
  const last = page.locator('up-palette [data-label="14"]');
  await expect(last).not.toBeInViewport();
  await page.locator("up-palette").hover();
  for (let turn = 0; turn < 10; turn += 1) await page.mouse.wheel(0, 120);
  await expect(last).toBeInViewport();
});

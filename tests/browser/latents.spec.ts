/** Progressive GAN in the browser: latents by seed, between and near others, smaller scales; and the panel of the studio. */

import { readFileSync } from "node:fs";

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

import { CONTROLS, CONTROL_SEED, native, number } from "./support/controls";
import { modelUrl, mustLoad, openLibrary, valueOf, withSession, type Outcome } from "./support/library-page";
import { MODELS } from "./support/models";
import { StudioPage } from "./support/studio-page";
import { largestDifference } from "./support/tensors.mjs";

/** Before rounding, in the picture's range: what the project promises. */
const TOLERANCE = 1e-4;

/** What the program is told, and what the module does to get the same. */
const CASES = {
  "a seed": { flags: "", scale: 16 },
  "a seed at a smaller scale": { flags: "", scale: 8 },
  "the way to another seed": { flags: "--toward 9 --share 0.3", scale: 16, toward: 9, share: 0.3 },
  "a neighbour": { flags: "--near 5 --step 0.4", scale: 16, near: 5, step: 0.4 },
  "a neighbour of one on the way, smaller": {
    flags: "--toward 9 --share 0.75 --near 3 --step 0.1",
    scale: 4,
    toward: 9,
    share: 0.75,
    near: 3,
    step: 0.1,
  },
} as const;

test.describe("pictures of latents are the program's", () => {
  for (const [name, told] of Object.entries(CASES)) {
    test(`before rounding: ${name}`, async ({ page }) => {
      const expected = native(MODELS.pgan, { scale: number(told.scale) }, told.flags);
      await openLibrary(page);
      const given = { toward: undefined, share: 0, near: undefined, step: 0, ...told, seed: CONTROL_SEED };
      const found = await withSession(page, modelUrl(MODELS.pgan), given, async (session, one) => {
        let latent = session.latent_of_seed(one.seed, []);
        if (one.toward !== undefined) {
          latent = session.latent_between(latent, session.latent_of_seed(one.toward, []), one.share);
        }
        if (one.near !== undefined) latent = session.latent_near(latent, one.near, one.step);
        const scale = one.scale === 16 ? undefined : Math.log2(one.scale) - 2;
        return Array.from(await session.generate_tensor_from_latent(latent, scale));
      });
      expect(found).toHaveLength(3 * told.scale * told.scale);
      expect(largestDifference(found, expected)).toBeLessThan(TOLERANCE);
    });
  }

  test("through the library, in levels; and what makes no sense is told", async ({ page }) => {
    const expected = native(MODELS.pgan, { scale: number(8) }, "--toward 9 --share 0.3 --near 5 --step 0.4");
    await openLibrary(page);
    await mustLoad(page, modelUrl(MODELS.pgan), { device: "cpu" });
    const outcome = await page.evaluate(async (seed): Promise<Outcome<{ side: number; rgba: number[] }>> => {
      const { generator } = globalThis;
      if (!generator) throw new Error("no generator is loaded");
      const style = { near: [{ between: [{ seed }, { seed: 9 }, 0.3] }, 5, 0.4] } as const;
      const { image } = await generator.generate(null, { style, scale: 8 });
      const latent = await generator.latent(style);
      const again = await generator.generate(null, { style: { latent }, scale: 8 });
      if (again.image.data.join() !== image.data.join()) throw new Error("the latent's own picture is another");
      return { value: { side: image.width, rgba: Array.from(image.data) } };
    }, CONTROL_SEED);
    const { side, rgba } = valueOf(outcome);
    expect(side).toBe(8);
    const area = side * side;
    for (let at = 0; at < 3 * area; at += 1) {
      const level = Math.min(255, Math.max(0, ((expected[at] ?? 0) + 1) * 127.5));
      const found = rgba[4 * (at % area) + Math.floor(at / area)] ?? -1;
      expect(Math.abs(found - level)).toBeLessThan(1.5);
    }
    const refused = await page.evaluate(async () => {
      const ask = async (options: object) =>
        globalThis.generator?.generate(null, options).then(
          () => "made",
          (error) => error.message,
        );
      return [await ask({ scale: 12 }), await ask({ style: { latent: [1] } }), await ask({ objects: [] })];
    });
    expect(refused[0]).toBe("scale: expected 4, 8, 16; found 12");
    expect(refused[1]).toBe("style: expected 12 numbers, found 1");
    expect(refused[2]).toContain("takes no features");
  });
});

test.describe("the panel", () => {
  async function open(page: StudioPage["page"], path = CONTROLS): Promise<StudioPage> {
    const studio = new StudioPage(page);
    await studio.open(path);
    await studio.chooseModel(MODELS.pgan);
    return studio;
  }

  const tiles = (studio: StudioPage) => studio.page.locator("up-chance-panel .grid button.face");

  async function style(studio: StudioPage): Promise<{ kind: string }> {
    return studio.page.evaluate(() => {
      const state = document.querySelector("up-studio")?.context?.studio.state;
      return state?.look.style ?? { kind: "" };
    });
  }

  test("shows seeds, one of which is chosen, undone and done again", async ({ page }) => {
    const studio = await open(page);
    await expect(tiles(studio)).toHaveCount(24);
    await expect(page.locator("up-chance-panel .grid up-thumbnail")).toHaveCount(24);
    await expect(tiles(studio).nth(0)).toHaveAttribute("aria-pressed", "true");
    const before = await studio.picture();
    await page.getByRole("button", { name: "Seed 5", exact: true }).click();
    const chosen = await studio.picture();
    expect(chosen).not.toEqual(before);
    expect((await studio.state()).seed).toBe(5);
    await page.keyboard.press("Control+z");
    await expect.poll(async () => (await studio.state()).seed).toBe(0);
    expect(await studio.picture()).toEqual(before);
    await page.keyboard.press("Control+Shift+z");
    expect(await studio.picture()).toEqual(chosen);
    await page.getByRole("button", { name: "More seeds" }).click();
    await expect(page.getByRole("button", { name: "Seed 24", exact: true })).toBeVisible();
    studio.expectNoComplaints();
  });

  test("shows neighbours, goes on from one, and shares it", async ({ page }) => {
    const studio = await open(page);
    await page.getByRole("radio", { name: "Neighbours" }).click();
    await expect(tiles(studio)).toHaveCount(12);
    const before = await studio.picture();
    await page.getByRole("button", { name: "Neighbour 3", exact: true }).click();
    expect(await style(studio)).toMatchObject({ kind: "near", seed: 3, step: 0.35 });
    const near = await studio.picture();
    expect(near).not.toEqual(before);
    await page.getByRole("button", { name: "Go on from the chosen one" }).click();
    await page.getByRole("button", { name: "Neighbour 2", exact: true }).click();
    expect(await style(studio)).toMatchObject({ kind: "near", seed: 2, of: { kind: "near", seed: 3 } });
    const second = await studio.picture();
    const link = await page.evaluate(async () => {
      const { studio } = document.querySelector("up-studio")?.context ?? {};
      if (!studio?.state.model) throw new Error("there is no model");
      return { look: studio.state.look, seed: studio.state.seed };
    });
    await page.goto("about:blank");
    const look = JSON.stringify(link.look);
    await studio.open(`${CONTROLS}#share=1&model=${MODELS.pgan}&seed=${link.seed}&look=${encodeURIComponent(look)}`);
    expect(await studio.picture()).toEqual(second);
  });

  test("goes on from neighbours of neighbours for as long as a person likes", async ({ page }) => {
    const studio = await open(page);
    await page.getByRole("radio", { name: "Neighbours" }).click();
    for (let turn = 0; turn < 12; turn += 1) {
      await page.getByRole("button", { name: "Neighbour 1", exact: true }).click();
      await expect.poll(async () => (await style(studio)).kind).toBe("near");
      await page.getByRole("button", { name: "Go on from the chosen one" }).click();
      await expect(tiles(studio).nth(0)).toHaveAttribute("aria-pressed", /true|false/);
      await studio.settled();
    }
    expect(JSON.stringify(await style(studio))).toContain('"kind":"latent"');
    studio.expectNoComplaints();
  });

  test("plays a path in a loop, stops, and saves its frames and a video", async ({ page }) => {
    test.setTimeout(120_000);
    const studio = await open(page);
    for (const seed of [1, 2]) {
      await page.getByRole("radio", { name: "Seeds" }).click();
      await page.getByRole("button", { name: `Seed ${seed}`, exact: true }).click();
      await page.getByRole("radio", { name: "Path" }).click();
      await page.getByRole("button", { name: "Add this picture" }).click();
    }
    const panel = page.locator("up-path-panel");
    await panel.getByLabel("Seconds from one to the next").selectOption("1");
    await panel.getByRole("button", { name: "Play" }).click();
    await expect.poll(async () => (await style(studio)).kind).toBe("between");
    await page.waitForTimeout(2500);
    await panel.getByRole("button", { name: "Stop" }).click();
    await expect.poll(async () => (await style(studio)).kind).toBe("between");
    // One step of the history, however many pictures were shown.
    await page.keyboard.press("Control+z");
    await expect.poll(async () => (await style(studio)).kind).toBe("seed");

    const frames = await studio.download(() => panel.getByRole("button", { name: /Save frames/ }).click());
    expect(frames.name).toBe("pgan-path-24fps.zip");
    const zip = readFileSync(frames.path);
    expect(zip.readUInt32LE(0)).toBe(0x04034b50);
    // 2 seconds, 24 frames each.
    expect(zip.readUInt16LE(zip.length - 22 + 10)).toBe(48);
    const video = await studio.download(() => panel.getByRole("button", { name: /Save video/ }).click());
    expect(video.name).toBe("pgan-path.webm");
    // EBML, as every WebM file begins.
    expect(video.bytes.readUInt32BE(0)).toBe(0x1a45dfa3);
    expect(video.bytes.length).toBeGreaterThan(2000);
    // The studio's policy shows no videos from memory.
    const player = await page.context().newPage();
    const shown = await player.evaluate(async (bytes) => {
      const element = document.createElement("video");
      element.src = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: "video/webm" }));
      await new Promise((resolve, reject) => {
        element.onloadeddata = resolve;
        element.onerror = () => reject(new Error("the video cannot be played"));
      });
      return [element.videoWidth, element.videoHeight];
    }, Array.from(video.bytes));
    expect(shown).toEqual([256, 256]);
    studio.expectNoComplaints();
  });

  test("is for keyboards and screen readers", async ({ page }) => {
    const studio = await open(page);
    await tiles(studio).nth(0).focus();
    await page.keyboard.press("ArrowRight");
    expect((await studio.state()).seed).toBe(1);
    for (const tab of ["Seeds", "Neighbours", "Path"]) {
      await page.getByRole("radio", { name: tab }).click();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join())])).toEqual([]);
    }
  });

  for (const [name, width, height, language, theme] of [
    ["desktop", 1280, 800, "en", "light"],
    ["phone", 390, 844, "en", "dark"],
    ["chinese", 1280, 800, "zh", "light"],
  ] as const) {
    test(`looks well: ${name}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await page.addInitScript((chosen) => localStorage.setItem("underpaint.language", chosen), language);
      const studio = await open(page);
      await expect(page.locator("up-chance-panel .grid up-thumbnail")).toHaveCount(24);
      await page.waitForTimeout(500);
      await studio.look(`latents-${name}-seeds`);
      await page.locator('up-chance-panel [data-choice="neighbours"]').click();
      await page.waitForTimeout(500);
      await studio.look(`latents-${name}-neighbours`);
      await page.locator('up-chance-panel [data-choice="path"]').click();
      await page.locator("up-path-panel button.outline").first().click();
      await page.locator('up-chance-panel [data-choice="seeds"]').click();
      await tiles(studio).nth(4).click();
      await page.locator('up-chance-panel [data-choice="path"]').click();
      await page.locator("up-path-panel button.outline").first().click();
      await page.waitForTimeout(500);
      await studio.look(`latents-${name}-path`);
    });
  }
});

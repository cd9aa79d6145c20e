/** SPADE with an encoder in the browser: styles of pictures, of seeds and between them; and the strip in the studio. */

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

import { CONTROLS, CONTROL_SEED, dusk, idTensor, native, pictureTensor, pngFile } from "./support/controls";
import { modelUrl, mustLoad, openLibrary, valueOf, withSession, type Outcome } from "./support/library-page";
import { CLASSES, MODELS, STYLED } from "./support/models";
import { labelScene, pictureScene } from "./support/scenes";
import { StudioPage } from "./support/studio-page";
import { largestDifference } from "./support/tensors.mjs";

/** Before rounding, in the picture's range: what the project promises. */
const TOLERANCE = 1e-4;

const { side } = STYLED;
const labels = labelScene(CLASSES, side, side);
const labelTensor = idTensor(labels.ids, side, side);

/** What the program is told beside the labels, and what the module does to get the same. */
const CASES = {
  "of the seed": { flags: "", hasPicture: false },
  "of a picture": { flags: "", hasPicture: true },
  "on the way from a picture to a seed": { flags: "--toward 9 --share 0.25", hasPicture: true, toward: 9, share: 0.25 },
  "near that of a picture": { flags: "--near 3 --step 0.5", hasPicture: true, near: 3, step: 0.5 },
} as const;

test.describe("pictures in a style are the program's", () => {
  for (const [name, told] of Object.entries(CASES)) {
    test(`before rounding: ${name}`, async ({ page }) => {
      const style = told.hasPicture ? { style: pictureTensor(dusk(), 96, 64) } : {};
      const expected = native(STYLED.id, { labels: labelTensor, ...style }, told.flags);
      await openLibrary(page);
      const given = {
        toward: undefined,
        share: 0,
        near: undefined,
        step: 0,
        ...told,
        seed: CONTROL_SEED,
        ids: Array.from(labels.ids),
        picture: Array.from(dusk()),
        side,
      };
      const found = await withSession(page, modelUrl(STYLED.id), given, async (session, one) => {
        let latent = session.latent_of_seed(one.seed, []);
        if (one.hasPicture) {
          const distribution = await session.style_distribution(Uint8Array.from(one.picture), 96, 64);
          latent = session.latent_of_style(distribution, one.seed);
        }
        if (one.toward !== undefined) {
          latent = session.latent_between(latent, session.latent_of_seed(one.toward, []), one.share);
        }
        if (one.near !== undefined) latent = session.latent_near(latent, one.near, one.step);
        const scene = { ids: Uint8Array.from(one.ids), width: one.side, height: one.side, latent };
        return Array.from(await session.generate_tensor_from_labels(scene, one.seed));
      });
      expect(largestDifference(found, expected)).toBeLessThan(TOLERANCE);
    });
  }

  test("through the library, where the encoder comes when it is needed, and out of the cache", async ({ page }) => {
    const encoders: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("encoder.safetensors")) encoders.push(request.url());
    });
    const expected = native(
      STYLED.id,
      { labels: labelTensor, style: pictureTensor(dusk(), 96, 64) },
      "--toward 9 --share 0.25",
    );
    await openLibrary(page);
    for (let visit = 1; visit <= 2; visit += 1) {
      await mustLoad(page, modelUrl(STYLED.id), { device: "cpu" });
      expect(encoders).toHaveLength(visit - 1);
      const rgba = valueOf(await generateStyled(page));
      const area = side * side;
      let worst = 0;
      for (let at = 0; at < 3 * area; at += 1) {
        const level = Math.min(255, Math.max(0, ((expected[at] ?? 0) + 1) * 127.5));
        worst = Math.max(worst, Math.abs((rgba[4 * (at % area) + Math.floor(at / area)] ?? -1) - level));
      }
      expect(worst).toBeLessThan(1.5);
      expect(encoders).toHaveLength(1);
      if (visit === 2) break;
      // Keeping it goes on in the background.
      await expect.poll(() => keptWeights(page)).toBe(2);
      await page.reload();
      await page.waitForFunction(() => "library" in globalThis);
      encoders.push("the second visit fetches none");
      encoders.length = 1;
    }
  });

  test("and what a model has no use for is told", async ({ page }) => {
    await openLibrary(page);
    await mustLoad(page, modelUrl(MODELS.tiny), { device: "cpu" });
    const message = await page.evaluate(async () => {
      const map = { ids: new Uint8Array(64 * 64), width: 64, height: 64 };
      return globalThis.generator?.generate(map, { style: { seed: 1 } }).catch((error) => [error.code, error.message]);
    });
    expect(message).toEqual(["bad-input", "style: tiny has no latents, and no use for a style."]);
  });

  test("an encoder that is damaged is told by its name, and asked for again", async ({ page }) => {
    await openLibrary(page);
    let damaged = true;
    await page.route("**/encoder.safetensors", async (route) => {
      if (!damaged) return route.continue();
      const response = await route.fetch();
      const body = await response.body();
      body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
      return route.fulfill({ response, body });
    });
    await mustLoad(page, modelUrl(STYLED.id), { device: "cpu", cache: false });
    expect(await generateStyled(page)).toMatchObject({
      code: "integrity",
      message: expect.stringContaining("encoder.safetensors"),
    });
    damaged = false;
    expect(await generateStyled(page)).toHaveProperty("value");
  });
});

/** In a style a quarter of the way from that of dusk to a seed's. */
function generateStyled(page: Page): Promise<Outcome<number[]>> {
  return page.evaluate(
    async ({ ids, picture, side, seed }) => {
      try {
        if (!globalThis.generator) throw new Error("no generator is loaded");
        const image = new ImageData(Uint8ClampedArray.from(picture), 96, 64);
        const map = { ids: Uint8Array.from(ids), width: side, height: side };
        const style = { between: [image, { seed: 9 }, 0.25] } as const;
        return { value: Array.from((await globalThis.generator.generate(map, { seed, style })).image.data) };
      } catch (thrown) {
        if (!(thrown instanceof library.UnderpaintError)) throw thrown;
        return { code: thrown.code, message: thrown.message };
      }
    },
    { ids: Array.from(labels.ids), picture: Array.from(dusk()), side, seed: CONTROL_SEED },
  );
}

/** How many weight files the browser's cache has. */
function keptWeights(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let count = 0;
    for (const name of await caches.keys()) {
      const keys = await (await caches.open(name)).keys();
      count += keys.filter(({ url }) => url.includes("/weights/")).length;
    }
    return count;
  });
}

test.describe("the strip of styles", () => {
  async function open(page: Page): Promise<StudioPage> {
    const studio = new StudioPage(page);
    await studio.open(CONTROLS);
    return studio;
  }

  const style = (page: Page) =>
    page.evaluate(() => {
      const look = document.querySelector("up-studio")?.context?.studio.state.look;
      if (!look) throw new Error("there is no look");
      return look.style as { kind: string; file?: string; share?: number; from?: { kind: string }; to?: { kind: string } };
    });
  const face = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

  test("has the model's own pictures, and none that lies outside its folder", async ({ page }) => {
    const studio = await open(page);
    await expect(page.locator("up-style-strip button[data-style]")).toHaveCount(3);
    const before = await studio.picture();
    await face(page, "Dusk").click();
    await expect.poll(async () => (await style(page)).file).toBe("styles/dusk.png");
    await expect(face(page, "Dusk")).toHaveAttribute("aria-pressed", "true");
    await expect.poll(() => studio.picture()).not.toEqual(before);
    const chosen = await studio.picture();
    await page.keyboard.press("Control+z");
    await expect.poll(async () => (await style(page)).kind).toBe("seed");
    expect(await studio.picture()).toEqual(before);
    await page.keyboard.press("Control+Shift+z");
    expect(await studio.picture()).toEqual(chosen);
    studio.expectNoComplaints();
  });

  test("mixes two with a slider, whose drag is one step and whose newest picture wins", async ({ page }) => {
    const studio = await open(page);
    await face(page, "Dusk").click();
    await page.getByLabel("Mix with").selectOption({ label: "Noon" });
    expect(await style(page)).toMatchObject({ kind: "between", share: 0.5, from: { kind: "listed" } });
    await studio.settled();
    const slider = page.getByRole("slider", { name: "How much of Noon" });
    const box = await slider.boundingBox();
    if (!box) throw new Error("there is no slider");
    const [left, middle] = [box.x + 6, box.y + box.height / 2];
    await page.mouse.move(box.x + box.width / 2, middle);
    await page.mouse.down();
    for (let step = 1; step <= 12; step += 1) {
      await page.mouse.move(box.x + box.width / 2 - (step * (box.width / 2 - 6)) / 12, middle);
    }
    await page.mouse.move(left, middle);
    await page.mouse.up();
    const { share = 1 } = await style(page);
    expect(share).toBeLessThan(0.1);
    const dragged = await studio.picture();
    await page.keyboard.press("Control+z");
    expect((await style(page)).share).toBe(0.5);
    expect(await studio.picture()).not.toEqual(dragged);
    await page.keyboard.press("Control+Shift+z");
    expect(await studio.picture()).toEqual(dragged);
    // The end of the slider is the style itself.
    await slider.fill("100");
    await slider.dispatchEvent("change");
    const noon = await studio.picture();
    await page.getByLabel("Mix with").selectOption({ label: "nothing" });
    await face(page, "Noon").click();
    expect(await studio.picture()).toEqual(noon);
    studio.expectNoComplaints();
  });

  test("takes photos, keeps them for the next visit, and lets go of them", async ({ page }) => {
    const studio = await open(page);
    const before = await studio.picture();
    const file = pngFile("evening sky.png", pictureScene(80, 60), 80, 60);
    const choosing = page.waitForEvent("filechooser");
    await face(page, "Add a photo as a style").click();
    await (await choosing).setFiles(file);
    await expect(face(page, "evening sky")).toHaveAttribute("aria-pressed", "true");
    await expect.poll(() => studio.picture()).not.toEqual(before);
    const styled = await studio.picture();
    await studio.kept();
    await page.reload();
    await studio.ready();
    await expect(face(page, "evening sky")).toHaveAttribute("aria-pressed", "true");
    await expect.poll(() => studio.picture()).toEqual(styled);
    await face(page, "Remove evening sky").click();
    // The scene keeps what was read; the photo is offered no more after another is chosen.
    expect(await studio.picture()).toEqual(styled);
    await face(page, "From seed").click();
    await expect(face(page, "evening sky")).toHaveCount(0);
    await page.reload();
    await studio.ready();
    await expect(page.locator("up-style-strip button[data-style]")).toHaveCount(3);
    studio.expectNoComplaints();
  });

  test("says why a file is no style", async ({ page }) => {
    await open(page);
    const choosing = page.waitForEvent("filechooser");
    await face(page, "Add a photo as a style").click();
    await (await choosing).setFiles({ name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await expect(page.locator("up-toasts")).toContainText("The style could not be read");
  });

  test("is kept with a painting, and shared in a link that another visit opens", async ({ page, context }) => {
    const studio = await open(page);
    await face(page, "Another random style").click();
    await expect.poll(async () => (await style(page)).kind).toBe("random");
    await page.getByLabel("Mix with").selectOption({ label: "Dusk" });
    await expect.poll(async () => (await style(page)).kind).toBe("between");
    await studio.settled();
    const shown = await studio.picture();
    await studio.kept();
    await page.reload();
    await studio.ready();
    await expect.poll(() => studio.picture()).toEqual(shown);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await studio.menu("Copy share link");
    await expect(page.locator("up-toasts")).toContainText("Link copied");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link.length).toBeLessThan(30_000);
    const fresh = await context.browser()?.newContext();
    const other = new StudioPage(await (fresh ?? context).newPage());
    await other.open(link);
    await expect.poll(() => other.picture()).toEqual(shown);
    await fresh?.close();
  });

  test("is for keyboards and screen readers", async ({ page }) => {
    await open(page);
    await face(page, "From seed").focus();
    await page.keyboard.press("ArrowRight");
    await expect(face(page, "Dusk")).toBeFocused();
    expect((await style(page)).file).toBe("styles/dusk.png");
    await page.getByLabel("Mix with").selectOption({ label: "Noon" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join())])).toEqual([]);
  });

  for (const [name, width, height, language, theme] of [
    ["desktop", 1280, 800, "en", "light"],
    ["dark", 1280, 800, "en", "dark"],
    ["phone", 390, 844, "en", "light"],
    ["chinese", 1280, 800, "zh", "light"],
  ] as const) {
    test(`looks well: ${name}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await page.addInitScript((chosen) => localStorage.setItem("underpaint.language", chosen), language);
      const studio = await open(page);
      await page.locator('[data-style="listed:styles/dusk.png"]').click();
      await page.locator("select[data-mix]").selectOption("listed:styles/noon.png");
      await studio.settled();
      await studio.look(`styles-${name}`);
    });
  }
});

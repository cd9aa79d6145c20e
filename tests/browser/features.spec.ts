/** pix2pixHD with features in the browser: looks of objects by seed, by choice and from a photo. */

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

import { CONTROLS, CONTROL_SEED, FEATURED, idTensor, native, pictureTensor, pngFile } from "./support/controls";
import { modelUrl, mustLoad, openLibrary, withSession } from "./support/library-page";
import { CLASSES } from "./support/models";
import { labelScene, pictureScene } from "./support/scenes";
import { StudioPage } from "./support/studio-page";
import { largestDifference, type Tensor } from "./support/tensors.mjs";

/** Before rounding, in the picture's range: what the project promises. */
const TOLERANCE = 1e-4;

const { id, side } = FEATURED;
const labels = labelScene(CLASSES, side, side);
const labelTensor = idTensor(labels.ids, side, side);
/** Two objects of every class: left and right. */
const instances = Uint16Array.from(labels.ids, (label, pixel) => 1000 * label + (pixel % side < side / 2 ? 1 : 2));

test.describe("pictures with looks of objects are the program's", () => {
  for (const hasInstances of [false, true]) {
    test(`before rounding: drawn from the seed, ${hasInstances ? "two objects a class" : "one a class"}`, async ({
      page,
    }) => {
      const given: Record<string, Tensor> = { labels: labelTensor };
      if (hasInstances) given["instances"] = idTensor(instances, side, side);
      const expected = native(id, given);
      await openLibrary(page);
      const found = await withSession(
        page,
        modelUrl(id),
        { ids: Array.from(labels.ids), instances: hasInstances ? Array.from(instances) : null, side, seed: CONTROL_SEED },
        async (session, one) => {
          const scene = { ids: Uint8Array.from(one.ids), width: one.side, height: one.side };
          const more = one.instances ? { instances: Uint16Array.from(one.instances) } : {};
          return Array.from(await session.generate_tensor_from_labels({ ...scene, ...more }, one.seed));
        },
      );
      expect(largestDifference(found, expected)).toBeLessThan(TOLERANCE);
    });
  }

  test("before rounding: read from a photo, all objects at once and one by one", async ({ page }) => {
    const photo = pictureScene(side, side);
    const expected = native(id, { labels: labelTensor, style: pictureTensor(photo, side, side) });
    await openLibrary(page);
    const found = await withSession(
      page,
      modelUrl(id),
      { ids: Array.from(labels.ids), photo: Array.from(photo), side, seed: CONTROL_SEED },
      async (session, one) => {
        const scene = { ids: Uint8Array.from(one.ids), width: one.side, height: one.side };
        const rows = await session.object_looks(scene, Uint8Array.from(one.photo));
        const [objects, looks]: [number[], number[]] = [[], []];
        for (let row = 0; row < rows.length; row += 5) {
          objects.push(...rows.subarray(row, row + 2));
          looks.push(...rows.subarray(row + 2, row + 5));
        }
        const chosen = { objects: Uint16Array.from(objects), looks: Float32Array.from(looks) };
        return Array.from(await session.generate_tensor_from_labels({ ...scene, ...chosen }, one.seed));
      },
    );
    expect(largestDifference(found, expected)).toBeLessThan(TOLERANCE);
  });

  test("through the library: a chosen look changes its object, and what is no look is told", async ({ page }) => {
    await openLibrary(page);
    await mustLoad(page, modelUrl(id), { device: "cpu" });
    const told = await page.evaluate(
      async ({ ids, side, photo }) => {
        const { generator } = globalThis;
        if (!generator) throw new Error("no generator is loaded");
        const map = { ids: Uint8Array.from(ids), width: side, height: side };
        const label = map.ids[0] ?? 0;
        const { clusters = {} } = generator.manifest;
        const feature = clusters[label]?.[0] ?? [];
        const rgba = async (options: object) => (await generator.generate(map, options)).image.data.join();
        const message = async (options: object) =>
          generator.generate(map, options).then(
            () => "made",
            (error) => error.message,
          );
        const image = new ImageData(Uint8ClampedArray.from(photo), side, side);
        const looks = await generator.looksOf(map, image);
        return {
          looks: looks.length,
          isByNumbers:
            (await rgba({ objects: [{ label, cluster: 0 }] })) === (await rgba({ objects: [{ label, feature }] })),
          changes: (await rgba({ objects: [{ label, feature: [1, -1, 1] }] })) !== (await rgba({})),
          seeded: (await rgba({ seed: 1 })) !== (await rgba({ seed: 2 })),
          refused: await message({ objects: [{ label, cluster: 99 }] }),
        };
      },
      { ids: Array.from(labels.ids), side, photo: Array.from(pictureScene(side, side)) },
    );
    expect(told).toMatchObject({ looks: CLASSES, isByNumbers: true, changes: true, seeded: true });
    expect(told.refused).toContain("typical looks, found number 99");
  });
});

test.describe("the looks of the chosen object", () => {
  /** Opens the studio with the brush on a class that has typical looks. */
  async function open(page: Page): Promise<{ studio: StudioPage; looks: number }> {
    const studio = new StudioPage(page);
    await studio.open(CONTROLS);
    await studio.chooseModel(id);
    const [label, looks] = await page.evaluate(() => {
      const counts = document.querySelector("up-studio")?.context?.studio.state.model?.typicalLooks ?? {};
      const [most = ["0", 0]] = Object.entries(counts).sort(([, one], [, other]) => other - one);
      return [Number(most[0]), most[1]] as const;
    });
    await studio.label(label);
    return { studio, looks };
  }

  const tiles = (page: Page) => page.locator("up-look-strip button[data-look]");
  const chosen = (page: Page) =>
    page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.look.objects ?? []);

  test("are shown in small pictures, one is chosen, undone, kept and shared", async ({ page }) => {
    const { studio, looks } = await open(page);
    expect(looks).toBeGreaterThan(0);
    await expect(tiles(page)).toHaveCount(looks + 1);
    await expect(page.locator("up-look-strip up-thumbnail")).toHaveCount(looks + 1, { timeout: 20_000 });
    await expect(tiles(page).first()).toHaveAttribute("aria-pressed", "true");
    const before = await studio.picture();
    await page.getByRole("button", { name: "Look 1", exact: true }).click();
    expect(await chosen(page)).toMatchObject([{ object: 0, cluster: 0 }]);
    const seeded = await page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.seed);
    const after = await studio.picture();
    await page.keyboard.press("Control+z");
    expect(await chosen(page)).toEqual([]);
    expect(await studio.picture()).toEqual(before);
    await page.keyboard.press("Control+Shift+z");
    expect(await studio.picture()).toEqual(after);
    await studio.kept();
    await page.reload();
    await studio.ready();
    expect(await chosen(page)).toMatchObject([{ object: 0, cluster: 0 }]);
    expect(await studio.picture()).toEqual(after);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await studio.menu("Copy share link");
    await expect(page.locator("up-toasts")).toContainText("Link copied");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const fresh = await page.context().browser()?.newContext();
    const other = new StudioPage(await (fresh ?? page.context()).newPage());
    await other.open(link);
    await expect.poll(() => other.picture()).toEqual(after);
    expect(seeded).toBe(0);
    await fresh?.close();
    studio.expectNoComplaints();
  });

  test("are each object's own", async ({ page }) => {
    const { studio } = await open(page);
    await page.getByRole("button", { name: "New object", exact: true }).click();
    await studio.stroke([20, 20], [44, 20], [44, 30], [20, 30]);
    await page.getByRole("button", { name: "Look 1", exact: true }).click();
    expect(await chosen(page)).toMatchObject([{ object: 1, cluster: 0 }]);
    // The seed's draw of the class's other pixels has not become another by it.
    await page.locator("up-object-bar [data-object='0']").click();
    await expect(tiles(page).first()).toHaveAttribute("aria-pressed", "true");
    studio.expectNoComplaints();
  });

  test("are read from a photo, all at once", async ({ page }) => {
    const { studio } = await open(page);
    const before = await studio.picture();
    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Looks from a photo" }).click();
    await (await choosing).setFiles(pngFile("street.png", pictureScene(side, side), side, side));
    await expect(page.locator("up-toasts")).toContainText(`${CLASSES} objects look as in street.png now`);
    expect(await chosen(page)).toHaveLength(CLASSES);
    await expect(page.getByRole("button", { name: "From a photo", exact: true })).toHaveAttribute("aria-pressed", "true");
    const read = await studio.picture();
    expect(read).not.toEqual(before);
    await page.keyboard.press("Control+z");
    expect(await studio.picture()).toEqual(before);
    studio.expectNoComplaints();
  });

  test("are for keyboards and screen readers", async ({ page }) => {
    await open(page);
    await tiles(page).first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await chosen(page)).toMatchObject([{ cluster: 0 }]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id: rule, nodes }) => [rule, nodes.map(({ target }) => target.join())])).toEqual([]);
  });

  for (const [name, width, height, language, theme] of [
    ["desktop", 1280, 800, "en", "dark"],
    ["phone", 390, 844, "zh", "light"],
  ] as const) {
    test(`look well: ${name}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await page.addInitScript((spoken) => localStorage.setItem("underpaint.language", spoken), language);
      const { studio, looks } = await open(page);
      await tiles(page).nth(1).click();
      await expect(page.locator("up-look-strip up-thumbnail")).toHaveCount(looks + 1, { timeout: 20_000 });
      await studio.settled();
      await page.waitForTimeout(1500);
      await studio.look(`features-${name}`);
    });
  }
});

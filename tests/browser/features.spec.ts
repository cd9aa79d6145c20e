/** pix2pixHD with features in the browser: looks of objects by seed, by choice and from a photo. */

import { expect, test } from "@playwright/test";

import { CONTROL_SEED, FEATURED, idTensor, native, pictureTensor } from "./support/controls";
import { modelUrl, mustLoad, openLibrary, withSession } from "./support/library-page";
import { CLASSES } from "./support/models";
import { labelScene, pictureScene } from "./support/scenes";
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

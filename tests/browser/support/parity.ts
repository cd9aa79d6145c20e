/** The same checks on each device: the browser gives what native code gives. */

import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made } from "./folders";
import {
  generate,
  generateFromPicture,
  generateTensor,
  modelUrl,
  mustLoad,
  opaqueRgb,
  openLibrary,
  valueOf,
} from "./library-page";
import { CLASSES, SEED, SIZE, takesPictures } from "./models";
import { labelScene, pictureScene, readPng } from "./scenes";
import { largestDifference, readTensor } from "./tensors";

/**
 * Before rounding, in the picture's range [-1, 1]: both sides compute in f32, in another order.
 * (The bound that the project promises; seen here: 2e-5.)
 */
const TENSOR_TOLERANCE = 1e-3;
/** After truncation to 8 bits, in levels. */
export const PICTURE_TOLERANCE = 1;

/** The module's tensors before any rounding, for each model on one device. */
export function testTensors(device: "webgpu" | "cpu", models: string[]): void {
  for (const model of models) {
    test(`${device}: ${model} gives native code's tensor before rounding`, async ({ page }) => {
      await openLibrary(page);
      const input = readTensor(
        join(made, takesPictures(model) ? "picture.safetensors" : "labels.safetensors"),
        "input",
      );
      const expected = readTensor(join(made, `${model}.safetensors`), "output");
      const found = await generateTensor(page, modelUrl(model), device, input, SEED);
      const difference = largestDifference(found, expected.values);
      console.log(`${device}, ${model}: largest difference ${difference.toExponential(1)}`);
      expect(difference).toBeLessThan(TENSOR_TOLERANCE);
    });
  }
}

/** The library's pictures, for each model on one device. */
export function testPictures(device: "webgpu" | "cpu", models: string[]): void {
  for (const model of models) {
    test(`${device}: ${model} gives native code's picture`, async ({ page }) => {
      await openLibrary(page);
      const { device: report } = await mustLoad(page, modelUrl(model), { device });
      expect(report.kind).toBe(device);
      const rgba = takesPictures(model)
        ? await generateFromPicture(page, pictureScene(SIZE, SIZE), SIZE, SIZE)
        : valueOf(await generate(page, labelScene(CLASSES, SIZE, SIZE), SEED));
      const expected = readPng(join(made, `${model}.png`));
      expect(expected).toMatchObject({ width: SIZE, height: SIZE, channels: 3 });
      expect(largestDifference(opaqueRgb(rgba), expected.data)).toBeLessThanOrEqual(PICTURE_TOLERANCE);
    });
  }
}

/** The same checks on each device: the browser gives what native code gives. */

import { join } from "node:path";

import { expect, test, type Page } from "@playwright/test";

import { made } from "./folders";
import {
  generate,
  generateFromPicture,
  generateStyled,
  generateTensor,
  modelUrl,
  mustLoad,
  opaqueRgb,
  openLibrary,
  valueOf,
  type ModuleBuild,
} from "./library-page";
import { CLASSES, SEED, SIZE, STYLED, sceneOf } from "./models";
import { labelSceneFor, pictureScene, readPng } from "./scenes";
import { largestDifference, readTensor } from "./tensors.mjs";

/**
 * Before rounding, in the picture's range [-1, 1]: both sides compute in f32, in another order.
 * (The bound that the project promises.)
 */
const TENSOR_TOLERANCE = 1e-4;
/** After truncation to 8 bits, in levels. */
export const PICTURE_TOLERANCE = 1;

/** The module's tensors before any rounding, for each model on one device, in one of its builds. */
export function testTensors(device: "webgpu" | "cpu", models: string[], build: ModuleBuild): void {
  for (const model of models) {
    test(`${device}, ${build} module: ${model} gives native code's tensor before rounding`, async ({ page }) => {
      await openLibrary(page);
      const { kind, file } = sceneOf(model);
      const input = readTensor(join(made, `${file}.safetensors`), kind === "latent" ? "z" : "input");
      const expected = readTensor(join(made, `${model}.safetensors`), "output");
      const found = await generateTensor(page, modelUrl(model), device, input, SEED, build);
      const difference = largestDifference(found, expected.values);
      console.log(`${device}, ${build}, ${model}: largest difference ${difference.toExponential(1)}`);
      expect(difference).toBeLessThan(TENSOR_TOLERANCE);
    });
  }
}

/** A label map in the style of a picture: both networks of a model that has an encoder, on one device. */
export function testStyle(device: "webgpu" | "cpu"): void {
  test(`${device}: a label map in the style of a picture is native code's`, async ({ page }) => {
    await openLibrary(page);
    const { id, side } = STYLED;
    const layout = { classes: CLASSES, dontCare: false, edges: false };
    const labels = labelSceneFor(layout, side, side);
    const found = await generateStyled(page, modelUrl(id), device, labels.ids, pictureScene(side, side), side, SEED);
    const expected = readTensor(join(made, `${id}.safetensors`), "output");
    const difference = largestDifference(found, expected.values);
    console.log(`${device}, ${id}: largest difference ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(TENSOR_TOLERANCE);
  });
}

/** The library's pictures, for each model on one device. */
export function testPictures(device: "webgpu" | "cpu", models: string[]): void {
  for (const model of models) {
    test(`${device}: ${model} gives native code's picture`, async ({ page }) => {
      await openLibrary(page);
      const { device: report } = await mustLoad(page, modelUrl(model), { device });
      expect(report.kind).toBe(device);
      const rgba = await generateScene(page, model);
      const expected = readPng(join(made, `${model}.png`));
      const scene = sceneOf(model);
      const side = scene.kind === "latent" ? scene.side : SIZE;
      expect(expected).toMatchObject({ width: side, height: side, channels: 3 });
      expect(largestDifference(opaqueRgb(rgba), expected.data)).toBeLessThanOrEqual(PICTURE_TOLERANCE);
    });
  }
}

/** The loaded model's picture of what its references are made from. */
async function generateScene(page: Page, model: string): Promise<number[]> {
  const scene = sceneOf(model);
  switch (scene.kind) {
    case "picture":
      return generateFromPicture(page, pictureScene(SIZE, SIZE), SIZE, SIZE);
    case "labels":
      return valueOf(await generate(page, labelSceneFor(scene.layout, SIZE, SIZE), SEED));
    case "latent":
      return valueOf(await generate(page, null, SEED));
  }
}

/** The library on WebGPU (SwiftShader). */

import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made } from "./support/folders";
import { generate, load, modelUrl, mustLoad, opaqueRgb, openLibrary, valueOf } from "./support/library-page";
import { CLASSES, MODELS, SIZE } from "./support/models";
import { PICTURE_TOLERANCE, testStyle, testTensors } from "./support/parity";
import { labelScene, readPng } from "./support/scenes";
import { largestDifference } from "./support/tensors.mjs";

const scene = labelScene(CLASSES, SIZE, SIZE);

testTensors("webgpu", [MODELS.tiny, MODELS.resnet, MODELS.pix2pixhd, MODELS.spade, MODELS.pgan], "relaxed");
testStyle("webgpu");

test("auto prefers the CPU to an adapter that is emulated on it", async ({ page }) => {
  await openLibrary(page);
  const { device } = await mustLoad(page, modelUrl(MODELS.unet));
  expect(device).toMatchObject({ kind: "cpu", code: "software-adapter" });
});

test("pictures are those of native code; a lost device is reported, and loading again recovers", async ({ page }) => {
  await openLibrary(page);
  const options = { device: "webgpu", workerUrl: "worker-with-device.js" } as const;
  const { device } = await mustLoad(page, modelUrl(MODELS.tiny), options);
  expect(device).toMatchObject({ kind: "webgpu", adapter: expect.stringMatching(/swiftshader/i) });
  const before = valueOf(await generate(page, scene));
  const expected = readPng(join(made, `${MODELS.tiny}.png`)).data;
  expect(largestDifference(opaqueRgb(before), expected)).toBeLessThanOrEqual(PICTURE_TOLERANCE);

  const lost = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        if (globalThis.generator) globalThis.generator.onLost = (error) => resolve(error.code);
      }),
  );
  const [worker] = page.workers();
  await worker?.evaluate(() => (globalThis as unknown as { keptDevice: { destroy(): void } }).keptDevice.destroy());
  expect(await lost).toBe("device-lost");
  expect(await generate(page, scene)).toMatchObject({ code: "device-lost" });
  await expect.poll(() => page.workers().length).toBe(0);

  expect(await load(page, modelUrl(MODELS.tiny), options)).toHaveProperty("value");
  expect(valueOf(await generate(page, scene))).toEqual(before);
});

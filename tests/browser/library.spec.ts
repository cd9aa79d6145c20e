/** The library on the CPU: parity with native code, and what its interface promises. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made } from "./support/folders";
import { generate, load, modelUrl, mustLoad, openLibrary, valueOf } from "./support/library-page";
import { CLASSES, MODELS, SIZE } from "./support/models";
import { testPictures, testStyle, testTensors } from "./support/parity";
import { labelScene } from "./support/scenes";
import { largestDifference } from "./support/tensors.mjs";

const scene = labelScene(CLASSES, SIZE, SIZE);

const parity = [
  MODELS.unet,
  MODELS.unetHalf,
  MODELS.resnet,
  MODELS.dropout,
  MODELS.pix2pixhd,
  MODELS.spade,
  MODELS.pgan,
];
testTensors("cpu", parity, "plain");
testTensors("cpu", parity, "relaxed");
testPictures("cpu", parity);
testStyle("cpu");

test.describe("the library", () => {
  test.beforeEach(async ({ page }) => openLibrary(page));

  test("tells every stage of loading, in order", async ({ page }) => {
    const report = await mustLoad(page, modelUrl(MODELS.unet));
    expect(report.stages).toEqual(["download", "verify", "upload", "compile", "first-picture"]);
    expect(report.fractions).toEqual([...report.fractions].sort((a, b) => a - b));
    expect(report.fractions.at(-1)).toBe(1);
    expect(report).toMatchObject({
      name: MODELS.unet,
      bytes: readFileSync(join(made, "models/unet/weights.safetensors")).length,
    });
  });

  test("asks for the quicker module alone, and does without where the server lacks it", async ({ page }) => {
    const asked: string[] = [];
    page.on("request", (request) => {
      const name = new URL(request.url()).pathname.split("/").at(-1);
      if (name?.endsWith(".wasm") === true) asked.push(name);
    });
    await mustLoad(page, modelUrl(MODELS.unet));
    expect(asked).toEqual(["underpaint_web_relaxed_bg.wasm"]);
    await page.route(/_relaxed_bg\.wasm$/, (route) => route.fulfill({ status: 404 }));
    await mustLoad(page, modelUrl(MODELS.unet));
    expect(asked.at(-1)).toBe("underpaint_web_bg.wasm");
  });

  test("loads a bundle from two files", async ({ page }) => {
    const files = ["manifest.json", "weights.safetensors"].map((name) =>
      Array.from(readFileSync(join(made, "models", MODELS.resnet, name))),
    );
    const name = await page.evaluate(async ([manifest = [], weights = []]) => {
      const generator = await library.load({
        manifest: Uint8Array.from(manifest),
        weights: new Blob([Uint8Array.from(weights)]),
      });
      return generator.manifest.name;
    }, files);
    expect(name).toBe(MODELS.resnet);
  });

  for (const [model, classes] of [
    [MODELS.unet, CLASSES],
    [MODELS.pix2pixhd, 4],
    [MODELS.spade, 7],
  ] as const) {
    test(`${model} takes any size`, async ({ page }) => {
      await mustLoad(page, modelUrl(model));
      for (const [width, height] of [
        [1, 1],
        [100, 37],
        [64, 130],
      ] as const) {
        const rgba = valueOf(await generate(page, labelScene(classes, width, height)));
        expect(rgba).toHaveLength(4 * width * height);
      }
    });
  }

  test("a seed changes the picture of a model with dropout, and repeats it", async ({ page }) => {
    await mustLoad(page, modelUrl(MODELS.dropout));
    const [first, again, other] = [1, 1, 2].map((seed) => async () => valueOf(await generate(page, scene, seed)));
    const picture = await first?.();
    expect(await again?.()).toEqual(picture);
    expect(largestDifference(picture ?? [], (await other?.()) ?? [])).toBeGreaterThan(8);
  });

  test("a model of latents takes nothing but a seed, which repeats its picture", async ({ page }) => {
    await mustLoad(page, modelUrl(MODELS.pgan));
    const picture = valueOf(await generate(page, null, 1));
    expect(valueOf(await generate(page, null, 1))).toEqual(picture);
    expect(largestDifference(picture, valueOf(await generate(page, null, 2)))).toBeGreaterThan(8);
    expect(await generate(page, scene)).toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("from a seed alone"),
    });
    await mustLoad(page, modelUrl(MODELS.unet));
    expect(await generate(page, null)).toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("takes label maps: expected ids, found nothing"),
    });
  });

  test("a newer request takes the place of the one that waits", async ({ page }) => {
    await mustLoad(page, modelUrl(MODELS.unet));
    const outcomes = await page.evaluate(
      async ({ ids, width, height }) => {
        const input = { ids: Uint8Array.from(ids), width, height };
        const calls = Array.from({ length: 5 }, () => globalThis.generator?.generate(input));
        const settled = await Promise.allSettled(calls);
        return settled.map((one) => (one.status === "fulfilled" ? "picture" : one.reason.code));
      },
      { ...scene, ids: Array.from(scene.ids) },
    );
    expect(outcomes).toEqual(["picture", "superseded", "superseded", "superseded", "picture"]);
  });

  test("bad input is told, and harms nothing", async ({ page }) => {
    await mustLoad(page, modelUrl(MODELS.unet));
    const unknownClass = { ...scene, ids: scene.ids.map((id, pixel) => (pixel === 77 ? 200 : id)) };
    expect(await generate(page, unknownClass)).toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("200"),
    });
    expect(await generate(page, { ...scene, width: 3 })).toMatchObject({ code: "bad-input" });
    expect(await generate(page, scene, -1)).toMatchObject({ code: "bad-input" });
    expect(await generate(page, scene)).toHaveProperty("value");
  });

  test("dispose ends the worker, and what was asked for", async ({ page }) => {
    await mustLoad(page, modelUrl(MODELS.unet));
    expect(page.workers()).toHaveLength(1);
    const code = await page.evaluate(
      async ({ ids, width, height }) => {
        const pending = globalThis.generator?.generate({ ids: Uint8Array.from(ids), width, height });
        globalThis.generator?.dispose();
        return pending?.then(
          () => "picture",
          (error) => error.code,
        );
      },
      { ...scene, ids: Array.from(scene.ids) },
    );
    expect(code).toBe("aborted");
    await expect.poll(() => page.workers().length).toBe(0);
    expect(await generate(page, scene)).toMatchObject({ code: "aborted" });
  });

  test("loading can be cancelled", async ({ page }) => {
    const code = await page.evaluate(async (url) => {
      const stop = new AbortController();
      const loading = library.load(url, { signal: stop.signal, onProgress: () => stop.abort() });
      return loading.then(
        () => "loaded",
        (error) => error.code,
      );
    }, modelUrl(MODELS.unet));
    expect(code).toBe("aborted");
    await expect.poll(() => page.workers().length).toBe(0);
  });

  test("weights come from the browser's cache the second time", async ({ page }) => {
    const weights: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("weights.safetensors")) weights.push(request.url());
    });
    for (let visit = 0; visit < 2; visit += 1) {
      await mustLoad(page, modelUrl(MODELS.unet));
      // Keeping them goes on in the background.
      await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBeGreaterThan(0);
      await page.reload();
      await page.waitForFunction(() => "library" in globalThis);
    }
    expect(weights).toHaveLength(1);
    await mustLoad(page, modelUrl(MODELS.unet), { cache: false });
    expect(weights).toHaveLength(2);
  });
});

test("weights that have gone bad in the cache are downloaded again", async ({ page }) => {
  await openLibrary(page);
  await mustLoad(page, modelUrl(MODELS.unet));
  const tampered = () =>
    page.evaluate(async () => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          if (!request.url.includes("/weights/")) continue;
          const kept = await cache.match(request);
          const bytes = new Uint8Array((await kept?.arrayBuffer()) ?? new ArrayBuffer(0));
          bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
          await cache.put(request, new Response(bytes));
          return true;
        }
      }
      return false;
    });
  // Keeping them goes on in the background.
  await expect.poll(tampered).toBe(true);
  await page.reload();
  await page.waitForFunction(() => "library" in globalThis);
  const again = page.waitForRequest("**/weights.safetensors");
  await mustLoad(page, modelUrl(MODELS.unet));
  await again;
  expect(await generate(page, scene)).toHaveProperty("value");
});

test.describe("a bundle that cannot be used", () => {
  test.beforeEach(async ({ page }) => openLibrary(page));

  test("a flipped bit in the weights fails the integrity check", async ({ page }) => {
    expect(await load(page, modelUrl("flipped"))).toMatchObject({
      code: "integrity",
      message: expect.stringContaining("SHA-256"),
    });
  });

  test("a manifest cut short is a bad bundle", async ({ page }) => {
    expect(await load(page, modelUrl("truncated"))).toMatchObject({ code: "bad-bundle" });
  });

  test("a missing bundle is a network error with its address and status", async ({ page }) => {
    const outcome = await load(page, modelUrl("nowhere"));
    expect(outcome).toMatchObject({
      code: "network",
      message: expect.stringMatching(/models\/nowhere\/.*404|404.*models\/nowhere\//s),
    });
  });

  test("no failure leaves a worker behind", async ({ page }) => {
    for (const name of ["flipped", "truncated", "nowhere"]) await load(page, modelUrl(name));
    await expect.poll(() => page.workers().length).toBe(0);
  });
});

test.describe("without a graphics adapter", () => {
  test.beforeEach(async ({ page }) => openLibrary(page));

  test("auto runs on the CPU and says why", async ({ page }) => {
    const { device } = await mustLoad(page, modelUrl(MODELS.unet));
    expect(device).toMatchObject({ kind: "cpu", code: "no-adapter" });
    expect(device.reason).toMatch(/^CPU: .*adapter/);
  });

  test("WebGPU that was asked for is missed", async ({ page }) => {
    expect(await load(page, modelUrl(MODELS.unet), { device: "webgpu" })).toMatchObject({ code: "webgpu-unavailable" });
  });
});

/** Weight files of the original authors and bundles in one file, as people bring them. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { expect, test, type Page } from "@playwright/test";

import { made, root } from "./support/folders";
import { openLibrary, valueOf, type Outcome } from "./support/library-page";
import { MODELS, SEED } from "./support/models";
import { underpaint } from "./support/native";
import { StudioPage } from "./support/studio-page";
import { largestDifference, readTensor, writeTensor } from "./support/tensors.mjs";

/** As in `support/parity.ts`, of the largest value: Progressive GAN's output is linear, and its pictures are cut off. */
const TENSOR_TOLERANCE = 1e-4;

/** Of every family, in either container: the file, what its weights do not tell (as flags and as answers). */
const FILES: readonly { path: string; flags: string; answers: object; words: string }[] = [
  {
    path: "p2p_unet128_in/weights.pth",
    flags: "--size 128",
    answers: { size: 128 },
    words: "pix2pix, U-Net, grey pictures, ",
  },
  {
    path: "p2p_resnet6_in/weights.pth",
    flags: "--size 64 --family pix2pix",
    answers: { size: 64, family: "pix2pix" },
    words: "pix2pix, ResNet of 6 blocks, pictures, ",
  },
  {
    path: "hd_global_d2_b2/weights.pth",
    flags: "--size 64 --dont-care on",
    answers: { size: 64, dontCare: true },
    words: "pix2pixHD, global, ",
  },
  {
    path: "hd_losses/weights_G.pth",
    flags: "--size 64 --edges off --family pix2pixhd",
    answers: { size: 64, edges: false, family: "pix2pixhd" },
    words: "pix2pixHD, ",
  },
  {
    path: "spade_g_syncbatch/weights.pth",
    flags: "--size 64 --edges on",
    answers: { size: 64, edges: true },
    words: "SPADE, ",
  },
  {
    path: "spade_spec_g_pix2pixhd/weights_G.pth",
    flags: "--size 64",
    answers: { size: 64 },
    words: "SPADE, pix2pixHD's generator, ",
  },
  { path: "pgan_checkpoint/pgan_checkpoint_s2_i48000.pt", flags: "", answers: {}, words: "Progressive GAN, 16 × 16, " },
  { path: "pgan_32px/weights_G.pth", flags: "", answers: {}, words: "Progressive GAN, 32 × 32, " },
];

const fixture = (path: string): string => join(root, "tests/fixtures", path);

/** A folder for what this file makes. */
function place(name: string): string {
  const folder = join(made, "checkpoints");
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/** A name for each file's bundle. */
const nameOf = (path: string): string => path.replace(/[/.]/g, "-");

interface NativeTensors {
  shape: number[];
  values: Float32Array;
  expected: Float32Array;
}

/** What the program makes of a file, imported with the same answers, from planes or a latent. */
function native(path: string, flags: string): NativeTensors {
  const bundle = place(nameOf(path));
  const told = flags === "" ? [] : flags.split(" ");
  underpaint(made, "import", fixture(path), "--output", bundle, "--force", ...told);
  const manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8"));
  const { kind, channels, num_classes, dont_care, edges } = manifest.input;
  const count = channels ?? num_classes + Number(dont_care ?? false) + Number(edges ?? false);
  const isLatent = kind === "latent";
  const { height, width } = manifest.size;
  const shape = isLatent ? [1, count] : [1, count, height, width];
  const length = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length }, (_, at) => Math.sin(at * 0.37) * Math.cos(at * 0.011));
  const [given, made_] = [place(`${nameOf(path)}-given.safetensors`), place(`${nameOf(path)}-made.safetensors`)];
  writeTensor(given, isLatent ? "z" : "input", { shape, values });
  underpaint(
    made,
    ...["generate", "--model", bundle, "--device", "cpu", "--seed", String(SEED)],
    ...["--tensors-in", given, "--tensors-out", made_],
  );
  return { shape, values, expected: readTensor(made_, "output").values };
}

/** Runs the module in the page's own worker. */
async function runModule(
  page: Page,
  path: string,
  answers: object,
  { shape, values }: NativeTensors,
  by: "file" | "bundle",
): Promise<{ report: { numbers: number; questions: string[] }; output: number[] }> {
  const [, , height = 0, width = 0] = shape;
  const given = { answers, values: Array.from(values), isLatent: shape.length === 2, width, height, seed: SEED, by };
  const bytes = readFileSync(fixture(path)).toString("base64");
  const outcome = await page.evaluate(
    async ({ bytes, name, given }) => {
      const file = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]);
      const worker = new Worker("checkpoint-worker.js", { type: "module" });
      const answer = new Promise((resolve, reject) => {
        worker.addEventListener("message", ({ data }) => resolve(data));
        worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      });
      worker.postMessage({ ...given, values: Float32Array.from(given.values), file, name });
      const value = await answer;
      worker.terminate();
      return value;
    },
    { bytes, name: basename(path), given },
  );
  return valueOf(outcome as Outcome<{ report: { numbers: number; questions: string[] }; output: number[] }>);
}

test.describe("the module", () => {
  for (const { path, flags, answers } of FILES) {
    test(`gives native code's tensor for ${path}, from the file and from the bundle made of it`, async ({ page }) => {
      await openLibrary(page);
      const tensors = native(path, flags);
      for (const by of ["file", "bundle"] as const) {
        const { output } = await runModule(page, path, answers, tensors, by);
        const largest = tensors.expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        const difference = largestDifference(output, tensors.expected) / largest;
        console.log(`${path}, ${by}: largest difference ${difference.toExponential(1)}`);
        expect(difference).toBeLessThan(TENSOR_TOLERANCE);
      }
    });
  }
});

/** Opens files in the studio the way a person picks them. */
async function pick(studio: StudioPage, ...paths: string[]): Promise<void> {
  await studio.openModels();
  await studio.upload(paths, () => studio.dialog("models").getByRole("button", { name: "Open files" }).click());
}

/** Drops files anywhere on the page. */
async function drop(page: Page, ...paths: string[]): Promise<void> {
  const files = paths.map((path) => ({ name: basename(path), bytes: readFileSync(path).toString("base64") }));
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, bytes } of files) {
      transfer.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name));
    }
    return transfer;
  }, files);
  await page.dispatchEvent("up-studio", "dragenter", { dataTransfer: transfer });
  await page.dispatchEvent("up-studio", "drop", { dataTransfer: transfer });
}

test.describe("the studio", () => {
  test.use({ serviceWorkers: "block" });

  for (const { path, words, answers } of FILES.filter(({ path }) => !path.startsWith("hd_losses"))) {
    test(`says what ${path} is, and paints with it`, async ({ page }) => {
      const studio = new StudioPage(page);
      await studio.open();
      const file = place(`${nameOf(path)}.pth`);
      copyFileSync(fixture(path), file);
      await drop(page, file);
      const dialog = studio.dialog("checkpoint");
      await expect(dialog.locator("[data-found]")).toContainText(words);
      await expect(dialog.locator("[data-found]")).toContainText(/[\d.]+ [kM] weights/);
      await studio.look(`checkpoint-${nameOf(path)}`);
      if ("size" in answers && path !== "p2p_unet128_in/weights.pth") {
        await dialog.getByLabel("Width it was trained at").fill("64");
        await dialog.getByLabel("Width it was trained at").press("Tab");
      }
      await dialog.locator("[data-keep]").uncheck();
      await dialog.locator("[data-open]").click();
      await expect.poll(async () => (await studio.state()).model).toBe(nameOf(path));
      await page.waitForFunction(() => document.querySelector("up-studio")?.context?.studio.state.loading.phase === "ready");
      const kind = await page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.model?.input);
      if (kind !== "photo") expect(new Set(await studio.picture()).size).toBeGreaterThan(3);
      studio.expectNoComplaints();
    });
  }

  test("keeps a model on this computer over a reload, saves it for the program, and lets it go", async ({ page }) => {
    const studio = new StudioPage(page);
    await studio.open();
    const file = place("latest_net_G.pth");
    copyFileSync(fixture("hd_global_d2_b2/weights.pth"), file);
    await pick(studio, file);
    const dialog = studio.dialog("checkpoint");
    await expect(dialog.locator("[data-found]")).toContainText("classes + edges");
    await dialog.getByLabel("One channel is for pixels of no class").check();
    await expect(dialog.locator("[data-found]")).toContainText("don't-care + edges");
    await dialog.getByLabel("Width it was trained at").fill("64");
    await dialog.getByLabel("Width it was trained at").press("Tab");
    const { path, name } = await studio.download(() => dialog.locator("[data-save]").click());
    expect(name).toBe("latest_net_G.underpaint");
    const saved = place("saved.underpaint");
    copyFileSync(path, saved);
    underpaint(made, "plan", saved);
    await dialog.locator("[data-open]").click();
    await expect(page.locator("up-toasts")).toContainText("Kept latest_net_G on this computer");
    await studio.ready();
    const state = await page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.model?.origin.kind);
    expect(state).toBe("kept");
    const classes = await page.evaluate(
      () => document.querySelector("up-studio")?.context?.studio.state.model?.classes.length,
    );
    await studio.stroke([10, 10], [50, 40]);
    const painted = await studio.labels();
    await studio.kept();

    await page.reload();
    await studio.ready();
    expect((await studio.state()).model).toBe("latest_net_G");
    expect(await studio.labels()).toEqual(painted);
    expect(
      await page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.model?.classes.length),
    ).toBe(classes);
    await studio.openModels();
    const models = studio.dialog("models");
    await expect(models.locator("[data-kept-models] li")).toHaveCount(1);
    await expect(models.locator("[data-kept-models]")).toContainText(/latest_net_G[\s\S]*kB/);
    // The dialog comes up softly.
    await page.waitForTimeout(400);
    await studio.look("checkpoint-kept");
    await models.getByRole("button", { name: "Remove latest_net_G from this computer" }).click();
    await expect(models.locator("[data-kept-models]")).toHaveCount(0);
    await page.keyboard.press("Escape");
    await page.reload();
    await studio.ready();
    expect((await studio.state()).model).toBe(MODELS.unet);
    studio.expectNoComplaints();
  });

  test("opens a bundle in one file that the program wrote, and gives the same picture", async ({ page }) => {
    const bundle = place("one.underpaint");
    underpaint(made, "export", `models/${MODELS.unet}`, "--single-file", "--output", bundle, "--force");
    const studio = new StudioPage(page);
    await studio.open();
    const before = await studio.picture();
    const { ids } = await studio.labels();
    await drop(page, bundle);
    await expect(page.locator("up-toasts")).toContainText("Kept one on this computer");
    await studio.ready();
    expect((await studio.labels()).ids).toEqual(ids);
    expect(await studio.picture()).toEqual(before);
    studio.expectNoComplaints();
  });

  test("says clearly what is wrong with a file", async ({ page }) => {
    const whole = readFileSync(fixture("p2p_unet128_in/weights.pth"));
    const zip = readFileSync(fixture("p2p_resnet6_in/weights.pth"));
    const bomb = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(3 << 20, "]")]);
    const files: [string, Buffer, RegExp][] = [
      ["cut.pth", whole.subarray(0, whole.length - 5000), /cut\.pth: .*damaged or cut short/],
      ["cut-zip.pth", zip.subarray(0, zip.length - 5000), /cut-zip\.pth: .*ZIP archive that is damaged or cut short/],
      ["page.pth", Buffer.from("<!DOCTYPE html><html>quota</html>"), /page\.pth: expected .* found an HTML page/],
      ["empty.pth", Buffer.alloc(0), /empty\.pth: expected .* found an empty file/],
      ["bomb.pth", bomb, /bomb\.pth: .*more than 1048576 objects/],
      ["encoder.pth", readFileSync(fixture("spade_E/weights.pth")), /encoder/],
    ];
    const studio = new StudioPage(page);
    await studio.open();
    for (const [name, bytes, told] of files) {
      const path = place(name);
      writeFileSync(path, bytes);
      await drop(page, path);
      const dialog = studio.dialog("checkpoint");
      await expect(dialog.getByRole("alert")).toContainText(told);
      await expect(dialog.locator("[data-open]")).toHaveCount(0);
      if (name === "page.pth") await studio.look("checkpoint-problem");
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
    }
    const broken = place("broken.underpaint");
    writeFileSync(broken, zip.subarray(0, 1000));
    await drop(page, broken);
    await expect(page.getByRole("alert").first()).toContainText("This is not a model that can be read");
    expect((await studio.state()).model).toBe(MODELS.unet);
  });

  test("the dialog on a phone, in the dark and in Chinese", async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 780 });
    await page.emulateMedia({ colorScheme: "dark" });
    const studio = new StudioPage(page);
    await studio.open();
    await studio.setting("中文");
    await drop(page, fixture("spade_g_syncbatch/weights.pth"));
    await expect(studio.dialog("checkpoint").locator("[data-found]")).toContainText("个权重");
    await studio.look("checkpoint-phone-dark-zh");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

test("load() and the element take a weight file and a bundle in one file", async ({ page }) => {
  const bundle = place("api.underpaint");
  underpaint(made, "export", `models/${MODELS.unet}`, "--single-file", "--output", bundle, "--force");
  copyFileSync(bundle, join(made, "models/api.underpaint"));
  await openLibrary(page);
  const files = [fixture("hd_global_d2_b2/weights.pth"), bundle].map((path) => readFileSync(path).toString("base64"));
  const names = await page.evaluate(async (files) => {
    const [weights, bundle] = files.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    if (!weights || !bundle) throw new Error("two files are needed");
    const found: string[] = [];
    const of = async (...args: Parameters<typeof library.load>): Promise<void> => {
      const generator = await library.load(...args);
      const { name, size } = generator.manifest;
      const ids = new Uint8Array(size.width * size.height);
      const picture = await generator.generate({ ids, ...size });
      found.push(`${name} ${picture.image.width}`);
      generator.dispose();
    };
    await of(new File([weights], "G.pth"), { device: "cpu", answers: { size: 64, name: "mine" } });
    await of(new Blob([bundle]), { device: "cpu" });
    await of("models/api.underpaint", { device: "cpu" });
    const failed = await library.load(new Blob([weights]), { answers: { upsampling: "more" } }).catch((error) => error);
    found.push(`${failed.code} ${failed.message}`);
    return found;
  }, files);
  expect(names.slice(0, 3)).toEqual(["mine 64", `${MODELS.unet} 64`, `${MODELS.unet} 64`]);
  expect(names[3]).toContain("bad-bundle");
  expect(names[3]).toContain("upsampling: pix2pixHD has no use for it");
});

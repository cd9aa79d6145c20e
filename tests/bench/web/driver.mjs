// @ts-check
/**
 * Measures one model for `cargo xtask bench web` and prints one line of JSON.
 *
 *     node driver.mjs '{"bundle": …, "onnx": …, "pkg": …, "program": …, "devices": ["webgpu", "cpu"],
 *                       "runs": {"webgpu": 5, "cpu": 30}, "turns": 2, "ort_build": "all",
 *                       "deadline_s": 900}'
 *
 * `bundle`, `onnx`, `pkg` and `program` are paths. The sides take turns, each turn in the other order, so that noise hits
 * both; every measurement starts cold, in a browser of its own, whose graphics process runs already.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { executablePath, requireChromium, withWebGpu } from "../../browser/support/chromium.mjs";
import { largestDifference, readTensor, writeTensor } from "../../browser/support/tensors.mjs";
import { PeakMemory } from "./memory.mjs";
import { encode, sceneOf } from "./scene.js";
import { BenchServer } from "./server.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const www = join(here, "../../../www");
const { chromium } = createRequire(join(www, "package.json"))("playwright-core");

/** @typedef {"webgpu" | "cpu"} Device */
/**
 * @typedef {object} Plan
 * @property {string} bundle
 * @property {string} onnx
 * @property {string} pkg
 * @property {string} program `underpaint`
 * @property {Device[]} devices
 * @property {Record<Device, number>} runs
 * @property {number} turns
 * @property {"all" | "webgpu" | "jspi"} ort_build
 * @property {number} deadline_s for one measurement
 */

/**
 * Who runs on a device. On the CPU the builds of our module differ in speed.
 *
 * @type {Record<Device, { side: "underpaint" | "ort", build: "relaxed" | "plain" }[]>}
 */
const SUBJECTS = {
  webgpu: [
    { side: "underpaint", build: "relaxed" },
    { side: "ort", build: "plain" },
  ],
  cpu: [
    { side: "underpaint", build: "relaxed" },
    { side: "underpaint", build: "plain" },
    { side: "ort", build: "plain" },
  ],
};

await main(JSON.parse(process.argv[2] ?? "{}"));

/** @param {Plan} plan */
async function main(plan) {
  requireChromium();
  const manifest = JSON.parse(await readFile(join(plan.bundle, "manifest.json"), "utf8"));
  const conditions = conditionsOf(manifest);
  const expected = reference(plan, conditions);
  const [, outputs = 0] = expected.shape;
  const settings = { ...conditions, outputs, weights: manifest.weights.file, ort_build: plan.ort_build };
  const server = new BenchServer(
    here,
    new Map(
      /** @type {[string, string | Buffer][]} */ ([
        ["pkg", plan.pkg],
        ["bundle", plan.bundle],
        ["model.onnx", await readFile(plan.onnx)],
        ["ort", join(here, "node_modules/onnxruntime-web/dist")],
      ]),
    ),
  );
  const origin = await server.listen();
  const measurements = [];
  let [version, adapter] = ["", ""];
  try {
    for (let turn = 0; turn < plan.turns; turn += 1) {
      for (const device of plan.devices) {
        const subjects = SUBJECTS[device];
        for (const subject of turn % 2 === 0 ? subjects : [...subjects].reverse()) {
          const who = subject.side === "ort" ? "ort" : `underpaint (${subject.build})`;
          process.stderr.write(`turn ${turn + 1} of ${plan.turns}: ${who} on ${device}\n`);
          const name = `m${measurements.length}`;
          const told = { ...settings, ...subject, base: `/${name}`, device, runs: plan.runs[device] };
          const { output, ...found } = await inBrowser(origin, plan.deadline_s, subject.side, told);
          ({ version, adapter } = found);
          const difference = largestDifference(output, expected.values);
          const downloads = server.downloads(name);
          const { report, added_bytes } = found;
          measurements.push({ ...subject, device, ...report, added_bytes, difference, downloads });
        }
      }
    }
  } finally {
    server.close();
  }
  const { width, height } = settings;
  process.stdout.write(`${JSON.stringify({ chromium: version, adapter, width, height, measurements })}\n`);
}

/**
 * One measurement in a browser that has done nothing but look for its adapter.
 *
 * @param {string} origin
 * @param {number} deadline_s
 * @param {string} side
 * @param {unknown} told
 */
async function inBrowser(origin, deadline_s, side, told) {
  const browserServer = await chromium.launchServer({ executablePath, args: withWebGpu, timeout: 60_000 });
  // A stuck GPU process hangs close(): past the deadline the browser is killed instead.
  const deadline = setTimeout(() => {
    process.stderr.write(`bench web: not done within ${deadline_s} s; browser killed\n`);
    browserServer.process().kill("SIGKILL");
    process.exit(1);
  }, 1000 * deadline_s);
  try {
    const browser = await chromium.connect(browserServer.wsEndpoint());
    const page = await browser.newPage();
    page.on("console", (/** @type {any} */ message) => process.stderr.write(`${message.text()}\n`));
    await page.goto(origin);
    const adapter = await page.evaluate(() => /** @type {any} */ (globalThis).bench.adapter());
    const memory = new PeakMemory(browserServer.process().pid);
    const report = await page.evaluate(
      (/** @type {any} */ [side, told]) => /** @type {any} */ (globalThis).bench.measure(side, told),
      [side, told],
    );
    const added_bytes = memory.added();
    /** @type {number[]} */
    const output = await page.evaluate(() => /** @type {any} */ (globalThis).bench.output());
    return { version: browser.version(), adapter, report, added_bytes, output };
  } finally {
    clearTimeout(deadline);
    browserServer.process().kill("SIGKILL");
  }
}

/**
 * What the model takes, at the size that it was trained at.
 *
 * @param {any} manifest
 */
function conditionsOf({ input, size }) {
  const planes = input.num_classes + Number(input.dont_care ?? false) + Number(input.edges ?? false);
  return {
    /** @type {"labels" | "image" | "latent"} */
    kind: input.kind,
    classes: input.num_classes ?? 0,
    edges: input.edges ?? false,
    /** @type {number} */
    channels: input.channels ?? planes,
    /** @type {number} */
    width: size.width,
    /** @type {number} */
    height: size.height,
  };
}

/**
 * What the native program makes of the scene, before any rounding.
 *
 * @param {Plan} plan
 * @param {import("./scene.js").Conditions} conditions
 */
function reference({ program, bundle }, conditions) {
  const folder = mkdtempSync(join(tmpdir(), "underpaint-bench-"));
  try {
    const given = join(folder, "given.safetensors");
    const made = join(folder, "made.safetensors");
    const { kind, channels, width, height } = conditions;
    const shape = kind === "latent" ? [1, channels] : [1, channels, height, width];
    writeTensor(given, kind === "latent" ? "z" : "input", { shape, values: encode(sceneOf(conditions), conditions) });
    const words = ["generate", "--model", bundle, "--tensors-in", given, "--tensors-out", made];
    execFileSync(program, words, { stdio: ["ignore", "ignore", "inherit"] });
    return readTensor(made, "output");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

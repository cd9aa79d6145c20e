// @ts-check
/**
 * Drives one Chromium through `cargo xtask bench web` and prints one line of JSON.
 *
 *     node driver.mjs '{"bundle": …, "onnx": …, "pkg": …, "devices": ["webgpu", "cpu"],
 *                       "runs": {"webgpu": 5, "cpu": 30}, "turns": 2, "ort_build": "all",
 *                       "deadline_s": 900}'
 *
 * `bundle`, `onnx` and `pkg` are paths. The sides take turns, each turn in the other order, so that
 * noise hits both; every measurement starts cold, in a worker of its own.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { executablePath, requireChromium, withWebGpu } from "../../browser/support/chromium.mjs";
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
 * @property {Device[]} devices
 * @property {Record<Device, number>} runs
 * @property {number} turns
 * @property {("underpaint" | "ort")[]} [sides] both, if not told
 * @property {"all" | "webgpu" | "jspi"} ort_build
 * @property {number} deadline_s
 */

const SIDES = /** @type {const} */ (["underpaint", "ort"]);

await main(JSON.parse(process.argv[2] ?? "{}"));

/** @param {Plan} plan */
async function main(plan) {
  requireChromium();
  const manifest = JSON.parse(await readFile(join(plan.bundle, "manifest.json"), "utf8"));
  // Both sides run without dropout: the graph has none.
  manifest.test_time.dropout = false;
  const server = new BenchServer(
    here,
    new Map(
      /** @type {[string, string | Buffer][]} */ ([
        ["pkg", plan.pkg],
        ["bundle", plan.bundle],
        ["bundle/manifest.json", Buffer.from(JSON.stringify(manifest))],
        ["model.onnx", await readFile(plan.onnx)],
        ["ort", join(here, "node_modules/onnxruntime-web/dist")],
      ]),
    ),
  );
  const origin = await server.listen();
  const browserServer = await chromium.launchServer({
    executablePath,
    args: withWebGpu,
    timeout: 60_000,
  });
  // A stuck GPU process hangs close(): past the deadline the browser is killed instead.
  const deadline = setTimeout(() => {
    process.stderr.write(`bench web: not done within ${plan.deadline_s} s; browser killed\n`);
    browserServer.process().kill("SIGKILL");
    process.exit(1);
  }, 1000 * plan.deadline_s);
  try {
    const browser = await chromium.connect(browserServer.wsEndpoint());
    const page = await browser.newPage();
    page.on("console", (/** @type {any} */ message) => process.stderr.write(`${message.text()}\n`));
    await page.goto(origin);
    const report = await measureAll(plan, manifest, server, page);
    const chromiumVersion = browser.version();
    process.stdout.write(`${JSON.stringify({ chromium: chromiumVersion, ...report })}\n`);
  } finally {
    clearTimeout(deadline);
    browserServer.process().kill("SIGKILL");
    server.close();
  }
}

/**
 * @param {Plan} plan
 * @param {any} manifest
 * @param {BenchServer} server
 * @param {any} page
 */
async function measureAll(plan, manifest, server, page) {
  const { generator } = manifest.model;
  const settings = {
    kind: manifest.input.kind,
    channels: generator.input_channels,
    outputs: generator.output_channels,
    width: manifest.size.width,
    height: manifest.size.height,
    weights: manifest.weights.file,
    ort_build: plan.ort_build,
  };
  const sides = plan.sides ?? [...SIDES];
  const measurements = [];
  let count = 0;
  for (let turn = 0; turn < plan.turns; turn += 1) {
    for (const device of plan.devices) {
      for (const side of turn % 2 === 0 ? sides : [...sides].reverse()) {
        process.stderr.write(`turn ${turn + 1} of ${plan.turns}: ${side} on ${device}\n`);
        const name = `m${count}`;
        count += 1;
        const told = { ...settings, base: `/${name}`, device, runs: plan.runs[device] };
        const report = await page.evaluate(
          (/** @type {any} */ [side, told]) => /** @type {any} */ (globalThis).bench.measure(side, told),
          [side, told],
        );
        measurements.push({ side, device, ...report, downloads: server.downloads(name) });
      }
    }
  }
  /** @type {Partial<Record<Device, number>>} */
  const differences = {};
  for (const device of sides.length === SIDES.length ? plan.devices : []) {
    differences[device] = await page.evaluate(
      (/** @type {string} */ device) =>
        /** @type {any} */ (globalThis).bench.difference(`underpaint ${device}`, `ort ${device}`),
      device,
    );
  }
  const model = `${generator.architecture}, width ${generator.base_channels}`;
  const adapter = await page.evaluate(() => /** @type {any} */ (globalThis).bench.adapter());
  return { model, adapter, ...settings, differences, measurements };
}

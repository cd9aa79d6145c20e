// @ts-check
/** The peer: ONNX Runtime Web on the same weights, with labels encoded and pixels decoded here. */

import { pipelines, wasmBytes } from "./instruments.js";
import { bytesOf, encode, median, sceneOf, serve, since } from "./scene.js";

/** @typedef {import("./page.js").Settings} Settings */

serve(async (settings) => {
  const { base, started } = settings;
  // Each device has builds of its own: `onnxruntime-web/all`, `/webgpu` or `/jspi`, and `/wasm`.
  const webGpu = settings.device === "webgpu";
  const build = webGpu ? settings.ort_build : "wasm";
  const [ort, model] = await Promise.all([
    import(`${base}/ort/ort.${build}.bundle.min.mjs`),
    bytesOf(`${base}/model.onnx`),
  ]);
  ort.env.wasm.numThreads = 1;
  const options = { executionProviders: [webGpu ? "webgpu" : "wasm"] };
  const session = await ort.InferenceSession.create(model, options);

  const [input] = session.inputNames;
  // Channels may be more than the network's: those are zeros.
  const shape = session.inputMetadata[0].shape;
  const count = shape.reduce((/** @type {number} */ product, /** @type {number} */ side) => product * side, 1);
  const scene = sceneOf(settings);
  /** @type {number[]} */
  const conversions = [];
  const paint = async () => {
    const start = performance.now();
    const given = new ort.Tensor("float32", encode(scene, settings, count), shape);
    const encodedAt = performance.now();
    const results = await session.run({ [input]: given });
    /** @type {Float32Array} */
    const output = await results.picture.getData();
    const ranAt = performance.now();
    decode(output, settings);
    results.picture.dispose();
    conversions.push(encodedAt - start + performance.now() - ranAt);
    return output;
  };
  let output = await paint();
  const first_picture = since(started);

  const latencies = [];
  for (let run = 0; run < settings.runs; run += 1) {
    const start = performance.now();
    output = await paint();
    latencies.push(performance.now() - start);
  }
  const counts = { pipelines: pipelines(), wasm_bytes: wasmBytes() };
  await session.release();
  const conversion = median(conversions.slice(1));
  // The first run is the first picture here.
  return { output, report: { first_run: first_picture, first_picture, latencies, conversion, ...counts } };
});

/**
 * Planes in [-1, 1] as RGBA, truncated as the original code does.
 *
 * @param {Float32Array} planes
 * @param {Settings} settings
 */
function decode(planes, { outputs, width, height }) {
  const area = width * height;
  const rgba = new Uint8ClampedArray(4 * area).fill(255);
  for (let channel = 0; channel < 3; channel += 1) {
    const plane = Math.min(channel, outputs - 1) * area;
    for (let pixel = 0; pixel < area; pixel += 1) {
      const sample = (((planes[plane + pixel] ?? 0) + 1) / 2) * 255;
      rgba[4 * pixel + channel] = Math.trunc(sample);
    }
  }
  return rgba;
}

// @ts-check
/** The peer: ONNX Runtime Web on the same weights, with labels encoded and pixels decoded here. */

import { bytesOf, imageScene, labelScene, median, serve, since } from "./scene.js";

/** @typedef {import("./page.js").Settings} Settings */

serve(async (settings) => {
  const { base, width, height, started } = settings;
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

  // Those of the scene, and zeros after them (xtask/src/bench/web.rs says why).
  const shape = session.inputMetadata[0].shape;
  const scene = settings.kind === "labels" ? labelScene(settings.channels, width, height) : imageScene(width, height);
  /** @type {number[]} */
  const conversions = [];
  const paint = async () => {
    const start = performance.now();
    const planes = new Float32Array(shape[1] * width * height);
    encode(scene, settings, planes);
    const condition = new ort.Tensor("float32", planes, shape);
    const encodedAt = performance.now();
    const results = await session.run({ condition });
    const values = await results.picture.getData();
    const ranAt = performance.now();
    const picture = decode(values, settings);
    results.picture.dispose();
    conversions.push(encodedAt - start + performance.now() - ranAt);
    return picture;
  };
  let picture = await paint();
  const first_picture = since(started);

  const latencies = [];
  for (let run = 0; run < settings.runs; run += 1) {
    const start = performance.now();
    picture = await paint();
    latencies.push(performance.now() - start);
  }
  await session.release();
  const conversion = median(conversions.slice(1));
  // The first run is the first picture here.
  const report = { first_run: first_picture, first_picture, latencies, conversion };
  return { picture, report };
});

/**
 * Fills in one-hot planes of a label map, or a picture's samples in [-1, 1]:
 * [channels, height, width], flattened.
 *
 * @param {Uint8Array} scene
 * @param {Settings} settings
 * @param {Float32Array} planes zeros
 */
function encode(scene, { kind, channels, width, height }, planes) {
  const area = width * height;
  if (kind === "labels") {
    for (let pixel = 0; pixel < area; pixel += 1) {
      planes[(scene[pixel] ?? 0) * area + pixel] = 1;
    }
    return;
  }
  for (let channel = 0; channel < channels; channel += 1) {
    for (let pixel = 0; pixel < area; pixel += 1) {
      planes[channel * area + pixel] = (scene[4 * pixel + channel] ?? 0) / 127.5 - 1;
    }
  }
}

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

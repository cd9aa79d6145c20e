// @ts-check
/**
 * The page of `cargo xtask bench web`: starts a worker that measures one side, so that the side begins with nothing
 * compiled, nothing downloaded and no GPU device, and compares its output with the native program's.
 *
 * @typedef {object} Settings what a worker is told
 * @property {string} base where this measurement's files are: a folder no other measurement uses
 * @property {"webgpu" | "cpu"} device
 * @property {"plain" | "relaxed"} build of our module
 * @property {"labels" | "image" | "latent"} kind what the generator takes
 * @property {number} classes of a label map
 * @property {boolean} edges whether the last channel marks edges between classes
 * @property {number} channels of what the network takes: planes, or the numbers of a latent
 * @property {number} outputs channels of the picture: 3, or 1 for grey
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {string} weights the bundle's weight file
 * @property {"all" | "webgpu" | "jspi"} ort_build which build of ONNX Runtime Web runs on WebGPU
 * @property {number} runs measured after the first picture
 *
 * @typedef {object} WorkerReport what a worker answers; milliseconds
 * @property {number} first_run from starting the worker until the network has run once
 * @property {number} first_picture from starting the worker until there is a picture of the scene
 * @property {number[]} latencies from the scene to its picture, of every run
 * @property {number} conversion of a latency: encoding and decoding outside the engine, median
 * @property {number} pipelines compute pipelines that were created
 * @property {number} wasm_bytes of the engine's WebAssembly memories
 */

/** @type {{ output: Float32Array, report: WorkerReport } | undefined} */
let measured;

/**
 * Measures one side on one device.
 *
 * @param {"underpaint" | "ort"} side
 * @param {Settings} settings
 * @returns {Promise<WorkerReport>}
 */
async function measure(side, settings) {
  const started = performance.timeOrigin + performance.now();
  const worker = new Worker(`${side}-worker.js`, { type: "module" });
  try {
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(`${side}: ${data.error}`)) : resolve(data));
      worker.onerror = (event) => reject(new Error(`${side}: ${event.message || "did not load"}`));
      worker.postMessage({ ...settings, started });
    });
    measured = answer;
    return answer.report;
  } finally {
    worker.terminate();
  }
}

/** What came out of the network last, before any rounding. */
function output() {
  if (!measured) throw new Error("nothing was measured");
  return Array.from(measured.output);
}

/** What WebGPU runs on, as the browser names it. */
async function adapter() {
  const gpu = /** @type {any} */ (navigator).gpu;
  const info = (await gpu?.requestAdapter())?.info;
  return info ? [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") : "none";
}

Object.assign(globalThis, { bench: { measure, output, adapter } });

export {};

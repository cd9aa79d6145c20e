// @ts-check
/**
 * The page of `cargo xtask bench web`: starts one worker for each measurement, so that every side
 * begins with nothing compiled, nothing downloaded and no GPU device, and keeps the pictures for
 * comparing them.
 *
 * @typedef {object} Settings what a worker is told
 * @property {string} base where this measurement's files are: a folder no other measurement uses
 * @property {"webgpu" | "cpu"} device
 * @property {"labels" | "image"} kind what the generator takes
 * @property {number} channels of the condition: the number of classes, or of a picture's samples
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
 */

/** @type {Map<string, Uint8ClampedArray>} */
const pictures = new Map();

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
    pictures.set(`${side} ${settings.device}`, answer.picture);
    return answer.report;
  } finally {
    worker.terminate();
  }
}

/**
 * The largest difference of any sample between two pictures, in 8-bit levels.
 *
 * @param {string} one side and device, as "underpaint cpu"
 * @param {string} other
 */
function difference(one, other) {
  const [first, second] = [pictures.get(one), pictures.get(other)];
  if (!first || !second || first.length !== second.length) {
    throw new Error(`no two pictures of one size: ${one}, ${other}`);
  }
  return first.reduce((largest, sample, at) => {
    return Math.max(largest, Math.abs(sample - (second[at] ?? 0)));
  }, 0);
}

/** What WebGPU runs on, as the browser names it. */
async function adapter() {
  const gpu = /** @type {any} */ (navigator).gpu;
  const info = (await gpu?.requestAdapter())?.info;
  return info ? [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") : "none";
}

Object.assign(globalThis, { bench: { measure, difference, adapter } });

export {};

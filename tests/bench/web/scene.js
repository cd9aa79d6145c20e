// @ts-check
/** What both sides paint: the same scene, made here, as label map or picture and as what a network sees. */

/** @typedef {import("./page.js").Settings} Settings */
/** @typedef {Pick<Settings, "kind" | "classes" | "edges" | "channels" | "width" | "height">} Conditions */

/**
 * A label map of bands with a disc: row-major, one id below `classes` in each byte.
 *
 * @param {number} classes
 * @param {number} width
 * @param {number} height
 */
export function labelScene(classes, width, height) {
  const ids = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const hill = y + (height / 16) * Math.sin((6 * x) / width);
      const inDisc = Math.hypot(x - 0.7 * width, y - 0.4 * height) < width / 6;
      const id = inDisc ? classes - 1 : Math.floor((classes * hill) / height);
      ids[y * width + x] = Math.min(Math.max(id, 0), classes - 1);
    }
  }
  return ids;
}

/**
 * A picture in RGBA: the label scene in a few colours.
 *
 * @param {number} width
 * @param {number} height
 */
export function imageScene(width, height) {
  const rgba = new Uint8Array(4 * width * height);
  labelScene(8, width, height).forEach((id, pixel) => {
    rgba.set([32 * id, 255 - 24 * id, (96 * id) % 256, 255], 4 * pixel);
  });
  return rgba;
}

/**
 * What people give a generator: ids of a label map, a picture in RGBA, or a latent: numbers between -2 and 2 in no order.
 *
 * @param {Conditions} settings
 */
export function sceneOf({ kind, classes, channels, width, height }) {
  if (kind === "labels") return labelScene(classes, width, height);
  if (kind === "image") return imageScene(width, height);
  return Float32Array.from({ length: channels }, (_, at) => 2 * Math.sin(12.9898 * (at + 1)));
}

/**
 * A scene as its network sees it: planes [channels, height, width], one-hot or in [-1, 1]; or the latent.
 *
 * @param {Uint8Array | Float32Array<ArrayBuffer>} scene
 * @param {Conditions} settings
 * @param {number} [count] numbers in all, where there are planes of zeros after those of the network
 * @returns {Float32Array<ArrayBuffer>}
 */
export function encode(scene, { kind, edges, channels, width, height }, count) {
  if (scene instanceof Float32Array) return scene;
  const area = width * height;
  const planes = new Float32Array(count ?? channels * area);
  if (kind === "labels") {
    for (let pixel = 0; pixel < area; pixel += 1) planes[(scene[pixel] ?? 0) * area + pixel] = 1;
    if (edges) markEdges(scene, width, planes.subarray((channels - 1) * area, channels * area));
    return planes;
  }
  for (let channel = 0; channel < channels; channel += 1) {
    for (let pixel = 0; pixel < area; pixel += 1) {
      planes[channel * area + pixel] = (scene[4 * pixel + channel] ?? 0) / 127.5 - 1;
    }
  }
  return planes;
}

/** Sets both sides of every edge between classes to 1. @param {Uint8Array} ids @param {number} width @param {Float32Array} plane */
function markEdges(ids, width, plane) {
  ids.forEach((id, pixel) => {
    const isFirst = pixel % width === 0;
    for (const other of isFirst ? [pixel - width] : [pixel - 1, pixel - width]) {
      if (other >= 0 && ids[other] !== id) plane[pixel] = plane[other] = 1;
    }
  });
}

/** The middle of a list, between its two middles when there are two. @param {number[]} values */
export function median(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = (ordered.length - 1) / 2;
  return ((ordered[Math.floor(middle)] ?? NaN) + (ordered[Math.ceil(middle)] ?? NaN)) / 2;
}

/** Answers the page's one message with a measurement. */
export function serve(/** @type {(settings: Settings & { started: number }) => Promise<unknown>} */ measure) {
  addEventListener("message", async ({ data }) => {
    try {
      postMessage(await measure(data));
    } catch (error) {
      postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

/** Milliseconds since the page's clock said `started`. @param {number} started */
export function since(started) {
  return performance.timeOrigin + performance.now() - started;
}

/** The bytes of a file, or an error that names it. @param {string} url */
export async function bytesOf(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url}: HTTP ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

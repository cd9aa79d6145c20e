// @ts-check
/** What both sides paint: the same scene, made here. */

/** @typedef {import("./page.js").Settings} Settings */

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

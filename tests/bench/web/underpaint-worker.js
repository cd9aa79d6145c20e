// @ts-check
/** Our side: the wasm package as the library's own worker uses it. */

import { bytesOf, imageScene, labelScene, serve, since } from "./scene.js";

serve(async (settings) => {
  const { base, width, height, started } = settings;
  const [{ Session }, manifest, weights] = await Promise.all([
    compiled(`${base}/pkg/underpaint_web.js`),
    bytesOf(`${base}/bundle/manifest.json`),
    bytesOf(`${base}/bundle/${settings.weights}`),
  ]);
  const session = await Session.load(manifest, weights, settings.device, () => {});
  const first_run = since(started);

  const ids = settings.kind === "labels" ? labelScene(settings.channels, width, height) : null;
  const rgba = ids ? null : imageScene(width, height);
  const paint = () =>
    ids ? session.generate_labels(ids, width, height, 0) : session.generate_image(rgba, width, height, 0);
  let picture = await paint();
  const first_picture = since(started);

  const latencies = [];
  for (let run = 0; run < settings.runs; run += 1) {
    const start = performance.now();
    picture = await paint();
    latencies.push(performance.now() - start);
  }
  session.free();
  return { picture, report: { first_run, first_picture, latencies, conversion: 0 } };
});

/** The module at `url` with its wasm loaded. @param {string} url */
async function compiled(url) {
  const module = await import(url);
  await module.default();
  return module;
}

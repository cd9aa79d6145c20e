// @ts-check
/** Our side: the wasm package as the library's own worker uses it. */

import { pipelines, wasmBytes } from "./instruments.js";
import { bytesOf, encode, sceneOf, serve, since } from "./scene.js";

/** @typedef {import("./page.js").Settings} Settings */

serve(async (settings) => {
  const { base, started } = settings;
  const [{ Session }, manifest, weights] = await Promise.all([
    compiled(settings),
    bytesOf(`${base}/bundle/manifest.json`),
    bytesOf(`${base}/bundle/${settings.weights}`),
  ]);
  const session = await Session.load(manifest, weights, settings.device, () => {});
  const first_run = since(started);

  const paint = painter(session, settings);
  await paint();
  const first_picture = since(started);

  const latencies = [];
  for (let run = 0; run < settings.runs; run += 1) {
    const start = performance.now();
    await paint();
    latencies.push(performance.now() - start);
  }
  const counts = { pipelines: pipelines(), wasm_bytes: wasmBytes() };
  const output = await tensorOf(session, settings);
  session.free();
  return { output, report: { first_run, first_picture, latencies, conversion: 0, ...counts } };
});

/**
 * Makes the scene's picture, as the library does.
 *
 * @param {any} session
 * @param {Settings} settings
 * @returns {() => Promise<Uint8ClampedArray>}
 */
function painter(session, settings) {
  const { kind, width, height } = settings;
  if (kind === "latent") return () => session.generate_latent(0, []);
  const scene = sceneOf(settings);
  if (kind === "image") return () => session.generate_image(scene, width, height, 0);
  return () => session.generate_labels({ ids: scene, width, height }, 0);
}

/**
 * What the network gives before any rounding.
 *
 * @param {any} session
 * @param {Settings} settings
 * @returns {Promise<Float32Array>}
 */
function tensorOf(session, settings) {
  const given = encode(sceneOf(settings), settings);
  if (settings.kind === "latent") return session.generate_tensor_from_latent(given);
  return session.generate_tensor(given, settings.width, settings.height, 0);
}

/** The module with the build of it that is asked for. @param {Settings} settings */
async function compiled({ base, build }) {
  const [module, { MODULES }] = await Promise.all([
    import(`${base}/pkg/underpaint_web.js`),
    import(`${base}/pkg/modules.js`),
  ]);
  const found = MODULES.find((/** @type {{ name: string }} */ { name }) => name === build);
  if (!found) throw new Error(`the package has no ${build} module`);
  await module.default({ module_or_path: found.url });
  return module;
}

/** Runs the module on a weight file, in a worker as it has to be: files are read at once there. */

import { MODULES } from "./pkg/modules.js";
import * as reader from "./pkg/underpaint_checkpoint.js";
import * as module from "./pkg/underpaint_web.js";

const url = MODULES.find(({ name }) => name === "plain").url;
const started = Promise.all([module.default({ module_or_path: url }), reader.default()]);

addEventListener("message", async ({ data }) => {
  try {
    await started;
    postMessage({ value: await run(data) });
  } catch (thrown) {
    postMessage({ code: thrown.code, message: thrown.message });
  }
});

/** What the generator gives before any rounding: from the file itself, or from the bundle that is written of it. */
async function run({ file, name, answers, values, isLatent, width, height, seed, by }) {
  const checkpoint = new reader.CheckpointFiles(file, name, JSON.stringify(answers));
  const report = JSON.parse(checkpoint.report());
  const session = by === "file" ? await ofFile(checkpoint, report) : await ofBundle(checkpoint);
  const output = isLatent
    ? await session.generate_tensor_from_latent(values)
    : await session.generate_tensor(values, width, height, seed);
  session.free();
  return { report, output: Array.from(output) };
}

function ofFile(checkpoint, { manifest }) {
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return module.Session.load_from(bytes, checkpoint.open(), "cpu", () => undefined);
}

async function ofBundle(checkpoint) {
  const parts = [];
  const write = (at, bytes) => parts.push([at, bytes.slice()]);
  checkpoint.write("f32", write, () => undefined);
  const bundle = new Blob(parts.sort(([one], [other]) => one - other).map(([, bytes]) => bytes));
  const { manifest, weights } = new module.BundleParts(bundle);
  return module.Session.load(manifest, bundle.slice(...weights), "cpu", () => undefined);
}

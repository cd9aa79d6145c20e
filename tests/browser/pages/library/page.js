/** Hands the library and the module to the tests. */

import * as library from "./lib/index.js";

globalThis.library = library;
globalThis.startModule = async (build) => {
  const [module, { MODULES }] = await Promise.all([import("./pkg/underpaint_web.js"), import("./pkg/modules.js")]);
  const { url } = MODULES.find(({ name }) => name === build);
  await module.default({ module_or_path: url });
  return module;
};

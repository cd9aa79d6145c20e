/** Hands the library and the module to the tests. */

import * as library from "./lib/index.js";

globalThis.library = library;
globalThis.startModule = async () => {
  const module = await import("./pkg/underpaint_web.js");
  await module.default();
  return module;
};

/** How large the WebAssembly module is, as the build has seen it. */

/** Put here by the builds of the studio and of the package (`vite.config.ts`, `rolldown.config.ts`). */
declare const __UNDERPAINT_MODULE_BYTES__: number | undefined;

/** Bytes of the module; undefined where nothing was built. */
export const MODULE_BYTES =
  typeof __UNDERPAINT_MODULE_BYTES__ === "undefined" ? undefined : __UNDERPAINT_MODULE_BYTES__;

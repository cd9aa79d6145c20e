import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { serviceWorker } from "./src/service-worker/plugin.ts";

/** The licences of the crates in the WebAssembly module; Vite lists those of the scripts. */
const moduleNotices: Plugin = {
  name: "underpaint-module-notices",
  apply: "build",
  generateBundle() {
    const source = readFileSync(new URL("pkg/THIRD-PARTY.txt", import.meta.url), "utf8");
    this.emitFile({ type: "asset", fileName: "licenses-wasm.txt", source });
  },
};

/** The studio: index.html → dist/studio, served below any path. */
export default defineConfig({
  base: "./",
  plugins: [serviceWorker(), moduleNotices],
  build: {
    outDir: "dist/studio",
    target: "es2022",
    // Everything is a file: the page's Content-Security-Policy allows neither inline scripts nor data addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
  },
  worker: { format: "es" },
});

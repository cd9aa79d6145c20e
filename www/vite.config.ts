import { defineConfig } from "vite";
import { serviceWorker } from "./src/service-worker/plugin.ts";

/** The studio: index.html → dist/studio, served below any path. */
export default defineConfig({
  base: "./",
  plugins: [serviceWorker()],
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

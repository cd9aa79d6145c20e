/** Vite plugin: builds the service worker and tells it which files the studio consists of. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Plugin } from "vite";

const ENTRY = "src/service-worker/service-worker.ts";
const OUTPUT = "service-worker.js";
/** Replaced by the list, in the built service worker. */
const PLACEHOLDER = "__UNDERPAINT_PRECACHE__";

/** Models are not part of the studio, which may be served with others: what is fetched of them is cached then. */
const isModelFile = (path: string): boolean => path.startsWith("models/");
/** What reads weight files is fetched when somebody opens one. */
const isReader = (path: string): boolean => /underpaint_checkpoint[^/]*\.wasm$/.test(path);
const isLeftOut = (path: string): boolean =>
  path === OUTPUT || /\.(map|txt)$/.test(path) || isModelFile(path) || isReader(path);

/** Emits `service-worker.js` beside `index.html`; on builds only. */
export function serviceWorker(): Plugin {
  let root = "";
  let publicDir = "";
  return {
    name: "underpaint-service-worker",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      root = config.root;
      publicDir = config.publicDir;
    },
    buildStart() {
      this.emitFile({ type: "chunk", id: resolve(root, ENTRY), fileName: OUTPUT });
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const hashes = new Map<string, string>();
        for (const [name, file] of Object.entries(bundle)) {
          hashes.set(name, hashOf(file.type === "chunk" ? file.code : file.source));
        }
        for (const path of filesBelow(publicDir)) {
          const name = relative(publicDir, path).split(sep).join("/");
          hashes.set(name, hashOf(readFileSync(path)));
        }
        const worker = bundle[OUTPUT];
        if (worker?.type !== "chunk" || !worker.code.includes(PLACEHOLDER)) {
          this.error(`${OUTPUT}: expected a chunk with the mark ${PLACEHOLDER} in it`);
        }
        const files = [...hashes].filter(([name]) => !isLeftOut(name)).sort(([a], [b]) => (a < b ? -1 : 1));
        worker.code = worker.code.replace(new RegExp(`["'\`]?${PLACEHOLDER}["'\`]?`, "g"), () => JSON.stringify(files));
      },
    },
  };
}

function hashOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

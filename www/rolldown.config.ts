import { copyFileSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "rolldown";

const OUT = "dist/lib";
/** The builds of the module: one for every browser, and one that is quicker where it runs. */
const MODULES = ["underpaint_web_bg.wasm", "underpaint_web_relaxed_bg.wasm", "underpaint_checkpoint_bg.wasm"];

for (const name of MODULES) {
  if (!existsSync(`pkg/${name}`)) throw new Error(`www/pkg/${name} is missing: build it with cargo xtask wasm`);
}

/** The worker's address as it is in the package. The modules lie beside `modules.js` here and there. */
const place: Plugin = {
  name: "underpaint:place",
  transform: {
    filter: { id: /\/engine\/client\.ts$/ },
    handler: (code) => code.replace('"./worker.ts"', '"./worker.js"'),
  },
};

/** `file?raw` is the file's text, as in Vite. */
const rawText: Plugin = {
  name: "underpaint:raw-text",
  resolveId: {
    filter: { id: /\?raw$/ },
    async handler(source, importer) {
      const resolved = await this.resolve(source.replace(/\?raw$/, ""), importer);
      return resolved && `${resolved.id}?raw`;
    },
  },
  load: {
    filter: { id: /\?raw$/ },
    handler: (id) => ({
      code: `export default ${JSON.stringify(readFileSync(id.replace(/\?raw$/, ""), "utf8"))}`,
      moduleType: "js",
    }),
  },
};

const copyModules: Plugin = {
  name: "underpaint:copy-modules",
  writeBundle() {
    for (const name of MODULES) copyFileSync(`pkg/${name}`, `${OUT}/${name}`);
    copyFileSync("pkg/THIRD-PARTY.txt", `${OUT}/THIRD-PARTY-WASM.txt`);
    for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(`../${licence}`, `${OUT}/${licence}`);
  },
};

/** Names what was bundled in from elsewhere, with its licence. */
const notices: Plugin = {
  name: "underpaint:notices",
  generateBundle(_, bundle) {
    const folders = new Set<string>();
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue;
      for (const id of file.moduleIds) {
        const folder = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(id)?.[0];
        if (folder !== undefined) folders.add(folder);
      }
    }
    const texts = [...folders].sort().map((folder) => noticeOf(folder));
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source: texts.join("\n\n") });
  },
};

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file: expected one in ${folder}`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}

/** The npm package: plain ES modules that a static server can serve as they are. */
export default defineConfig([
  {
    input: { index: "src/index.ts", element: "src/element/index.ts" },
    external: /^lit(\/|$)/,
    plugins: [place, rawText],
    output: {
      dir: OUT,
      minify: true,
      cleanDir: true,
      chunkFileNames: "[name].js",
      codeSplitting: {
        groups: [
          { name: "engine", test: /src\/engine/ },
          // Loaded when a file is opened or saved.
          { name: "png", test: /node_modules\/(fast-png|fflate|iobuffer)\// },
        ],
      },
    },
  },
  {
    // With Lit inside, for pages that are not bundled: one script tag.
    input: { standalone: "src/element/index.ts" },
    plugins: [place, rawText, notices],
    output: { dir: OUT, minify: true, codeSplitting: false },
  },
  {
    input: { worker: "src/engine/worker.ts" },
    plugins: [copyModules],
    output: { dir: OUT, minify: true, codeSplitting: false },
  },
]);

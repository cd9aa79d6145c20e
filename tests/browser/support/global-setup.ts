/** Before the first test: makes the models and the packed library, and starts the server. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { requireChromium } from "./chromium.mjs";
import { artifacts, library, made, root, screenshots, studio } from "./folders";
import { MODELS, makeModelIndex, makeModels } from "./models";
import { serve } from "./server";

/** What a page of somebody else's allows: the one thing that the library needs beyond its own files. */
const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

export default async function setUp(): Promise<() => void> {
  requireChromium();
  for (const [folder, script] of [
    [studio, "build"],
    [library, "build:lib"],
  ] as const) {
    if (!existsSync(folder)) {
      throw new Error(`${folder} is not there: run \`npm run ${script}\` in www`);
    }
  }
  rmSync(artifacts, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  mkdirSync(made);
  makeModels();
  makeModelIndex(join(made, "studio/models"), [MODELS.unet, MODELS.dropout, MODELS.photo, MODELS.pgan]);
  makeModelIndex(join(made, "tiny/models"), [MODELS.tiny]);
  packLibrary();

  const models = join(made, "models");
  const embed = join(made, "embed");
  const { server, port } = await serve([
    // The studio brings its policy along, in its page.
    { prefix: "/demo/", folders: [studio] },
    { prefix: "/studio/", folders: [join(made, "studio"), studio] },
    { prefix: "/tiny/", folders: [join(made, "tiny"), studio] },
    { prefix: "/library/models/", folders: [models], policy: STRICT },
    { prefix: "/library/lib/", folders: [library], policy: STRICT },
    { prefix: "/library/pkg/", folders: [join(root, "www/pkg")], policy: STRICT },
    { prefix: "/library/", folders: [join(root, "tests/browser/pages/library")], policy: STRICT },
    { prefix: "/embed/", folders: [embed], policy: strictWithScriptsOf(join(embed, "index.html")) },
  ]);
  process.env["UNDERPAINT_TEST_PORT"] = String(port);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/**
 * A page of somebody else's: the example, a model beside it, and the library from the tarball that npm
 * would publish.
 */
function packLibrary(): void {
  const embed = join(made, "embed");
  const modules = join(embed, "node_modules");
  const packed = join(modules, "underpaint");
  mkdirSync(packed, { recursive: true });
  const npm = ["pack", "--ignore-scripts", "--silent", "--pack-destination", made];
  execFileSync("npm", npm, { cwd: join(root, "www"), timeout: 60_000, stdio: ["ignore", "ignore", "pipe"] });
  const tarball = readdirSync(made).find((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", join(made, tarball ?? ""), "-C", packed, "--strip-components=1"]);
  // What npm would install beside it.
  for (const name of ["lit", "lit-html", "lit-element", "@lit", "@lit-labs"]) {
    symlinkSync(join(root, "www/node_modules", name), join(modules, name), "junction");
  }
  cpSync(join(root, "www/example"), embed, { recursive: true });
  cpSync(join(made, "models", MODELS.unet), join(embed, "model"), { recursive: true });
}

/** {@link STRICT}, and by their hashes the scripts that a page has inside. */
function strictWithScriptsOf(path: string): string {
  const page = readFileSync(path, "utf8");
  const scripts = [...page.matchAll(/<script type="module">([^]*?)<\/script>/g)].map(([, script]) => script ?? "");
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return [STRICT, ...hashes].join(" ");
}

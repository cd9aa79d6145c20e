/** A page of somebody else's: the example, a model beside it, and the library from the tarball that npm would publish. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { root } from "./folders";

/** What a page of somebody else's allows: the one thing that the library needs beyond its own files. */
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** Makes the page in `folder`/embed, with a copy of the bundle. */
export function makeEmbeddingPage(folder: string, bundle: string): string {
  const embed = join(folder, "embed");
  const modules = join(embed, "node_modules");
  const packed = join(modules, "underpaint");
  mkdirSync(packed, { recursive: true });
  const npm = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  execFileSync("npm", npm, {
    cwd: join(root, "www"),
    timeout: 60_000,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", join(folder, tarball ?? ""), "-C", packed, "--strip-components=1"]);
  // What npm would install beside it.
  for (const name of ["lit", "lit-html", "lit-element", "@lit", "@lit-labs"]) {
    symlinkSync(join(root, "www/node_modules", name), join(modules, name), "junction");
  }
  cpSync(join(root, "www/example"), embed, { recursive: true });
  cpSync(bundle, join(embed, "model"), { recursive: true });
  return embed;
}

/** {@link STRICT}, and by their hashes the scripts that a page has inside. */
export function strictWithScriptsOf(path: string): string {
  const page = readFileSync(path, "utf8");
  const scripts = [...page.matchAll(/<script type="module">([^]*?)<\/script>/g)].map(([, script]) => script ?? "");
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return [STRICT, ...hashes].join(" ");
}

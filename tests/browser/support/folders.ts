/** Where the tests find things and leave things. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** This folder's parent's parent: the checkout. */
export const root = resolve(__dirname, "../../..");

/** What `npm run build` and `npm run build:lib` leave. */
export const studio = join(root, "www/dist/studio");
export const library = join(root, "www/dist/lib");

/** Says what to run when the studio or the library is not built. */
export function requireBuilt(): void {
  for (const [folder, script] of [
    [studio, "build"],
    [library, "build:lib"],
  ] as const) {
    if (!existsSync(folder)) throw new Error(`${folder} is not there: run \`npm run ${script}\` in www`);
  }
}

/** Everything the tests write; git ignores it. */
export const artifacts = join(root, "tests/browser/artifacts");

/** Screenshots, named by their tests. */
export const screenshots = join(artifacts, "screenshots");

/** What the set-up makes before the first test: bundles, references, the packed library. */
export const made = join(artifacts, "made");

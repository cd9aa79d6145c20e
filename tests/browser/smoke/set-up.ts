/** Before the smoke test: a page of somebody else's with the demo's model, and the server for it and the studio. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { makeEmbeddingPage, strictWithScriptsOf } from "../support/embed";
import { artifacts, requireBuilt, screenshots, studio } from "../support/folders";
import { serve } from "../support/server";

export default async function setUp(): Promise<() => void> {
  requireBuilt();
  const made = join(artifacts, "smoke");
  rmSync(made, { recursive: true, force: true });
  for (const folder of [made, screenshots]) mkdirSync(folder, { recursive: true });
  const embed = makeEmbeddingPage(made, join(studio, "models/landscapes"));
  const { server, port } = await serve([
    { prefix: "/demo/", folders: [studio] },
    {
      prefix: "/embed/",
      folders: [embed],
      policy: strictWithScriptsOf(join(embed, "index.html")),
    },
  ]);
  process.env["UNDERPAINT_SMOKE_PORT"] = String(port);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

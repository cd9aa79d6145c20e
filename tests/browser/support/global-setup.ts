/** Before the first test: makes the models and the packed library, and starts the server. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { requireChromium } from "./chromium.mjs";
import { CONTROLS, makeControls } from "./controls";
import { STRICT, makeEmbeddingPage, strictWithScriptsOf } from "./embed";
import { artifacts, library, made, requireBuilt, root, screenshots, studio } from "./folders";
import { COCO, MANY, MODELS, makeModelIndex, makeModels } from "./models";
import { serve } from "./server";

export default async function setUp(): Promise<() => void> {
  requireChromium();
  requireBuilt();
  rmSync(artifacts, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  mkdirSync(made);
  makeModels();
  makeModelIndex(join(made, "studio/models"), [MODELS.unet, MODELS.dropout, MODELS.photo, MODELS.pgan]);
  makeModelIndex(join(made, "tiny/models"), [MODELS.tiny]);
  makeModelIndex(join(made, "many/models"), [MANY.id]);
  makeControls();
  makeModelIndex(join(made, "coco/models"), [COCO.id]);
  makeModelIndex(join(made, "objects/models"), [MODELS.pix2pixhd, MODELS.unet]);
  const embed = makeEmbeddingPage(made, join(made, "models", MODELS.unet));

  const models = join(made, "models");
  const { server, port } = await serve([
    // The studio brings its policy along, in its page.
    { prefix: "/objects/", folders: [join(made, "objects"), studio] },
    { prefix: "/demo/", folders: [studio] },
    { prefix: "/studio/", folders: [join(made, "studio"), studio] },
    { prefix: "/tiny/", folders: [join(made, "tiny"), studio] },
    { prefix: "/many/", folders: [join(made, "many"), studio] },
    { prefix: CONTROLS, folders: [join(made, "controls"), studio] },
    { prefix: "/coco/", folders: [join(made, "coco"), studio] },
    { prefix: "/library/models/", folders: [models], policy: STRICT },
    { prefix: "/library/lib/", folders: [library], policy: STRICT },
    {
      prefix: "/library/pkg/",
      folders: [join(root, "www/pkg")],
      policy: STRICT,
    },
    {
      prefix: "/library/",
      folders: [join(root, "tests/browser/pages/library")],
      policy: STRICT,
    },
    {
      prefix: "/embed/",
      folders: [embed],
      policy: strictWithScriptsOf(join(embed, "index.html")),
    },
  ]);
  process.env["UNDERPAINT_TEST_PORT"] = String(port);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

/** What the studio's shell works with; made once, in `main.ts`. */
import type { LiveGeneration } from "../state/live.js";
import type { KeptModels } from "../state/kept-models.js";
import type { PaintingKeeper } from "../state/painting-keeper.js";
import type { Studio } from "../state/studio.js";
import type { VisitMemory } from "../state/visit-memory.js";
import type { studioTools } from "../tools/studio-host.js";
import type { CatalogModel } from "./catalog.js";
import type { ModelSession } from "./model-session.js";
import type { StyleShelf } from "./style-shelf.js";

/** The parts of a running studio. */
export interface StudioContext {
  readonly studio: Studio;
  readonly tools: ReturnType<typeof studioTools>;
  readonly live: LiveGeneration;
  readonly session: ModelSession;
  /** Styles of the model in use. */
  readonly shelf: StyleShelf;
  readonly keeper: PaintingKeeper;
  readonly memory: VisitMemory;
  readonly kept: KeptModels;
  /** Resolves to the models served beside the page. */
  readonly catalog: Promise<readonly CatalogModel[]>;
}

/** The studio's page: makes the parts and puts them together. */
import { load } from "./engine/client.js";
import { startLanguage } from "./i18n/language.js";
import { registerServiceWorker } from "./service-worker/register.js";
import { KeptModels } from "./state/kept-models.js";
import { LiveGeneration } from "./state/live.js";
import { pageClaims } from "./state/painting-claims.js";
import { IndexedDbPaintings } from "./state/painting-database.js";
import { PaintingKeeper } from "./state/painting-keeper.js";
import { keepPreferences, loadPreferences } from "./state/preferences.js";
import { Studio } from "./state/studio.js";
import { VisitMemory } from "./state/visit-memory.js";
import { studioTools } from "./tools/studio-host.js";
import { fetchCatalog } from "./ui/catalog.js";
import { ModelSession } from "./ui/model-session.js";
import { StudioShell } from "./ui/studio-shell.js";
import { StyleShelf } from "./ui/style-shelf.js";

startLanguage();
const studio = new Studio(loadPreferences());
keepPreferences(studio);
const live = new LiveGeneration(studio);
const shelf = new StyleShelf();
const memory = new VisitMemory();
const keeper = new PaintingKeeper(studio, { database: new IndexedDbPaintings(), claims: pageClaims(), memory });
const shell = document.querySelector("up-studio");
if (!(shell instanceof StudioShell)) throw new Error("index.html: <up-studio> is missing");
shell.context = {
  studio,
  tools: studioTools(studio),
  live,
  session: new ModelSession({ studio, live, shelf, load }),
  shelf,
  keeper,
  memory,
  kept: new KeptModels(),
  catalog: fetchCatalog(new URL("models/index.json", document.baseURI).href),
};
if (import.meta.env.PROD) void registerServiceWorker((reload) => shell.offerUpdate(reload));

/**
 * Makes the studio work offline after the first visit.
 *
 * The studio's own files are stored when a version is installed and served from there; of the WebAssembly module's builds
 * only the one that this browser runs. Lists of models, manifests, style pictures and
 * scenes come from the network where it answers, else from the last copy. Weights are none of its business: the engine
 * keeps them by their hash. A new version waits until the page asks for it.
 */

import { worthKeeping } from "../engine/module-choice.js";

/** The part of the service worker's events and scope that is used; TypeScript's own types clash with the page's. */
interface LifetimeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends LifetimeEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: LifetimeEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: RequestEvent) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
}

/** `models/index.json`. */
interface ModelList {
  readonly models?: readonly { readonly path: string; readonly scenes?: readonly string[] }[];
}

/** Path within the scope, and a hash of the file. */
type Precached = readonly [path: string, hash: string];

const scope = self as unknown as Scope;
/** The build puts the list here, as text that only looks like a name. */
const precached = "__UNDERPAINT_PRECACHE__" as unknown as readonly Precached[];

const STUDIO_CACHES = "underpaint-studio-";
const MODELS_CACHE = "underpaint-models";
const studioCache = `${STUDIO_CACHES}${versionOf(precached)}`;
const addressOf = (path: string): string => new URL(path, scope.registration.scope).href;
const paths = precached.map(([path]) => path);
const addresses = new Set(paths.map(addressOf));
const home = addressOf("index.html");
const models = addressOf("models/");

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("message", (event) => {
  if (event.data === "activate-now") void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const response = responseTo(event.request);
  if (response) event.respondWith(response);
});

async function install(): Promise<void> {
  const cache = await caches.open(studioCache);
  const kept = worthKeeping(paths).map(addressOf);
  await cache.addAll(kept.map((address) => new Request(address, { cache: "no-cache" })));
  // The first visit fetched these before there was a service worker to keep them.
  await keepModels().catch(() => undefined);
}

/** Keeps the list of models and, of each, the manifest and the scenes, as far as they can be had. */
async function keepModels(): Promise<void> {
  const index = new URL("index.json", models).href;
  const list = (await (await networkFirst(new Request(index))).json()) as ModelList;
  const wanted = (list.models ?? []).flatMap(({ path, scenes }) => {
    const folder = new URL(`${path.replace(/\/+$/, "")}/`, index);
    return ["manifest.json", ...(scenes ?? [])].map((file) => new URL(file, folder).href);
  });
  await Promise.allSettled(wanted.map((address) => networkFirst(new Request(address))));
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(STUDIO_CACHES) && name !== studioCache) await caches.delete(name);
  }
  await scope.clients.claim();
}

/** How a request is answered; undefined when the browser does it as if this were not here. */
function responseTo(request: Request): Promise<Response> | undefined {
  if (request.method !== "GET" || request.headers.has("range")) return undefined;
  const url = new URL(request.url);
  url.hash = "";
  url.search = "";
  if (request.mode === "navigate" && [home, scope.registration.scope].includes(url.href))
    return fromStudio(home, request);
  if (addresses.has(url.href)) return fromStudio(url.href, request);
  if (url.href.startsWith(models) && /\.(json|png|jpe?g|webp)$/.test(url.pathname)) return networkFirst(request);
  return undefined;
}

async function fromStudio(address: string, request: Request): Promise<Response> {
  const cache = await caches.open(studioCache);
  return (await cache.match(address)) ?? fetch(request);
}

async function networkFirst(request: Request): Promise<Response> {
  const cache = await caches.open(MODELS_CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (offline) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw offline;
  }
}

/** Another text for every other list of files. */
function versionOf(files: readonly Precached[]): string {
  let sum = 0x811c9dc5;
  for (const character of files.flat().join()) {
    sum = Math.imul(sum ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  return sum.toString(16);
}

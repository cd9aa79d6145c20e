/** Where models come from, in the form that a session loads. */
import type { LocalBundle } from "../files/bundle-folder.js";
import type { KeptModel } from "../state/kept-models.js";
import type { ModelOrigin } from "../state/studio-model.js";
import type { CatalogModel } from "./catalog.js";
import type { ModelSource } from "./model-session.js";

/** A model of the list beside the page. */
export function sourceFromCatalog(model: CatalogModel): ModelSource {
  return { name: model.name, origin: { kind: "listed", id: model.id }, bundle: model.address, scenes: model.scenes };
}

/** A bundle at an address. */
export function sourceFromAddress(address: string): ModelSource {
  const url = new URL(address, document.baseURI);
  const name = url.pathname.replace(/\/(manifest\.json)?$/, "").replace(/^.*\//, "") || url.host;
  return { name: decodeURIComponent(name), origin: { kind: "address", url: url.href }, bundle: url.href, scenes: [] };
}

/** A bundle from this computer. Its scenes get addresses that last as long as the page. */
export function sourceFromBundle(bundle: LocalBundle): ModelSource {
  const scenes = bundle.scenes.map((scene) => `${URL.createObjectURL(scene.file)}#${encodeURIComponent(scene.path)}`);
  const styles = async () => bundle.styles ?? [];
  return { name: bundle.name, origin: { kind: "local" }, bundle, scenes, styles };
}

/** A model that is kept on this computer. */
export function sourceFromKept({ id, name, file }: KeptModel): ModelSource {
  return { name, origin: { kind: "kept", id }, bundle: { file, name: file.name, answers: {} }, scenes: [] };
}

/** The model that a share link speaks of; undefined when it is not one that can be found from here. */
export function sourceFromOrigin(
  origin: ModelOrigin,
  catalog: readonly CatalogModel[],
  kept: readonly KeptModel[],
): ModelSource | undefined {
  if (origin.kind === "address") return sourceFromAddress(origin.url);
  if (origin.kind === "local") return undefined;
  if (origin.kind === "kept") {
    const found = kept.find((entry) => entry.id === origin.id);
    return found && sourceFromKept(found);
  }
  const model = catalog.find((entry) => entry.id === origin.id);
  return model && sourceFromCatalog(model);
}

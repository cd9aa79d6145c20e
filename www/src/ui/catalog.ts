/** The models served beside the page: `models/index.json`. */

/** A served model; addresses are absolute. */
export interface CatalogModel {
  readonly id: string;
  readonly name: string;
  /** The bundle's folder. */
  readonly address: string;
  /** PNG label maps. */
  readonly scenes: readonly string[];
}

/** Fetches the list. Empty when there is none, or when it cannot be read: the studio then asks for a model. */
export async function fetchCatalog(indexAddress: string): Promise<readonly CatalogModel[]> {
  try {
    const response = await fetch(indexAddress);
    if (!response.ok) return [];
    return catalogFromJson(await response.json(), indexAddress);
  } catch {
    return [];
  }
}

/**
 * Reads the list; entries that make no sense are left out.
 *
 * A bundle's `path` is relative to the list, its `scenes` to the bundle.
 */
export function catalogFromJson(json: unknown, indexAddress: string): readonly CatalogModel[] {
  const models = isRecord(json) && Array.isArray(json["models"]) ? json["models"] : [];
  return models.flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const { id, path, name, scenes } = entry;
    if (typeof id !== "string" || typeof path !== "string") return [];
    const address = new URL(path.endsWith("/") ? path : `${path}/`, indexAddress).href;
    const paths = Array.isArray(scenes) ? scenes.filter((scene) => typeof scene === "string") : [];
    return [
      {
        id,
        name: typeof name === "string" && name !== "" ? name : id,
        address,
        scenes: paths.map((scene) => new URL(scene, address).href),
      },
    ];
  });
}

/** What the picker says of a model before it is loaded; undefined when its manifest cannot be read. */
export interface ModelSummary {
  /** What it takes. */
  readonly kind: "labels" | "photos" | "latents";
  /** Number of labels to paint with; 0 where nothing is painted. */
  readonly labels: number;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** Reads a bundle's manifest for its summary. */
export async function fetchSummary(model: CatalogModel): Promise<ModelSummary | undefined> {
  try {
    const manifest: unknown = await (await fetch(new URL("manifest.json", model.address))).json();
    return summaryOf(manifest);
  } catch {
    return undefined;
  }
}

/** Sums up a manifest; undefined when it makes no sense. */
export function summaryOf(manifest: unknown): ModelSummary | undefined {
  if (!isRecord(manifest)) return undefined;
  const { input, size, weights } = manifest;
  if (!isRecord(input) || !isRecord(size) || !isRecord(weights)) return undefined;
  const classes = input["kind"] === "labels" ? input["classes"] : input["palette"];
  const labels = Array.isArray(classes) ? classes.length : 0;
  return {
    kind: input["kind"] === "latent" ? "latents" : labels > 0 ? "labels" : "photos",
    labels,
    width: Number(size["width"]),
    height: Number(size["height"]),
    bytes: Number(weights["bytes"]),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The style pictures of a bundle's folder: `styles.json` beside its manifest. */

import { isListedFile } from "../state/look.js";

/** A style picture of a model's folder. */
export interface ListedStyle {
  /** Its path below the folder, which links and paintings name it by. */
  readonly file: string;
  readonly name: string;
  /** In Chinese, where the folder has that. */
  readonly nameZh: string | undefined;
  /** Where the picture is. */
  readonly address: string;
}

/** More are not offered. */
const MAX_STYLES = 64;

/**
 * Reads a list, `{ "styles": [{ "name": "Dusk", "name_zh": "黄昏", "file": "styles/dusk.jpg" }] }`; entries that make no
 * sense are left out.
 *
 * @param addressOf where a file of the folder is; undefined for one that is not there
 */
export function stylesFromJson(json: unknown, addressOf: (file: string) => string | undefined): readonly ListedStyle[] {
  const styles = isRecord(json) && Array.isArray(json["styles"]) ? json["styles"] : [];
  const known = new Set<string>();
  const listed = styles.flatMap((entry: unknown): ListedStyle[] => {
    const { file, name, name_zh: nameZh } = isRecord(entry) ? entry : {};
    const address = isListedFile(file) && !known.has(file) ? addressOf(file) : undefined;
    if (address === undefined || typeof file !== "string") return [];
    known.add(file);
    return [
      {
        file,
        name: typeof name === "string" && name !== "" ? name : file.replace(/^.*\/|\.\w+$/g, ""),
        nameZh: typeof nameZh === "string" ? nameZh : undefined,
        address,
      },
    ];
  });
  return listed.slice(0, MAX_STYLES);
}

/** Fetches the list beside a bundle's manifest; empty where there is none, or it cannot be read. */
export async function fetchStyles(manifestAddress: string): Promise<readonly ListedStyle[]> {
  try {
    const response = await fetch(new URL("styles.json", manifestAddress));
    if (!response.ok) return [];
    return stylesFromJson(await response.json(), (file) => new URL(file, manifestAddress).href);
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

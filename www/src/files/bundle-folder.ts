/** Finds a model bundle among a person's own files: a folder, picked files, or what was dropped. */

import { filesFromFolder, type NamedFile } from "./folder-files.js";
import { FileError } from "./file-error.js";
import { pickFiles } from "./pick.js";
import { stylesFromJson, type ListedStyle } from "./style-list.js";

/** A bundle from this computer, ready for `load`. */
export interface LocalBundle {
  /** The manifest's name, else the folder's. */
  readonly name: string;
  readonly manifest: File;
  readonly weights: File;
  /** The encoder's weights, where the manifest names some and they are there. */
  readonly encoder?: File | undefined;
  /** Style pictures, as `styles.json` beside the manifest names them. */
  readonly styles?: readonly ListedStyle[];
  /** PNG files in a `scenes` folder beside the manifest. */
  readonly scenes: readonly NamedFile[];
}

const MANIFEST = "manifest.json";
/** A manifest is a few kilobytes; this much is certainly something else. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** Asks for a folder; call it from a click or key. Empty when the person cancels. */
export async function pickFolder(): Promise<NamedFile[]> {
  const picked = await filesFromFolder();
  return picked === "not-offered" ? (await pickFiles({ folder: true })).map(named) : picked;
}

/** Whether what is dragged or dropped may be a bundle: a folder, a manifest or weights, and no picture. */
export function isBundleDrop(transfer: DataTransfer): boolean {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  return items.length > 0 && !items.some((item) => item.type.startsWith("image/"));
}

/**
 * The bundle among files: the manifest nearest to the top, and the weights that it names, beside it.
 *
 * The engine checks the contents; this only sees that everything is there.
 *
 * @param picked files as an input or `folder-files.ts` gives them.
 * @throws FileError `bundle-no-manifest`, `bundle-bad-manifest`, `bundle-no-weights` or `bundle-wrong-size`.
 */
export async function bundleFromFiles(picked: readonly (File | NamedFile)[]): Promise<LocalBundle> {
  const files = picked.map(named);
  const manifest = topManifest(files);
  if (!manifest) {
    const found =
      files
        .slice(0, 5)
        .map(({ path }) => path)
        .join(", ") || "nothing";
    const message = `There is no ${MANIFEST} among these ${files.length} files (${found}). Choose the folder that “underpaint export” wrote.`;
    throw new FileError("bundle-no-manifest", message, { count: files.length, found });
  }
  const folder = manifest.path.slice(0, -MANIFEST.length);
  const { weightsName, weightsBytes, encoderName, name } = await readManifest(manifest);
  const weights = files.find(({ path }) => path === folder + weightsName);
  if (!weights) {
    const message = `${manifest.path} names the weights ${weightsName}, but that file is not beside it. Choose the whole folder, or both files.`;
    throw new FileError("bundle-no-weights", message, { manifest: manifest.path, weights: weightsName });
  }
  if (weights.file.size !== weightsBytes) {
    const message = `${weights.path} has ${weights.file.size} bytes, but the manifest says ${weightsBytes}: it is damaged or belongs to another model.`;
    throw new FileError("bundle-wrong-size", message, {
      weights: weights.path,
      expected: weightsBytes,
      found: weights.file.size,
    });
  }
  const scenes = files.filter(({ path }) => path.startsWith(`${folder}scenes/`) && /\.png$/i.test(path));
  const encoder = files.find(({ path }) => encoderName !== "" && path === folder + encoderName)?.file;
  const styles = await stylesAmong(files, folder);
  return { name: name || folderName(folder), manifest: manifest.file, weights: weights.file, encoder, styles, scenes };
}

/** The style pictures of a folder; none where its list cannot be read. Their addresses last as long as the page. */
async function stylesAmong(files: readonly NamedFile[], folder: string): Promise<readonly ListedStyle[]> {
  const fileAt = (path: string) => files.find((file) => file.path === folder + path)?.file;
  try {
    const list: unknown = JSON.parse((await fileAt("styles.json")?.text()) ?? "{}");
    return stylesFromJson(list, (path) => {
      const file = fileAt(path);
      return file && URL.createObjectURL(file);
    });
  } catch {
    return [];
  }
}

/** A file as an input gives it, with its path where it has one. */
export function named(file: File | NamedFile): NamedFile {
  return "path" in file ? file : { path: file.webkitRelativePath || file.name, file };
}

function topManifest(files: readonly NamedFile[]): NamedFile | undefined {
  const depth = ({ path }: NamedFile) => path.split("/").length;
  return files
    .filter(({ path }) => path === MANIFEST || path.endsWith(`/${MANIFEST}`))
    .sort((a, b) => depth(a) - depth(b) || a.path.localeCompare(b.path))[0];
}

async function readManifest({ path, file }: NamedFile) {
  const bad = (what: string) =>
    new FileError("bundle-bad-manifest", `${path} is no manifest of Underpaint: ${what}.`, { manifest: path, what });
  if (file.size > MAX_MANIFEST_BYTES) throw bad(`it has ${file.size} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await file.text());
  } catch {
    throw bad("it is not JSON");
  }
  const weights = fieldOf(parsed, "weights");
  const weightsName = fieldOf(weights, "file");
  const weightsBytes = fieldOf(weights, "bytes");
  if (typeof weightsName !== "string" || weightsName === "") throw bad("it names no weights");
  if (typeof weightsBytes !== "number") throw bad("it does not say how many bytes the weights have");
  const name = fieldOf(parsed, "name");
  const encoder = fieldOf(fieldOf(parsed, "encoder_weights"), "file");
  return {
    weightsName,
    weightsBytes,
    encoderName: typeof encoder === "string" ? encoder : "",
    name: typeof name === "string" ? name : "",
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

function folderName(folder: string): string {
  return folder.replace(/\/$/, "").split("/").at(-1) ?? "";
}

/**
 * Links that restore a model and a painting.
 *
 * Everything is in the fragment, so nothing is sent to a server: `#share=1&model=landscapes&seed=7&size=256x256&map=…`.
 * `map` is base64url of four bytes of CRC-32 (little endian) over the ids, and the ids as raw deflate, each row but the
 * first stored as its difference (exclusive or) from the row above. `objects`, where there are any, are the same of the
 * layer of objects, two bytes a pixel (little endian). `look` is what `share-look.ts` makes of a style and of the looks of
 * objects; absent where the seed draws everything.
 */

import { LabelMap } from "../canvas/label-map.js";
import { hasObjects } from "../canvas/objects.js";
import { isPlain, type Look } from "../state/look.js";
import type { ModelOrigin } from "../state/studio-model.js";
import { base64urlFromBytes, bytesFromBase64url } from "./base64url.js";
import { crc32 } from "./crc32.js";
import { deflate, inflate } from "./deflate.js";
import { FileError } from "./file-error.js";
import { lookFromText, textFromLook } from "./share-look.js";

/** Version of the link format that is written, and the only one that is read. */
const VERSION = "1";
/** Longest link, in characters: mail and chat programs cut longer ones. */
export const MAX_LINK_LENGTH = 30_000;
/** Most pixels that a link may restore: 16 megapixels. */
const MAX_PIXELS = 16 * 1024 * 1024;

/** What a link restores. */
export interface SharedScene {
  readonly origin: ModelOrigin;
  /** Unsigned 32-bit integer. */
  readonly seed: number;
  /** How it looks; undefined where everything is from the seed. */
  readonly look?: Look | undefined;
  /** The painting; undefined for the model alone. Its ids may be beyond the model's classes: `modelReady` sees to that. */
  readonly map: LabelMap | undefined;
}

/**
 * A link to the studio at `pageUrl` that restores a scene.
 *
 * @throws FileError `share-local-model` for a model from this computer, `share-too-large` when the painting does not fit
 *   into a link (then save it as a file instead, or share without `map`).
 */
export async function encodeShareLink(pageUrl: string, scene: SharedScene): Promise<string> {
  const { origin, seed, map, look } = scene;
  if (origin.kind === "local" || origin.kind === "kept") {
    const message =
      "The model came from this computer, so a link cannot bring it along. Save the label map and send both.";
    throw new FileError("share-local-model", message);
  }
  const fields = new URLSearchParams({ share: VERSION });
  fields.set("model", origin.kind === "listed" ? origin.id : origin.url);
  fields.set("seed", String(seed >>> 0));
  if (look && !isPlain(look)) fields.set("look", textFromLook(look));
  if (map) {
    fields.set("size", `${map.width}x${map.height}`);
    fields.set("map", await packRows(map.ids, map.width));
    if (map.objects && hasObjects(map)) fields.set("objects", await packRows(bytesOf(map.objects), 2 * map.width));
  }
  const url = new URL(pageUrl);
  url.hash = fields.toString();
  if (url.href.length > MAX_LINK_LENGTH) {
    const message =
      `The painting is too detailed for a link: it would have ${url.href.length} characters, ` +
      `and more than ${MAX_LINK_LENGTH} get cut off on the way. Save the label map as a file and send that.`;
    throw new FileError("share-too-large", message, { length: url.href.length, limit: MAX_LINK_LENGTH });
  }
  return url.href;
}

/**
 * The scene in a link or fragment; undefined when it has none.
 *
 * @throws FileError `share-damaged` when it has one that cannot be read: cut off, changed, or of a later version.
 */
export async function decodeShareLink(link: string): Promise<SharedScene | undefined> {
  const hash = link.indexOf("#");
  const fields = new URLSearchParams(hash < 0 ? "" : link.slice(hash + 1));
  const version = fields.get("share");
  if (version === null) return undefined;
  if (version !== VERSION) throw damaged(`it has format ${version.slice(0, 20)}, this page reads ${VERSION}`);
  const origin = originFromText(fields.get("model") ?? "");
  const seed = Number(fields.get("seed") ?? "0");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) throw damaged("its seed is no number");
  const packed = fields.get("map");
  const size = fields.get("size") ?? "";
  const map = packed === null ? undefined : await unpackMap(packed, fields.get("objects"), size);
  return { origin, seed, map, look: sharedLook(fields.get("look")) };
}

function sharedLook(text: string | null): Look | undefined {
  if (text === null) return undefined;
  const look = lookFromText(text);
  if (!look) throw damaged("its style is cut off or changed");
  return look;
}

function damaged(what: string): FileError {
  return new FileError("share-damaged", `The link cannot be read: ${what}. Ask for it again.`, { what });
}

/** An address is a web address; an id is a plain name, never a path. */
function originFromText(text: string): ModelOrigin {
  if (/^[\p{Letter}\p{Number}][\p{Letter}\p{Number}._-]{0,99}$/u.test(text)) return { kind: "listed", id: text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return { kind: "address", url: url.href };
  throw damaged("it names no model");
}

async function packRows(rows: Uint8Array, rowBytes: number): Promise<string> {
  const compressed = await deflate(rowDifferences(rows, rowBytes), "deflate-raw");
  const bytes = new Uint8Array(compressed.length + 4);
  new DataView(bytes.buffer).setUint32(0, crc32(rows), true);
  bytes.set(compressed, 4);
  return base64urlFromBytes(bytes);
}

async function unpackMap(ids: string, objects: string | null, size: string): Promise<LabelMap> {
  const [, width, height] = (/^(\d{1,5})x(\d{1,5})$/.exec(size) ?? []).map(Number);
  if (!width || !height || width * height > MAX_PIXELS) throw damaged("its size makes no sense");
  const layer = objects === null ? undefined : await unpackRows(objects, 2 * width, height);
  return new LabelMap(width, height, await unpackRows(ids, width, height), layer && new Uint16Array(layer.buffer));
}

async function unpackRows(packed: string, rowBytes: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = bytesFromBase64url(packed);
  if (!bytes || bytes.length < 5) throw damaged("its painting is cut off");
  const rows = await inflate(bytes.slice(4), "deflate-raw", rowBytes * height).catch(() => {
    throw damaged("its painting is cut off or changed");
  });
  if (rows.length !== rowBytes * height) throw damaged("its painting is cut off");
  undoRowDifferences(rows, rowBytes);
  if (crc32(rows) !== new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)) {
    throw damaged("its painting was changed on the way");
  }
  return rows;
}

/** Areas are taller than a row: most rows equal the one above, and become zeros. */
function rowDifferences(bytes: Uint8Array, rowBytes: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(bytes);
  for (let index = bytes.length - 1; index >= rowBytes; index -= 1)
    rows[index] = (bytes[index] ?? 0) ^ (bytes[index - rowBytes] ?? 0);
  return rows;
}

function undoRowDifferences(rows: Uint8Array, rowBytes: number): void {
  for (let index = rowBytes; index < rows.length; index += 1)
    rows[index] = (rows[index] ?? 0) ^ (rows[index - rowBytes] ?? 0);
}

/** Machines with browsers are little-endian. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A painting as the browser keeps it, and whether what storage gives is one. */

import type { PackedMap } from "./history.js";
import { isLook, type Look } from "./look.js";
import type { ModelOrigin, StudioModel } from "./studio-model.js";

/** A small picture: RGBA, row by row. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** What a list of paintings shows of one. */
export interface PaintingCard {
  readonly id: string;
  /** What the person calls it; may be empty. */
  readonly name: string;
  /** The `paintingKey` of the model that it was painted for. */
  readonly modelKey: string;
  /** That model; undefined for paintings that an older studio has kept. */
  readonly model: StudioModel | undefined;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly thumbnail: Thumbnail | undefined;
}

/** A painting with all that brings it back. */
export interface KeptPainting extends PaintingCard {
  /** Counts how often it was written: whoever writes must have seen the version before. */
  readonly version: number;
  readonly createdAt: number;
  /** Seed of the picture; undefined where none is known. */
  readonly seed: number | undefined;
  /** How it looks; undefined where everything is from the seed, and in paintings of older studios. */
  readonly look?: Look | undefined;
  readonly packed: PackedMap;
}

/** A painting of the first format, which had one for every model. */
export interface SinglePainting {
  /** Its model's `paintingKey`. */
  readonly key: string;
  readonly savedAt: number;
  readonly packed: PackedMap;
}

/** Whether what was stored is a painting; storage may hold anything. */
export function isKeptPainting(value: unknown): value is KeptPainting {
  const [version, model, thumbnail] = ["version", "model", "thumbnail"].map((name) => fieldOf(value, name));
  return (
    ["id", "name", "modelKey"].every((name) => typeof fieldOf(value, name) === "string") &&
    ["savedAt", "createdAt"].every((name) => typeof fieldOf(value, name) === "number") &&
    Number.isInteger(version) &&
    (model === undefined || isModel(model)) &&
    (thumbnail === undefined || isThumbnail(thumbnail)) &&
    (fieldOf(value, "look") === undefined || isLook(fieldOf(value, "look"))) &&
    isPackedMap(fieldOf(value, "packed"))
  );
}

/** Whether what was stored is a painting of the first format. */
export function isSinglePainting(value: unknown): value is SinglePainting {
  return typeof fieldOf(value, "key") === "string" && isPackedMap(fieldOf(value, "packed"));
}

/** A painting of the first format as it is kept now. */
export function paintingFromSingle({ key, savedAt, packed }: SinglePainting, id: string): KeptPainting {
  const when = Number.isFinite(savedAt) ? savedAt : 0;
  return {
    id,
    version: 1,
    name: "",
    modelKey: key,
    model: undefined,
    createdAt: when,
    savedAt: when,
    seed: undefined,
    packed,
    thumbnail: undefined,
  };
}

/** Where a painting's model came from; undefined where that is not known. */
export function originOf({ model, modelKey }: PaintingCard): ModelOrigin | undefined {
  if (model) return model.origin;
  const [, kind, place = ""] = /^(listed|address|kept|local):(.*?):\d+x\d+:/s.exec(modelKey) ?? [];
  if (kind === "listed" || kind === "kept") return { kind, id: place };
  if (kind === "address") return { kind, url: place };
  return kind === "local" ? { kind } : undefined;
}

function isPackedMap(packed: unknown): packed is PackedMap {
  const sides = [fieldOf(packed, "width"), fieldOf(packed, "height")];
  if (!sides.every((side) => Number.isInteger(side) && Number(side) > 0)) return false;
  // Objects are there only where a model tells them apart, and not in what an older studio has kept.
  return ["pixels", "objects"].every((name) => isChange(fieldOf(packed, name), packed));
}

function isChange(change: unknown, map: unknown): boolean {
  if (change === undefined) return true;
  return fieldOf(change, "runs") instanceof Uint8Array && isRect(fieldOf(change, "rect"), map);
}

function isRect(rect: unknown, map: unknown): boolean {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(fieldOf(rect, name)));
  const [mapWidth, mapHeight] = [Number(fieldOf(map, "width")), Number(fieldOf(map, "height"))];
  if (![x, y, width, height].every((value) => Number.isInteger(value) && Number(value) >= 0)) return false;
  return Number(x) + Number(width) <= mapWidth && Number(y) + Number(height) <= mapHeight;
}

function isThumbnail(value: unknown): value is Thumbnail {
  const data = fieldOf(value, "data");
  const pixels = Number(fieldOf(value, "width")) * Number(fieldOf(value, "height"));
  return data instanceof Uint8ClampedArray && pixels > 0 && data.length === 4 * pixels;
}

function isModel(value: unknown): value is StudioModel {
  const [origin, classes, size] = ["origin", "classes", "size"].map((name) => fieldOf(value, name));
  return (
    ["name", "input", "paintingKey"].every((name) => typeof fieldOf(value, name) === "string") &&
    typeof fieldOf(origin, "kind") === "string" &&
    [fieldOf(size, "width"), fieldOf(size, "height")].every((side) => Number.isInteger(side) && Number(side) > 0) &&
    Array.isArray(classes) &&
    classes.every(isClass)
  );
}

function isClass(value: unknown): boolean {
  const color = fieldOf(value, "color");
  return (
    Number.isInteger(fieldOf(value, "id")) &&
    typeof fieldOf(value, "name") === "string" &&
    Array.isArray(color) &&
    color.length === 3
  );
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

/** Outlines of a label map's objects, as paths in image space; only what changed is traced again. */

import { intersectRects, isEmptyRect, rectOfSize, unionRects, type Rect } from "./geometry.js";
import { NO_OBJECT, type Ink, type LabelMap } from "./label-map.js";

/** Side of a tile in pixels: tiles that no change touches keep their paths. */
const TILE = 64;

/** A straight piece of an outline between two corners of pixels. */
export type Segment = readonly [fromX: number, fromY: number, toX: number, toY: number];

/**
 * The edges within a rectangle of pixels, and those to the pixels left of it and above it, in pieces as long as they are
 * straight.
 *
 * @param chosen the object whose edges are wanted; those of every object without
 */
export function outlineSegments(map: LabelMap, { x, y, width, height }: Rect, chosen?: Ink): Segment[] {
  const segments: Segment[] = [];
  const isEdge = edgeTest(map, chosen);
  const [right, bottom] = [x + width, y + height];
  for (let row = Math.max(1, y); row < bottom; row += 1) {
    const start = row * map.width;
    for (let column = x; column < right; column += 1) {
      if (!isEdge(start + column, start + column - map.width)) continue;
      const from = column;
      while (column < right && isEdge(start + column, start + column - map.width)) column += 1;
      segments.push([from, row, column, row]);
    }
  }
  for (let column = Math.max(1, x); column < right; column += 1) {
    for (let row = y; row < bottom; row += 1) {
      if (!isEdge(row * map.width + column, row * map.width + column - 1)) continue;
      const from = row;
      while (row < bottom && isEdge(row * map.width + column, row * map.width + column - 1)) row += 1;
      segments.push([column, from, column, row]);
    }
  }
  return segments;
}

/** Whether an outline runs between the pixels with two indices. */
function edgeTest(map: LabelMap, chosen: Ink | undefined): (index: number, other: number) => boolean {
  const { ids, objects } = map;
  if (!objects) return () => false;
  if (chosen !== undefined) return (index, other) => (map.inkAt(index) === chosen) !== (map.inkAt(other) === chosen);
  // The same as `isObjectEdge`, on plain arrays: opening a map of two megapixels traces all of it.
  return (index, other) =>
    objects[index] !== objects[other] || (objects[index] !== NO_OBJECT && ids[index] !== ids[other]);
}

/** The outlines of one map: all of them, and apart from them those of one object. */
export class ObjectOutlines {
  private map: LabelMap | undefined;
  private layer: Uint16Array | undefined;
  private tiles = new Map<number, Path2D>();
  private chosenTiles = new Map<number, Path2D>();
  private chosen: Ink | undefined;

  /** Another map, or none. */
  setMap(map: LabelMap | undefined): void {
    if (map === this.map && map?.objects === this.layer) return;
    this.map = map;
    this.layer = map?.objects;
    this.tiles = new Map();
    this.chosenTiles = new Map();
  }

  /** The object whose outline stands out; undefined for none. */
  choose(ink: Ink | undefined): void {
    if (ink === this.chosen) return;
    this.chosen = ink;
    this.chosenTiles = new Map();
  }

  /** What is in this rectangle has changed. */
  markStale(rect: Rect): void {
    // An edge belongs to the pixel below or to the right of it.
    const reached = unionRects(rect, { ...rect, x: rect.x + 1, y: rect.y + 1 });
    for (const { key } of this.tilesIn(reached)) {
      this.tiles.delete(key);
      this.chosenTiles.delete(key);
    }
  }

  /** The paths to stroke within a rectangle of the image: of all objects, and of the chosen one. */
  pathsIn(rect: Rect): { readonly all: readonly Path2D[]; readonly chosen: readonly Path2D[] } {
    const { map, chosen } = this;
    if (!map?.objects) return { all: [], chosen: [] };
    const all: Path2D[] = [];
    const ofChosen: Path2D[] = [];
    for (const { key, tile } of this.tilesIn(rect)) {
      all.push(pathAt(this.tiles, key, () => outlineSegments(map, tile)));
      if (chosen !== undefined) {
        ofChosen.push(pathAt(this.chosenTiles, key, () => outlineSegments(map, tile, chosen)));
      }
    }
    return { all, chosen: ofChosen };
  }

  private tilesIn(rect: Rect): { readonly key: number; readonly tile: Rect }[] {
    if (!this.map) return [];
    const whole = rectOfSize(this.map);
    const within = intersectRects(rect, whole);
    if (isEmptyRect(within)) return [];
    const columns = Math.ceil(whole.width / TILE);
    const [firstColumn, lastColumn] = [within.x, within.x + within.width - 1].map((at) => Math.floor(at / TILE));
    const [firstRow, lastRow] = [within.y, within.y + within.height - 1].map((at) => Math.floor(at / TILE));
    const tiles: { key: number; tile: Rect }[] = [];
    for (let row = firstRow ?? 0; row <= (lastRow ?? -1); row += 1) {
      for (let column = firstColumn ?? 0; column <= (lastColumn ?? -1); column += 1) {
        const square = { x: column * TILE, y: row * TILE, width: TILE, height: TILE };
        tiles.push({ key: row * columns + column, tile: intersectRects(square, whole) });
      }
    }
    return tiles;
  }
}

function pathAt(tiles: Map<number, Path2D>, key: number, trace: () => readonly Segment[]): Path2D {
  const known = tiles.get(key);
  if (known) return known;
  const path = new Path2D();
  for (const [fromX, fromY, toX, toY] of trace()) {
    path.moveTo(fromX, fromY);
    path.lineTo(toX, toY);
  }
  tiles.set(key, path);
  return path;
}

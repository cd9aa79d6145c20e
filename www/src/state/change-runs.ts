/** A change of a label map's ids or of its objects, kept as runs: only the pixels that changed cost memory. */

import { EMPTY_RECT, isEmptyRect, type Rect } from "../canvas/geometry.js";
import { RectBuilder } from "../canvas/rect-builder.js";

/**
 * The changed pixels of one edit.
 *
 * `runs` holds, for the pixels of `rect` row by row: how many stay (varint), how many change (varint), their value before
 * and their value after; again and again until the last changed pixel. A value has a byte for ids, and two for objects,
 * the lower one first.
 */
export interface PixelChange {
  /** The smallest rectangle around the changed pixels. */
  readonly rect: Rect;
  readonly runs: Uint8Array;
}

/** One layer of a label map: its ids or its objects. */
export type Plane = Uint8Array | Uint16Array;

/** Which way to apply a change. */
export type Direction = "undo" | "redo";

/**
 * What differs between the same layer of two label maps of the same width inside `searched`; undefined when nothing does.
 *
 * Both arrays are whole layers of one kind; `searched` must lie within them.
 */
export function recordChange<Layer extends Plane>(
  before: Layer,
  after: Layer,
  width: number,
  searched: Rect,
): PixelChange | undefined {
  const rect = changedRect(before, after, width, searched);
  if (isEmptyRect(rect)) return undefined;
  const runs = new RunWriter(after.BYTES_PER_ELEMENT);
  for (let y = rect.y; y < rect.y + rect.height; y += 1) {
    const end = y * width + rect.x + rect.width;
    let index = y * width + rect.x;
    while (index < end) {
      const first = index;
      const was = before[first] ?? 0;
      const is = after[first] ?? 0;
      // Two plain loops: this walks millions of pixels when a pointer is lifted.
      if (was === is) {
        while (index < end && before[index] === after[index]) index += 1;
        runs.keep(index - first);
      } else {
        while (index < end && before[index] === was && after[index] === is) index += 1;
        runs.change(index - first, was, is);
      }
    }
  }
  return { rect, runs: runs.finish() };
}

/** Takes a change back or makes it again, in place. */
export function applyChange(plane: Plane, width: number, change: PixelChange, direction: Direction): Rect {
  const { rect, runs } = change;
  const reader = new ByteReader(runs);
  const place = new PlaceInRect(rect, width);
  while (!reader.atEnd) {
    place.skip(reader.readVarint());
    const length = reader.readVarint();
    const before = reader.readValue(plane.BYTES_PER_ELEMENT);
    const after = reader.readValue(plane.BYTES_PER_ELEMENT);
    place.fill(plane, length, direction === "undo" ? before : after);
  }
  return rect;
}

function changedRect(before: Plane, after: Plane, width: number, searched: Rect): Rect {
  if (isEmptyRect(searched)) return EMPTY_RECT;
  const found = new RectBuilder();
  for (let y = searched.y; y < searched.y + searched.height; y += 1) {
    const row = y * width;
    let first = searched.x;
    let last = searched.x + searched.width - 1;
    while (first <= last && before[row + first] === after[row + first]) first += 1;
    if (first > last) continue;
    while (before[row + last] === after[row + last]) last -= 1;
    found.addSpan(y, first, last);
  }
  return found.rect();
}

/** Walks the pixels of a rectangle row by row. */
class PlaceInRect {
  private readonly rect: Rect;
  private readonly width: number;
  private column = 0;
  private row = 0;

  constructor(rect: Rect, width: number) {
    this.rect = rect;
    this.width = width;
  }

  skip(count: number): void {
    const column = this.column + count;
    this.row += Math.floor(column / this.rect.width);
    this.column = column % this.rect.width;
  }

  fill(plane: Plane, count: number, value: number): void {
    let left = count;
    while (left > 0) {
      const length = Math.min(left, this.rect.width - this.column);
      const start = (this.rect.y + this.row) * this.width + this.rect.x + this.column;
      plane.fill(value, start, start + length);
      this.skip(length);
      left -= length;
    }
  }
}

/** Collects what stays and what changes; equal changes that follow each other, as over the end of a row, become one. */
class RunWriter {
  private readonly bytes = new ByteWriter();
  private kept = 0;
  private changed = 0;
  private valueBefore = 0;
  private valueAfter = 0;

  /** @param valueBytes of each value: 1 or 2 */
  constructor(private readonly valueBytes: number) {}

  keep(count: number): void {
    this.flush();
    this.kept += count;
  }

  change(count: number, valueBefore: number, valueAfter: number): void {
    if (valueBefore !== this.valueBefore || valueAfter !== this.valueAfter) this.flush();
    this.valueBefore = valueBefore;
    this.valueAfter = valueAfter;
    this.changed += count;
  }

  finish(): Uint8Array {
    this.flush();
    return this.bytes.finish();
  }

  private flush(): void {
    if (this.changed === 0) return;
    this.bytes.writeVarint(this.kept);
    this.bytes.writeVarint(this.changed);
    this.bytes.writeValue(this.valueBefore, this.valueBytes);
    this.bytes.writeValue(this.valueAfter, this.valueBytes);
    this.kept = 0;
    this.changed = 0;
  }
}

class ByteWriter {
  private bytes = new Uint8Array(256);
  private length = 0;

  writeByte(value: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length] = value;
    this.length += 1;
  }

  writeValue(value: number, bytes: number): void {
    this.writeByte(value & 255);
    if (bytes > 1) this.writeByte(value >>> 8);
  }

  /** Seven bits a byte, lowest first; the eighth says that more follow. */
  writeVarint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.writeByte((rest & 127) | 128);
      rest = Math.floor(rest / 128);
    }
    this.writeByte(rest);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

class ByteReader {
  private readonly bytes: Uint8Array;
  private offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.offset >= this.bytes.length;
  }

  readByte(): number {
    const value = this.bytes[this.offset] ?? 0;
    this.offset += 1;
    return value;
  }

  readValue(bytes: number): number {
    const low = this.readByte();
    return bytes > 1 ? low + 256 * this.readByte() : low;
  }

  readVarint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.readByte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
}

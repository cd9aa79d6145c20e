/** Label maps and pictures that the tests make themselves, as numbers and as PNG files. */

import { readFileSync, writeFileSync } from "node:fs";

import { decode, encode } from "fast-png";

import type { Tensor } from "./tensors.mjs";

/** A label map: one id per pixel, row-major. */
export interface Labels {
  ids: Uint8Array;
  width: number;
  height: number;
}

/** Bands with a disc, so that every id below `classes` occurs somewhere. */
export function labelScene(classes: number, width: number, height: number): Labels {
  const ids = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inDisc = Math.hypot(x - 0.7 * width, y - 0.4 * height) < width / 6;
      const hill = y + (height / 16) * Math.sin((6 * x) / width);
      const id = inDisc ? classes - 1 : Math.floor((classes * hill) / height);
      ids[y * width + x] = Math.min(Math.max(id, 0), classes - 1);
    }
  }
  return { ids, width, height };
}

/** A picture with smooth and sharp parts: RGBA, opaque. */
export function pictureScene(width: number, height: number): Uint8Array {
  const { ids } = labelScene(8, width, height);
  const rgba = new Uint8Array(4 * width * height);
  ids.forEach((id, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    rgba.set([32 * id, (255 * x) / width, (96 * id + (128 * y) / height) % 256, 255], 4 * pixel);
  });
  return rgba;
}

/** Which planes a generator takes for a label map: one for each class, and then these. */
export interface LabelLayout {
  classes: number;
  /** One for pixels of no class, whose id is 255. */
  dontCare: boolean;
  /** One that marks both sides of every edge between classes. */
  edges: boolean;
}

/** The scene with every kind of pixel that the layout knows. */
export function labelSceneFor({ classes, dontCare }: LabelLayout, width: number, height: number): Labels {
  const scene = labelScene(classes + Number(dontCare), width, height);
  return { ...scene, ids: scene.ids.map((id) => (id < classes ? id : 255)) };
}

/** Planes of 0 and 1: [1, channels, height, width]. */
export function encodedLabels(labels: Labels, { classes, dontCare, edges }: LabelLayout): Tensor {
  const { ids, width, height } = labels;
  const channels = classes + Number(dontCare) + Number(edges);
  const values = new Float32Array(channels * ids.length);
  ids.forEach((id, pixel) => {
    values[Math.min(id, classes) * ids.length + pixel] = 1;
    if (edges && isAtEdge(labels, pixel)) values[(channels - 1) * ids.length + pixel] = 1;
  });
  return { shape: [1, channels, height, width], values };
}

/** Whether one of the four neighbours is of another class. */
function isAtEdge({ ids, width, height }: Labels, pixel: number): boolean {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  const differs = (inside: boolean, step: number) => inside && ids[pixel + step] !== ids[pixel];
  return differs(x > 0, -1) || differs(x < width - 1, 1) || differs(y > 0, -width) || differs(y < height - 1, width);
}

/** Numbers between -2 and 2 in no order: [1, length]. */
export function latentScene(length: number): Tensor {
  return { shape: [1, length], values: Float32Array.from({ length }, (_, at) => 2 * Math.sin(12.9898 * (at + 1))) };
}

/** The samples of RGBA pixels in [-1, 1]: [1, 3, height, width]. */
export function signedPlanes(rgba: Uint8Array, width: number, height: number): Tensor {
  const area = width * height;
  const values = Float32Array.from({ length: 3 * area }, (_, at) => {
    const sample = rgba[4 * (at % area) + Math.floor(at / area)] ?? 0;
    return (sample / 255 - 0.5) / 0.5;
  });
  return { shape: [1, 3, height, width], values };
}

/** Writes ids as an 8-bit grey PNG. */
export function writeLabels(path: string, { ids, width, height }: Labels): void {
  writeFileSync(path, encode({ width, height, data: ids, channels: 1, depth: 8 }));
}

/** Writes opaque RGBA pixels as an RGB PNG. */
export function writePicture(path: string, rgba: Uint8Array, width: number, height: number): void {
  const rgb = rgba.filter((_, at) => at % 4 < 3);
  writeFileSync(path, encode({ width, height, data: rgb, channels: 3, depth: 8 }));
}

/** A PNG as it is stored: grey samples or palette indices, RGB or RGBA. */
export function readPng(path: string): {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
  palette?: number[][];
} {
  const { width, height, channels, data, depth, palette } = decode(readFileSync(path));
  const bytes = depth < 8 ? unpacked(Uint8Array.from(data), depth, width, height) : Uint8Array.from(data);
  return { width, height, channels, data: bytes, ...(palette && { palette }) };
}

/** Samples of fewer than 8 bits, one per byte; each row starts in a byte of its own. */
function unpacked(packed: Uint8Array, depth: number, width: number, height: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const bit = (at % width) * depth;
    const byte = packed[Math.floor(at / width) * rowBytes + (bit >> 3)] ?? 0;
    return (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  });
}

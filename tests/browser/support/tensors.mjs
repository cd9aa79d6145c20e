// @ts-check
/** Safetensors with f32 tensors, as `underpaint generate --tensors-in/--tensors-out` takes them; here and in the benchmark. */

import { readFileSync, writeFileSync } from "node:fs";

/**
 * A tensor: its shape, and its values row-major.
 *
 * @typedef {object} Tensor
 * @property {number[]} shape
 * @property {Float32Array<ArrayBuffer>} values
 */

/**
 * Writes one tensor under a name.
 *
 * @param {string} path
 * @param {string} name
 * @param {Tensor} tensor
 */
export function writeTensor(path, name, tensor) {
  writeTensors(path, { [name]: tensor });
}

/**
 * Writes tensors by their names.
 *
 * @param {string} path
 * @param {Record<string, Tensor>} tensors
 */
export function writeTensors(path, tensors) {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const from = end;
    end += values.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [from, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  // The values start at a multiple of 8 bytes.
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  /** @param {Tensor} tensor */
  const bytes = ({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  writeFileSync(path, Buffer.concat([length, header, ...Object.values(tensors).map(bytes)]));
}

/**
 * Reads the tensor with a name.
 *
 * @param {string} path
 * @param {string} name
 * @returns {Tensor}
 */
export function readTensor(path, name) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  /** @type {Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>} */
  const header = JSON.parse(bytes.toString("utf8", 8, start));
  const entry = header[name];
  if (entry?.dtype !== "F32") {
    throw new Error(`${path}: expected ${name} in f32, found ${JSON.stringify(Object.keys(header))}`);
  }
  const [from, to] = entry.data_offsets;
  const values = new Float32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
  return { shape: entry.shape, values };
}

/**
 * The largest difference between two lists of one length.
 *
 * @param {ArrayLike<number>} one
 * @param {ArrayLike<number>} other
 */
export function largestDifference(one, other) {
  if (one.length !== other.length) {
    throw new Error(`lengths differ: ${one.length} and ${other.length}`);
  }
  let largest = 0;
  for (let at = 0; at < one.length; at += 1) {
    const difference = Math.abs((one[at] ?? NaN) - (other[at] ?? NaN));
    // A NaN is as far away as anything can be.
    largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
  }
  return largest;
}

// @ts-check
/** How much memory a browser's page and GPU processes take, from Linux's /proc; elsewhere nothing is known. */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

/** Processes that an engine runs in: its page's, and that of the (software) adapter. */
const TYPES = /--type=(renderer|gpu-process)/;

/** Resident memory of the processes below one, from now on. */
export class PeakMemory {
  /** @param {number | undefined} root */
  constructor(root) {
    /** @type {Map<number, number>} resident bytes at the start */
    this.before = new Map();
    for (const process of root === undefined ? [] : below(root)) {
      const status = statusOf(process);
      if (!status || !TYPES.test(read(process, "cmdline"))) continue;
      try {
        // The peak begins again at what is there now (proc(5), clear_refs).
        writeFileSync(`/proc/${process}/clear_refs`, "5");
        this.before.set(process, status.now);
      } catch {
        // Not ours to reset: nothing is told rather than something wrong.
      }
    }
  }

  /** Bytes that came in addition, at most, in all processes; null where that is not known. */
  added() {
    const added = [...this.before].map(([process, before]) => Math.max((statusOf(process)?.peak ?? 0) - before, 0));
    return added.length === 0 ? null : added.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** A process's descendants. @param {number} root */
function below(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of processes()) {
    // "pid (name) state parent …"; the name may have spaces and brackets.
    const parent = Number(read(name, "stat").split(")").at(-1)?.trim().split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), name]);
  }
  const found = [root];
  for (let at = 0; at < found.length; at += 1) found.push(...(children.get(found[at] ?? 0) ?? []));
  return found.slice(1);
}

function processes() {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** @param {number} process */
function statusOf(process) {
  const text = read(process, "status");
  const bytes = (/** @type {string} */ name) =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]);
  return text === "" ? undefined : { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** @param {number} process @param {string} file */
function read(process, file) {
  try {
    return readFileSync(`/proc/${process}/${file}`, "utf8");
  } catch {
    return "";
  }
}

// @ts-check
/**
 * The benchmark's web server: files from a few folders, never from a cache, and a record of what
 * each measurement downloaded. A measurement's files lie below a folder of its own (`/m3/…`), so
 * that neither HTTP nor code caches of an earlier one can help it.
 */

import { createServer } from "node:http";
import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = new Map([
  [".html", "text/html"],
  [".js", "text/javascript"],
  [".mjs", "text/javascript"],
  [".json", "application/json"],
  [".wasm", "application/wasm"],
]);

/** @typedef {Map<string, string | Buffer>} Mounts first folder of a URL to a folder, or to a file's bytes */

export class BenchServer {
  /** @param {string} page folder of the page @param {Mounts} mounts */
  constructor(page, mounts) {
    this.page = page;
    this.mounts = mounts;
    /** @type {Map<string, Map<string, Buffer>>} measurement to path to bytes */
    this.served = new Map();
    this.http = createServer((request, response) => void this.answer(request, response));
  }

  /** Listens on a free port of this machine. @returns {Promise<string>} the address */
  async listen() {
    await new Promise((resolve) => this.http.listen(0, "127.0.0.1", () => resolve(undefined)));
    const address = this.http.address();
    if (address === null || typeof address === "string") {
      throw new Error("the server has no port");
    }
    return `http://127.0.0.1:${address.port}`;
  }

  close() {
    this.http.close();
    this.http.closeAllConnections();
  }

  /**
   * What a measurement downloaded: bytes as they are and after gzip at its best level.
   *
   * @param {string} measurement
   */
  downloads(measurement) {
    const files = [...(this.served.get(measurement) ?? new Map())];
    return files.map(([path, bytes]) => ({
      path,
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
    }));
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async answer(request, response) {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = pathname === "/" ? "/index.html" : decodeURIComponent(pathname);
    const [, measurement, inside] = /^\/(m\d+)\/(.*)$/.exec(path) ?? [];
    const bytes = inside ? await this.mounted(inside) : await read(this.page, path.slice(1));
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    if (measurement && inside) {
      const files = this.served.get(measurement) ?? new Map();
      this.served.set(measurement, files.set(inside, bytes));
    }
    response.writeHead(200, {
      "content-type": TYPES.get(extname(path)) ?? "application/octet-stream",
      "content-length": bytes.length,
      "cache-control": "no-store",
    });
    response.end(bytes);
  }

  /** @param {string} path */
  async mounted(path) {
    const whole = this.mounts.get(path);
    if (whole instanceof Buffer) {
      return whole;
    }
    const [first = "", ...rest] = path.split("/");
    const folder = this.mounts.get(first);
    return typeof folder === "string" ? read(folder, rest.join("/")) : null;
  }
}

/**
 * A file inside a folder, or nothing.
 *
 * @param {string} folder
 * @param {string} path
 */
async function read(folder, path) {
  try {
    const file = await realpath(join(folder, path));
    const inside = file.startsWith((await realpath(folder)) + sep);
    return inside ? await readFile(file) : null;
  } catch {
    return null;
  }
}

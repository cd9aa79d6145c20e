/**
 * A static web server for the tests: folders below URL prefixes, several folders below one prefix
 * laid over each other, and the policy that a page gets.
 */

import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";

/** Folders that answer below a prefix, which ends in a slash; the first that has the file wins. */
export interface Mount {
  prefix: `/${string}`;
  folders: string[];
  /** Content-Security-Policy of its pages, beside what they say themselves. */
  policy?: string;
}

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json"],
  [".webmanifest", "application/manifest+json"],
  [".wasm", "application/wasm"],
  [".png", "image/png"],
  [".svg", "image/svg+xml"],
]);

/** Serves until closed; the address has a port that was free. */
export async function serve(mounts: Mount[]): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => answer(mounts, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the test server has no port");
  }
  return { server, port: address.port };
}

function answer(mounts: Mount[], request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  if (path === "/favicon.ico") {
    // Asked for by browsers, not by pages.
    response.writeHead(204).end();
    return;
  }
  const mount = mounts.find(({ prefix }) => path.startsWith(prefix));
  const below = mount && path.slice(mount.prefix.length);
  const name = below === "" || below?.endsWith("/") ? `${below}index.html` : below;
  const file = mount && resolveFile(mount.folders, name ?? "");
  if (!mount || !file) {
    response.writeHead(404, { "content-type": "text/plain" }).end(`not here: ${path}\n`);
    return;
  }
  const body = readFileSync(file);
  response.writeHead(200, {
    "content-type": typeOf(file),
    "content-length": body.length,
    ...(mount.policy && { "content-security-policy": mount.policy }),
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The file of that name in the first of the folders that has it. */
export function resolveFile(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => inside(folder, name)).find(Boolean);
}

/** The content type of a file. */
export function typeOf(file: string): string {
  return TYPES.get(extname(file)) ?? "application/octet-stream";
}

/** The file of that name in the folder, or nothing; never one outside it. */
function inside(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  if (!existsSync(path) || !statSync(path).isFile()) {
    return undefined;
  }
  const [file, home] = [realpathSync(path), realpathSync(folder)];
  return file.startsWith(home + sep) ? file : undefined;
}

/** The `underpaint` program: what it makes is what the browser must make too. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { root } from "./folders";

/** Where it is: `UNDERPAINT_BIN`, or what a release build leaves. */
export function program(): string {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const target = process.env["CARGO_TARGET_DIR"] ?? join(root, "target");
  const candidates = ["underpaint-under-test", "underpaint"].map((name) => join(target, "release", name + suffix));
  const found = process.env["UNDERPAINT_BIN"] ?? candidates.find(existsSync);
  if (!found || !existsSync(found)) {
    throw new Error(
      `no underpaint program (looked for ${found ?? candidates.join(" and ")}): build it with ` +
        "`cargo build --release -p underpaint`, or name one with UNDERPAINT_BIN",
    );
  }
  return found;
}

/** Runs the program; what it wrote to stderr is in the error when it fails. */
export function underpaint(folder: string, ...args: string[]): void {
  execFileSync(program(), args, { cwd: folder, timeout: 60_000, stdio: ["ignore", "ignore", "pipe"] });
}

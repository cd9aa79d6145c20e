import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { zipOf } from "./zip.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("zipOf", () => {
  it("is read by Python's own reader, names, sums and contents", async () => {
    const archive = zipOf([
      { name: "frame-0000.png", bytes: bytes("first") },
      { name: "frame-0001.png", bytes: bytes("") },
      { name: "frame-0002.png", bytes: bytes("third, longer") },
    ]);
    const folder = mkdtempSync(join(tmpdir(), "underpaint-zip-"));
    writeFileSync(join(folder, "frames.zip"), new Uint8Array(await archive.arrayBuffer()));
    const script =
      "import zipfile, json; z = zipfile.ZipFile('frames.zip'); assert z.testzip() is None; " +
      "json.dump({n: z.read(n).decode() for n in z.namelist()}, open('read.json', 'w'))";
    execFileSync("python3", ["-c", script], { cwd: folder });
    expect(JSON.parse(readFileSync(join(folder, "read.json"), "utf8"))).toEqual({
      "frame-0000.png": "first",
      "frame-0001.png": "",
      "frame-0002.png": "third, longer",
    });
  });

  it("is an archive with nothing in it where there is nothing", async () => {
    expect(await zipOf([]).arrayBuffer()).toHaveProperty("byteLength", 22);
  });
});

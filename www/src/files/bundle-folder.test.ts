import { describe, expect, it } from "vitest";
import { bundleFromFiles, isBundleDrop } from "./bundle-folder.js";
import { FileError } from "./file-error.js";
import type { NamedFile } from "./folder-files.js";

const manifest = { name: "Landscapes", weights: { file: "weights.safetensors", bytes: 5 } };

function file(path: string, content: string): NamedFile {
  return { path, file: new File([content], path.split("/").at(-1) ?? path) };
}

const json = (path: string, value: unknown) => file(path, JSON.stringify(value));

async function failure(files: readonly NamedFile[]): Promise<FileError> {
  const result = await bundleFromFiles(files).catch((error: unknown) => error);
  if (result instanceof FileError) return result;
  throw new Error("expected a FileError");
}

describe("bundleFromFiles", () => {
  it("finds manifest, weights and scenes in a folder", async () => {
    const bundle = await bundleFromFiles([
      file("m/readme.md", "x"),
      json("m/manifest.json", manifest),
      file("m/weights.safetensors", "12345"),
      file("m/scenes/lake.png", "x"),
      file("m/scenes/notes.txt", "x"),
    ]);
    expect([bundle.name, bundle.manifest.name, bundle.weights.size]).toEqual(["Landscapes", "manifest.json", 5]);
    expect(bundle.scenes.map(({ path }) => path)).toEqual(["m/scenes/lake.png"]);
  });

  it("takes two picked files, and a manifest without a name by its folder", async () => {
    const picked = [new File([JSON.stringify(manifest)], "manifest.json"), new File(["12345"], "weights.safetensors")];
    expect((await bundleFromFiles(picked)).weights.name).toBe("weights.safetensors");
    const nameless = [
      json("city/manifest.json", { weights: manifest.weights }),
      file("city/weights.safetensors", "12345"),
    ];
    expect((await bundleFromFiles(nameless)).name).toBe("city");
  });

  it("takes the manifest nearest to the top, and the weights beside it", async () => {
    const bundle = await bundleFromFiles([
      json("a/deep/manifest.json", { ...manifest, name: "Deep" }),
      file("a/deep/weights.safetensors", "12345"),
      json("a/manifest.json", { ...manifest, name: "Top" }),
      file("a/weights.safetensors", "abcde"),
    ]);
    expect(bundle.name).toBe("Top");
    expect(await bundle.weights.text()).toBe("abcde");
  });

  it("says what is missing", async () => {
    const none = await failure([file("photos/cat.jpg", "x")]);
    expect(none.code).toBe("bundle-no-manifest");
    expect(none.message).toContain("photos/cat.jpg");
    expect((await failure([])).code).toBe("bundle-no-manifest");
    const weights = await failure([json("m/manifest.json", manifest), file("other/weights.safetensors", "12345")]);
    expect(weights.code).toBe("bundle-no-weights");
    expect(weights.values).toEqual({ manifest: "m/manifest.json", weights: "weights.safetensors" });
  });

  it("says what is wrong", async () => {
    for (const content of [
      "{",
      "[]",
      "3",
      '{"weights":{}}',
      '{"weights":{"file":"w"}}',
      '{"weights":{"file":7,"bytes":3}}',
    ]) {
      expect((await failure([file("manifest.json", content)])).code).toBe("bundle-bad-manifest");
    }
    const size = await failure([json("manifest.json", manifest), file("weights.safetensors", "1234")]);
    expect(size.code).toBe("bundle-wrong-size");
    expect(size.values).toMatchObject({ expected: 5, found: 4 });
  });
});

describe("isBundleDrop", () => {
  const drop = (...items: { kind: string; type: string }[]) => ({ items }) as unknown as DataTransfer;
  it("is true for folders and files that are no pictures", () => {
    expect(isBundleDrop(drop({ kind: "file", type: "" }))).toBe(true);
    expect(isBundleDrop(drop({ kind: "file", type: "application/json" }))).toBe(true);
    expect(isBundleDrop(drop({ kind: "file", type: "image/png" }))).toBe(false);
    expect(isBundleDrop(drop({ kind: "string", type: "text/plain" }))).toBe(false);
    expect(isBundleDrop(drop())).toBe(false);
  });
});

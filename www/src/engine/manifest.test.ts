import { describe, expect, it } from "vitest";
import { UnderpaintError } from "./errors.js";
import { LABELS, bytesOfJson, manifestWith } from "./fixtures.js";
import {
  NO_CLASS_ID,
  featureChannels,
  paintedClasses,
  parseManifest,
  usesSeed,
  type InputKind,
  type LabelClass,
} from "./manifest.js";

function refusal(value: unknown): UnderpaintError {
  try {
    parseManifest(value instanceof Uint8Array ? value : bytesOfJson(value), "lake/manifest.json");
  } catch (thrown) {
    if (thrown instanceof UnderpaintError) return thrown;
  }
  throw new Error("expected an UnderpaintError");
}

describe("parseManifest", () => {
  it("gives back what was written", () => {
    const manifest = manifestWith();
    expect(parseManifest(bytesOfJson(manifest), "here")).toEqual(manifest);
  });

  it("adds the palette that Rust leaves out when it is empty", () => {
    const input = { kind: "image", channels: 3, value_range: [-1, 1] };
    const manifest = parseManifest(bytesOfJson({ ...manifestWith(), input }), "here");
    expect(paintedClasses(manifest)).toEqual([]);
  });

  it("says what a page is that was sent instead", () => {
    const error = refusal(new TextEncoder().encode("<!doctype html><title>Oops"));
    expect(error.code).toBe("bad-bundle");
    expect(error.message).toContain('lake/manifest.json is not JSON: it starts with "<!doctype html>');
  });

  it("tells a later format from a damaged one", () => {
    expect(refusal({ ...manifestWith(), format_version: 7 }).code).toBe("unsupported");
    expect(refusal({ ...manifestWith(), format_version: 7 }).message).toContain("format version 7");
    expect(refusal({ hello: 1 }).code).toBe("bad-bundle");
  });

  it.each(["../secret", "https://elsewhere.test/w", "a/b", "..", "w?x", ""])(
    "takes no weight file that is not beside it: %j",
    (file) => {
      const { weights } = manifestWith();
      expect(refusal({ ...manifestWith(), weights: { ...weights, file } }).message).toContain("weights.file");
    },
  );

  it("names the field that is damaged", () => {
    expect(refusal({ ...manifestWith(), input: { kind: "sound" } }).message).toContain('found "sound"');
    expect(refusal({ ...manifestWith(), size: { height: 0, width: 1, multiple: 1 } }).message).toContain("size:");
    expect(refusal({ ...manifestWith(), model: undefined }).message).toContain("model is missing");
    const classes = [{ id: 0, name: "sky", color: [1, 2, 300] }];
    const input = { kind: "labels", num_classes: 1, classes };
    expect(refusal({ ...manifestWith(), input }).message).toContain("input.classes");
    const grouped = (group: unknown) => ({ ...input, classes: [{ id: 0, name: "sky", color: [1, 2, 3], group }] });
    expect(refusal({ ...manifestWith(), input: grouped(7) }).message).toContain("input.classes");
    const bytes = new TextEncoder().encode(JSON.stringify({ ...manifestWith(), input: grouped("sky") }));
    expect(paintedClasses(parseManifest(bytes, "here"))[0]?.group).toBe("sky");
    const edges = refusal({ ...manifestWith(), input: { ...LABELS, edges: "on" } });
    expect(edges.message).toContain('input.edges: expected true or false, found "on"');
    const latent = refusal({ ...manifestWith(), input: { kind: "latent", channels: 0 } });
    expect(latent.message).toContain("input.channels");
  });

  it("knows a model that takes features, and refuses clusters that are none", () => {
    const model = { family: "pix2pixhd", generator: {}, feature_channels: 3 };
    const clusters = { 1: [[0.5, 0, -1]] };
    const read = parseManifest(bytesOfJson({ ...manifestWith(), model, clusters }), "here");
    expect([featureChannels(read), usesSeed(read), read.clusters?.[1]]).toEqual([3, true, [[0.5, 0, -1]]]);
    expect(usesSeed(parseManifest(bytesOfJson({ ...manifestWith(), model }), "here"))).toBe(false);
    const damaged = refusal({ ...manifestWith(), model, clusters: { 1: [["red"]] } });
    expect([damaged.code, damaged.message]).toEqual([
      "bad-bundle",
      "The manifest lake/manifest.json is damaged: clusters: expected lists of features by class.",
    ]);
    expect(refusal({ ...manifestWith(), model: { ...model, feature_channels: -1 } }).code).toBe("bad-bundle");
  });

  it("checks the file of an encoder as that of the weights", () => {
    const encoder_weights = { ...manifestWith().weights, file: "../encoder.safetensors" };
    expect(refusal({ ...manifestWith(), encoder_weights }).message).toContain("encoder_weights.file: expected");
  });
});

describe("paintedClasses", () => {
  const ids = (input: InputKind): number[] => paintedClasses(manifestWith({ input })).map(({ id }) => id);

  it("has one for pixels of no class where the model knows them", () => {
    expect(ids({ ...LABELS, dont_care: true })).toEqual([0, 1, NO_CLASS_ID]);
    expect(ids({ ...LABELS, dont_care: false })).toEqual([0, 1]);
    const classes = Array.from({ length: 256 }, (_, id): LabelClass => ({ id, name: `${id}`, color: [id, 0, 0] }));
    expect(ids({ ...LABELS, num_classes: 256, classes, dont_care: true })).toHaveLength(256);
  });

  it("is empty where there is nothing to paint", () => {
    expect(ids({ kind: "latent", channels: 8 })).toEqual([]);
  });
});

describe("usesSeed", () => {
  it("asks whether there are latents", () => {
    expect(usesSeed(manifestWith({ input: { kind: "latent", channels: 8 } }))).toBe(true);
    const spade = (latent_channels: number | null) => ({
      family: "spade",
      generator: { architecture: { kind: "spade", latent_channels } },
    });
    expect(usesSeed(manifestWith({ model: spade(256) }))).toBe(true);
    expect(usesSeed(manifestWith({ model: spade(null) }))).toBe(false);
  });

  it("asks whether dropout drops when a picture is made", () => {
    expect(usesSeed(manifestWith())).toBe(false);
    const test_time = { statistics: "batch", dropout: true } as const;
    expect(usesSeed(manifestWith({ test_time }))).toBe(true);
    const model = { family: "pix2pix", generator: { dropout: false } };
    expect(usesSeed(manifestWith({ test_time, model }))).toBe(false);
  });
});

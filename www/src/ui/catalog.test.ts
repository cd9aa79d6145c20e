import { describe, expect, it } from "vitest";
import { manifestWith } from "../engine/fixtures.js";
import { catalogFromJson, summaryOf } from "./catalog.js";

const index = "https://example.org/studio/models/index.json";

describe("catalogFromJson", () => {
  it("resolves bundles beside the list and scenes beside the bundle", () => {
    const json = { models: [{ id: "hills", path: "hills", name: "Hills", scenes: ["scenes/lake.png"] }] };
    expect(catalogFromJson(json, index)).toEqual([
      {
        id: "hills",
        name: "Hills",
        address: "https://example.org/studio/models/hills/",
        scenes: ["https://example.org/studio/models/hills/scenes/lake.png"],
      },
    ]);
  });

  it("takes the id where there is no name, and no scenes where there are none", () => {
    expect(catalogFromJson({ models: [{ id: "a", path: "a/" }] }, index)[0]).toMatchObject({ name: "a", scenes: [] });
  });

  it("leaves out what makes no sense", () => {
    expect(catalogFromJson({ models: [null, 3, { id: 1, path: "x" }, { id: "b" }] }, index)).toEqual([]);
    expect(catalogFromJson("nothing", index)).toEqual([]);
  });
});

describe("summaryOf", () => {
  it("tells what models take", () => {
    const kind = (input: unknown) => summaryOf({ ...manifestWith(), input })?.kind;
    expect(summaryOf(manifestWith())).toEqual({ kind: "labels", labels: 2, width: 256, height: 256, bytes: 5 });
    expect(kind({ kind: "image", channels: 3 })).toBe("photos");
    expect(kind({ kind: "latent", channels: 8 })).toBe("latents");
  });
});

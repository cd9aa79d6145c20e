import { describe, expect, it } from "vitest";

describe("importing without a document", () => {
  it("gives the API, which says that it needs a browser", async () => {
    expect(typeof document).toBe("undefined");
    const { load } = await import("./index.js");
    await expect(load("https://models.test/")).rejects.toMatchObject({ code: "unsupported" });
  });

  it("gives the element's class, and registers nothing", async () => {
    expect(typeof customElements).toBe("undefined");
    const { UnderpaintCanvas } = await import("./element/index.js");
    expect(UnderpaintCanvas.observedAttributes).toContain("brush-size");
    expect(UnderpaintCanvas.observedAttributes).toContain("lang");
  });
});

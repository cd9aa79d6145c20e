import { describe, expect, it } from "vitest";
import { MapStorage } from "./test-paintings.js";
import { VisitMemory } from "./visit-memory.js";

describe("VisitMemory", () => {
  it("knows a tab's own painting after its reload, and another tab's in a new one", () => {
    const [local, first, second] = [new MapStorage(), new MapStorage(), new MapStorage()];
    new VisitMemory([first, local]).rememberPainting("model", "one");
    new VisitMemory([second, local]).rememberPainting("model", "two");
    expect(new VisitMemory([first, local]).painting("model")).toBe("one");
    const fresh = new VisitMemory([new MapStorage(), local]);
    expect([fresh.painting("model"), fresh.lastPainting, fresh.painting("other")]).toEqual(["two", "two", undefined]);
    const memory = new VisitMemory([first, local]);
    memory.rememberPainting("other", "three");
    memory.rememberPainting("model", "four");
    expect(memory.lastPainting).toBe("four");
  });

  it("remembers models that can be found again", () => {
    const memory = new VisitMemory([new MapStorage()]);
    memory.rememberModel({ kind: "address", url: "https://example.org/m/" });
    memory.rememberModel({ kind: "local" });
    expect(memory.origin).toEqual({ kind: "address", url: "https://example.org/m/" });
    memory.rememberModel({ kind: "listed", id: "landscapes" });
    expect(memory.origin).toEqual({ kind: "listed", id: "landscapes" });
  });

  it("makes nothing of what is damaged or forbidden", () => {
    const damaged = new MapStorage();
    for (const text of ["{", "3", "null", '{"kind":"address","url":"javascript:alert(1)"}', '{"kind":"listed"}']) {
      damaged.setItem("underpaint.model", text);
      damaged.setItem("underpaint.paintings", text);
      const memory = new VisitMemory([damaged]);
      expect([memory.origin, memory.painting("kind") === "x"]).toEqual([undefined, false]);
    }
    const deny = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const forbidden = new VisitMemory([{ getItem: deny, setItem: deny }]);
    forbidden.rememberPainting("model", "one");
    expect([forbidden.painting("model"), forbidden.lastPainting, forbidden.origin]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

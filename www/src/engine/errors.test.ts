import { describe, expect, it } from "vitest";
import { UnderpaintError, errorFrom, errorFromWire, isTrap, wireFromError } from "./errors.js";
import { trap } from "./fixtures.js";

describe("errorFrom", () => {
  it("keeps the code of an error that the module threw", () => {
    const thrown = Object.assign(new Error("gone"), { name: "UnderpaintError", code: "device-lost" });
    expect(errorFrom(thrown)).toMatchObject({ code: "device-lost", message: "gone" });
  });

  it("tells a module out of memory from one that trapped", () => {
    expect(errorFrom(trap("out of memory")).code).toBe("out-of-memory");
    expect(errorFrom(new RangeError("Array buffer allocation failed")).code).toBe("out-of-memory");
    expect(errorFrom(trap()).code).toBe("internal");
    expect(isTrap(trap())).toBe(true);
    expect(isTrap(new Error("unreachable"))).toBe(false);
  });

  it("knows cancelled requests, and takes strings and foreign codes", () => {
    expect(errorFrom(new DOMException("stop", "AbortError")).code).toBe("aborted");
    expect(errorFrom("odd")).toMatchObject({ code: "internal", message: "odd" });
    expect(errorFrom(Object.assign(new Error("x"), { code: "ENOENT" })).code).toBe("internal");
  });
});

describe("the wire", () => {
  it("brings an error to the other thread", () => {
    const wire = structuredClone(wireFromError(new UnderpaintError("integrity", "other weights")));
    expect(errorFromWire(wire)).toBeInstanceOf(UnderpaintError);
    expect(errorFromWire(wire)).toMatchObject({ code: "integrity", message: "other weights" });
  });
});

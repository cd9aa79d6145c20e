import { describe, expect, it } from "vitest";
import { moduleChoice, runsRelaxedSimd, runsSimd, worthKeeping, type ModuleBuild } from "./module-choice.js";

const PLAIN: ModuleBuild = { name: "plain", url: "https://example.org/a/underpaint_web_bg.wasm", bytes: 10 };
const RELAXED: ModuleBuild = {
  name: "relaxed",
  url: "https://example.org/a/underpaint_web_relaxed_bg.wasm",
  bytes: 20,
};
const BOTH = [PLAIN, RELAXED];

describe("moduleChoice", () => {
  it("takes relaxed SIMD where the browser has it, and keeps the other in reserve", () => {
    expect(moduleChoice(BOTH, undefined, true)).toEqual([RELAXED, PLAIN]);
    expect(moduleChoice(BOTH, undefined, false)).toEqual([PLAIN]);
  });

  it("takes what there is in a package of one build", () => {
    expect(moduleChoice([PLAIN], undefined, true)).toEqual([PLAIN]);
    expect(moduleChoice([], undefined, true)).toEqual([]);
  });

  it("takes the address that it is given, and knows a listed file's size wherever it lies", () => {
    const cdn = "https://cdn.test/v1/underpaint_web_relaxed_bg.wasm?v=1";
    expect(moduleChoice(BOTH, cdn, false)).toEqual([{ name: "asked", url: cdn, bytes: 20 }]);
    expect(moduleChoice(BOTH, "https://cdn.test/hashed.wasm", true)).toMatchObject([{ bytes: 10 }]);
  });
});

describe("worthKeeping", () => {
  const plain = "assets/underpaint_web_bg-C0_a-9.wasm";
  const relaxed = "assets/underpaint_web_relaxed_bg-B1.wasm";

  it("keeps the one build that is chosen, and all other files", () => {
    expect(worthKeeping(["a.js", plain, relaxed], true)).toEqual(["a.js", relaxed]);
    expect(worthKeeping(["a.js", plain, relaxed], false)).toEqual(["a.js", plain]);
  });

  it("keeps the only build there is", () => {
    expect(worthKeeping(["a.js", plain], true)).toEqual(["a.js", plain]);
  });
});

describe("asking the browser", () => {
  it("knows SIMD, and relaxed SIMD from Chromium 114's engine on", () => {
    const [major = 0, minor = 0] = process.versions.v8.split(".").map(Number);
    expect([runsSimd(), runsRelaxedSimd()]).toEqual([true, major > 11 || (major === 11 && minor >= 4)]);
  });
});

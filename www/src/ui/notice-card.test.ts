// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../engine/errors.js";
import { remediesFor } from "./notice-card.js";

describe("remediesFor", () => {
  it("always offers something to do", () => {
    for (const code of ERROR_CODES) {
      expect(remediesFor(code, false).length).toBeGreaterThan(0);
      expect(remediesFor(code, true).length).toBeGreaterThan(0);
    }
  });

  it("does not send to the CPU what runs there already", () => {
    expect(remediesFor("internal", false)).toContain("use-cpu");
    expect(remediesFor("internal", true)).not.toContain("use-cpu");
  });

  it("reloads the model first when the device was lost", () => {
    expect(remediesFor("device-lost", false)[0]).toBe("reload-model");
  });
});

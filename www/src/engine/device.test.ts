import { describe, expect, it } from "vitest";
import { chooseDevice, probeWebGpu, type Surroundings } from "./device.js";
import { adapterWith, surroundingsWith } from "./fixtures.js";
import { UnderpaintError } from "./errors.js";

async function codeFor(surroundings: Surroundings): Promise<string> {
  return chooseDevice("auto", await probeWebGpu(surroundings, 5)).code;
}

describe("the probe", () => {
  it("takes an adapter that can run the model, and names it", async () => {
    const report = chooseDevice("auto", await probeWebGpu(surroundingsWith(adapterWith())));
    expect(report).toEqual({
      kind: "webgpu",
      adapter: "acme roadrunner",
      reason: "WebGPU: acme roadrunner",
      code: "webgpu",
      detail: "acme roadrunner",
    });
  });

  it("tells a browser without WebGPU from a page that may not use it", async () => {
    expect(await codeFor({ isSecureContext: true, gpu: undefined })).toBe("no-webgpu");
    expect(await codeFor({ isSecureContext: false, gpu: undefined })).toBe("insecure-context");
  });

  it("tells why an adapter will not do", async () => {
    expect(await codeFor(surroundingsWith(null))).toBe("no-adapter");
    const info = { vendor: "google", architecture: "swiftshader", description: "" };
    expect(await codeFor(surroundingsWith(adapterWith({ info })))).toBe("software-adapter");
  });

  it("gives up on an adapter that never comes, and on one that fails", async () => {
    const requestAdapter = (): Promise<null> => new Promise(() => undefined);
    expect(await codeFor({ isSecureContext: true, gpu: { requestAdapter } })).toBe("no-answer");
    const failing = { requestAdapter: () => Promise.reject(new Error("blocked")) };
    expect(await codeFor({ isSecureContext: true, gpu: failing })).toBe("no-adapter");
  });
});

describe("the choice", () => {
  const software = { usable: true, adapter: "swiftshader", software: true } as const;

  it("runs on a software adapter only when WebGPU was asked for", () => {
    expect(chooseDevice("auto", software).kind).toBe("cpu");
    expect(chooseDevice("webgpu", software).kind).toBe("webgpu");
  });

  it("fails instead of falling back when WebGPU was asked for", () => {
    const probe = { usable: false, reason: { code: "no-adapter", detail: "" } } as const;
    expect(() => chooseDevice("webgpu", probe)).toThrow(
      new UnderpaintError("webgpu-unavailable", "WebGPU was asked for, but WebGPU offers no graphics adapter."),
    );
  });

  it("says so when the CPU was asked for", () => {
    expect(chooseDevice("cpu", software).reason).toBe("CPU: as asked");
  });
});

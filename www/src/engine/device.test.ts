import { describe, expect, it } from "vitest";
import { chooseDevice, probeWebGpu, type Surroundings } from "./device.js";
import { adapterWith, manifestWith, surroundingsWith } from "./fixtures.js";
import { UnderpaintError } from "./errors.js";

const manifest = manifestWith();

async function codeFor(surroundings: Surroundings): Promise<string> {
  return chooseDevice("auto", await probeWebGpu(surroundings, manifest, 5)).code;
}

describe("the probe", () => {
  it("takes an adapter that can run the model, and names it", async () => {
    const report = chooseDevice("auto", await probeWebGpu(surroundingsWith(adapterWith()), manifest));
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
    expect(await codeFor(surroundingsWith(adapterWith({ features: new Set() })))).toBe("no-timestamp-query");
    const limits = { maxBufferSize: 1024, maxStorageBufferBindingSize: 2048 };
    expect(await codeFor(surroundingsWith(adapterWith({ limits })))).toBe("limits-too-small");
    const info = { vendor: "google", architecture: "swiftshader", description: "" };
    expect(await codeFor(surroundingsWith(adapterWith({ info })))).toBe("software-adapter");
  });

  it("gives up on an adapter that never comes, and on one that fails", async () => {
    const requestAdapter = (): Promise<null> => new Promise(() => undefined);
    expect(await codeFor({ isSecureContext: true, gpu: { requestAdapter } })).toBe("no-answer");
    const failing = { requestAdapter: () => Promise.reject(new Error("blocked")) };
    expect(await codeFor({ isSecureContext: true, gpu: failing })).toBe("no-adapter");
  });

  it("names the planes that are too large for the adapter", async () => {
    const limits = { maxBufferSize: 1_000_000, maxStorageBufferBindingSize: 1_000_000 };
    const probe = await probeWebGpu(surroundingsWith(adapterWith({ limits })), manifest);
    const reason = { code: "limits-too-small", detail: "1048576 > 1000000 bytes" };
    expect(probe).toEqual({ usable: false, reason });
  });
});

describe("the choice", () => {
  const software = { usable: true, adapter: "swiftshader", software: true } as const;

  it("runs on a software adapter only when WebGPU was asked for", () => {
    expect(chooseDevice("auto", software).kind).toBe("cpu");
    expect(chooseDevice("webgpu", software).kind).toBe("webgpu");
  });

  it("fails instead of falling back when WebGPU was asked for", () => {
    const probe = { usable: false, reason: { code: "no-timestamp-query", detail: "acme" } } as const;
    expect(() => chooseDevice("webgpu", probe)).toThrow(
      new UnderpaintError(
        "webgpu-unavailable",
        "WebGPU was asked for, but the graphics adapter (acme) lacks the feature timestamp-query.",
      ),
    );
  });

  it("says so when the CPU was asked for", () => {
    expect(chooseDevice("cpu", software).reason).toBe("CPU: as asked");
  });
});

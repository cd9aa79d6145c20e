/** Chooses what a generator runs on: WebGPU where the adapter can run it, else the CPU; and says why. */

import { UnderpaintError } from "./errors.js";

/** What a generator runs on. */
export type DeviceKind = "webgpu" | "cpu";

/**
 * Why a device was chosen, for programs (and translators):
 *
 * - `webgpu`: WebGPU is there and can run the model
 * - `asked`: the caller asked for the CPU
 * - `insecure-context`: browsers offer WebGPU to https and localhost only
 * - `no-webgpu`: this browser has no WebGPU
 * - `no-adapter`: it has, but offers no graphics adapter
 * - `no-answer`: it did not answer in time
 * - `software-adapter`: the adapter is emulated on the CPU, which is slower than the CPU itself
 * - `webgpu-failed`: it was tried, and failed
 */
export type DeviceReasonCode =
  | "webgpu"
  | "asked"
  | "insecure-context"
  | "no-webgpu"
  | "no-adapter"
  | "no-answer"
  | "software-adapter"
  | "webgpu-failed";

/** A {@link DeviceReasonCode} with what was found. */
export interface DeviceReason {
  code: DeviceReasonCode;
  /** The adapter's name, or an error's message; may be empty. */
  detail: string;
}

/** What a generator runs on, and why. */
export interface DeviceReport {
  kind: DeviceKind;
  /** The adapter's description; empty on the CPU. */
  adapter: string;
  /** In English, for example `CPU: this browser has no WebGPU`. */
  reason: string;
  /** The same for programs. */
  code: DeviceReasonCode;
  /** What {@link reason} names beside the code: an adapter, an error's message; may be empty. */
  detail: string;
}

/** The part of a `GPUAdapter` that is looked at. */
export interface AdapterView {
  readonly info?: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
}

/** The part of a browser's global scope that is looked at. */
export interface Surroundings {
  readonly isSecureContext: boolean;
  readonly gpu:
    { requestAdapter(options?: { powerPreference?: "high-performance" }): Promise<AdapterView | null> } | undefined;
}

/** What the probe found: an adapter that can run the model, or why not. */
export type Probe = { usable: true; adapter: string; software: boolean } | { usable: false; reason: DeviceReason };

/** Milliseconds after which an adapter that was asked for counts as missing. */
const ADAPTER_DEADLINE = 10_000;

/** Asks the browser for a graphics adapter. Whether a model fits on it, the module tells. */
export async function probeWebGpu(surroundings: Surroundings, deadline: number = ADAPTER_DEADLINE): Promise<Probe> {
  const { gpu, isSecureContext } = surroundings;
  if (gpu === undefined) return unusable(isSecureContext ? "no-webgpu" : "insecure-context");
  const adapter = await requestAdapter(gpu, deadline);
  if (adapter === "no-answer") return unusable("no-answer", `${deadline / 1000} s`);
  if (adapter === null) return unusable("no-adapter");
  return { usable: true, adapter: adapterName(adapter), software: isSoftware(adapter) };
}

/**
 * Decides what to run on.
 *
 * `auto` takes WebGPU unless the probe objects or the adapter is emulated in software.
 *
 * @throws UnderpaintError `webgpu-unavailable` if WebGPU was asked for and the probe objects
 */
export function chooseDevice(asked: "auto" | DeviceKind, probe: Probe): DeviceReport {
  if (asked === "cpu") return cpuReport({ code: "asked", detail: "" });
  if (!probe.usable) {
    if (asked === "auto") return cpuReport(probe.reason);
    throw new UnderpaintError("webgpu-unavailable", `WebGPU was asked for, but ${clause(probe.reason)}.`);
  }
  if (asked === "auto" && probe.software) {
    return cpuReport({ code: "software-adapter", detail: probe.adapter });
  }
  return webGpuReport(probe.adapter);
}

/** The report of running on this adapter; its name may be empty. */
export function webGpuReport(adapter: string): DeviceReport {
  const reason = `WebGPU: ${adapter === "" ? "an adapter that does not tell its name" : adapter}`;
  return { kind: "webgpu", adapter, reason, code: "webgpu", detail: adapter };
}

/** The report of running on the CPU for this reason. */
export function cpuReport(reason: DeviceReason): DeviceReport {
  return { kind: "cpu", adapter: "", reason: `CPU: ${clause(reason)}`, ...reason };
}

function clause({ code, detail }: DeviceReason): string {
  const named = detail === "" ? "" : ` (${detail})`;
  switch (code) {
    case "webgpu":
      return `WebGPU is there${named}`;
    case "asked":
      return "as asked";
    case "insecure-context":
      return "browsers offer WebGPU only to pages from https or localhost";
    case "no-webgpu":
      return "this browser has no WebGPU";
    case "no-adapter":
      return "WebGPU offers no graphics adapter";
    case "no-answer":
      return `WebGPU did not answer within ${detail}`;
    case "software-adapter":
      return `the graphics adapter${named} is emulated in software, which is slower`;
    case "webgpu-failed":
      return `WebGPU failed${detail === "" ? "" : `: ${detail}`}`;
  }
}

function unusable(code: DeviceReasonCode, detail = ""): Probe {
  return { usable: false, reason: { code, detail } };
}

async function requestAdapter(
  gpu: NonNullable<Surroundings["gpu"]>,
  deadline: number,
): Promise<AdapterView | null | "no-answer"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"no-answer">((resolve) => {
    timer = setTimeout(() => resolve("no-answer"), deadline);
  });
  try {
    return await Promise.race([gpu.requestAdapter({ powerPreference: "high-performance" }), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function adapterName({ info }: AdapterView): string {
  if (info === undefined) return "";
  const { vendor, architecture, description } = info;
  return description !== "" ? description : [vendor, architecture].filter((part) => part !== "").join(" ");
}

function isSoftware({ info }: AdapterView): boolean {
  if (info === undefined) return false;
  const names = `${info.vendor} ${info.architecture} ${info.description}`;
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names);
}

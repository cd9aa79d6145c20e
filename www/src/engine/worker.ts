/** The worker's entry: connects {@link WorkerHost} with the global scope and with the WebAssembly module. */

import { MODULES } from "../../pkg/modules.js";
import { UnderpaintError, errorFrom } from "./errors.js";
import { moduleChoice, runsSimd } from "./module-choice.js";
import { downloadModule, type OnModuleBytes } from "./module-download.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { WorkerHost } from "./worker-host.js";
import type { ReaderModule, WasmModule } from "./wasm.js";

/** The part of a dedicated worker's global scope that is used here; TypeScript's DOM types lack it. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
}

const scope = self as unknown as WorkerScope;

const host = new WorkerHost({
  post: (message, transfer) => scope.postMessage(message, transfer),
  startModule,
  startReader,
  fetch: (url, init) => fetch(url, init),
  caches: "caches" in self ? caches : undefined,
  surroundings: { isSecureContext, gpu: "gpu" in navigator ? navigator.gpu : undefined },
  now: () => performance.now(),
});

scope.addEventListener("message", ({ data }) => host.receive(data));
// A trap inside one of the module's own tasks rejects no promise of ours: it arrives here.
scope.addEventListener("error", (event) => {
  event.preventDefault();
  host.crash(event.error ?? new Error(event.message));
});
scope.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  host.crash(event.reason);
});

async function startModule(
  wasmUrl: string | undefined,
  signal: AbortSignal,
  onBytes: OnModuleBytes,
): Promise<WasmModule> {
  const builds = moduleChoice(MODULES, wasmUrl);
  const environment = {
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    signal,
    canRun: runsSimd,
  };
  onBytes(0, builds[0]?.bytes);
  const [glue, module] = await Promise.all([importGlue(), downloadModule(builds, environment, onBytes)]);
  try {
    await glue.default({ module_or_path: module.response });
  } catch (thrown) {
    throw module.startError(thrown);
  }
  return glue;
}

let reader: Promise<ReaderModule> | undefined;

/** Once, and only where somebody opens a weight file. */
function startReader(): Promise<ReaderModule> {
  reader ??= importReader();
  return reader;
}

async function importReader(): Promise<ReaderModule> {
  try {
    const glue = await import("../../pkg/underpaint_checkpoint.js");
    await glue.default();
    return glue;
  } catch (thrown) {
    const { message } = errorFrom(thrown);
    throw new UnderpaintError("network", `The part that reads weight files could not be downloaded: ${message}`, {
      cause: thrown,
    });
  }
}

/** A script that does not arrive is no fault of Underpaint. */
async function importGlue(): Promise<typeof import("../../pkg/underpaint_web.js")> {
  try {
    return await import("../../pkg/underpaint_web.js");
  } catch (thrown) {
    const { message } = errorFrom(thrown);
    throw new UnderpaintError("network", `A script of Underpaint's module could not be downloaded: ${message}`, {
      cause: thrown,
    });
  }
}

/** The worker's entry: connects {@link WorkerHost} with the global scope and with the WebAssembly module. */

import { UnderpaintError, errorFrom } from "./errors.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { WorkerHost } from "./worker-host.js";
import type { WasmModule } from "./wasm.js";

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

async function startModule(wasmUrl: string | undefined, signal: AbortSignal): Promise<WasmModule> {
  const url = wasmUrl ?? new URL("../../pkg/underpaint_web_bg.wasm", import.meta.url).href;
  const [glue, response] = await Promise.all([import("../../pkg/underpaint_web.js"), download(url, signal)]);
  try {
    await glue.default({ module_or_path: response });
  } catch (thrown) {
    throw startError(thrown, url);
  }
  return glue;
}

async function download(url: string, signal: AbortSignal): Promise<Response> {
  let found: string;
  try {
    const response = await fetch(url, { signal });
    if (response.ok) return response;
    found = `HTTP status ${response.status}`;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    found = errorFrom(thrown).message;
  }
  throw new UnderpaintError("network", `Underpaint's module ${url} could not be downloaded: ${found}.`);
}

function startError(thrown: unknown, url: string): UnderpaintError {
  const error = errorFrom(thrown);
  if (error.code !== "internal") return error;
  const hint = /unsafe-eval|content security policy/i.test(error.message)
    ? "The page's Content-Security-Policy has to allow script-src 'wasm-unsafe-eval'."
    : "Is it the right file? It needs a browser with WebAssembly SIMD.";
  return new UnderpaintError("unsupported", `Underpaint's module ${url} does not start (${error.message}). ${hint}`);
}

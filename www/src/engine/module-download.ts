/** Downloads the WebAssembly module: counts its bytes, and tells a cut connection from a file that is no module. */

import { UnderpaintError, errorFrom } from "./errors.js";
import type { ModuleBuild } from "./module-choice.js";

/** Called with the bytes that have arrived, and their number in all where the server or the build tells it. */
export type OnModuleBytes = (loaded: number, total: number | undefined) => void;

/** A module under way: give `response` to the streaming compiler. */
export interface ModuleDownload {
  readonly response: Response;
  /** What to tell when starting the module failed with `thrown`. */
  startError(thrown: unknown): UnderpaintError;
}

/** What downloading needs of its surroundings. */
export interface DownloadEnvironment {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly signal: AbortSignal;
  /** Whether this browser can run such a module at all. */
  readonly canRun: () => boolean;
}

/**
 * Starts the download of the first of the builds that the server has.
 *
 * @throws UnderpaintError `network` when nothing comes, or the server has none of them: about the last
 */
export async function downloadModule(
  builds: readonly ModuleBuild[],
  environment: DownloadEnvironment,
  onBytes: OnModuleBytes,
): Promise<ModuleDownload> {
  const { signal } = environment;
  const { url, bytes: expectedBytes, answered } = await firstOf(builds, environment);
  const length = Number(answered.headers.get("content-length") ?? NaN);
  // Of a compressed answer only the compressed length is known.
  const total = answered.headers.has("content-encoding") || !(length > 0) ? undefined : length;
  const arrived: Arrived = { bytes: 0, failure: undefined };
  const headers = { "content-type": answered.headers.get("content-type") ?? "" };
  const shown = total ?? expectedBytes;
  const counted = answered.body && countedBody(answered.body, arrived, (loaded) => onBytes(loaded, shown));
  return {
    response: new Response(counted, { headers }),
    startError(thrown) {
      if (signal.aborted) return errorFrom(thrown);
      const { bytes, failure } = arrived;
      if (failure !== undefined) return cut(url, `the connection ended after ${bytes} bytes: ${messageOf(failure)}`);
      if (total !== undefined && bytes < total) return cut(url, `expected ${total} bytes, found ${bytes}`);
      return badModule(url, thrown, environment.canRun());
    },
  };
}

interface Arrived {
  bytes: number;
  /** What broke the connection. */
  failure: unknown;
}

async function firstOf(
  builds: readonly ModuleBuild[],
  environment: DownloadEnvironment,
): Promise<ModuleBuild & { answered: Response }> {
  let failure: unknown = new UnderpaintError("internal", "The package lists no module.");
  for (const build of builds) {
    try {
      return { ...build, answered: await fetched(build.url, environment) };
    } catch (thrown) {
      if (environment.signal.aborted) throw thrown;
      failure = thrown;
    }
  }
  throw failure;
}

async function fetched(url: string, { fetch, signal }: DownloadEnvironment): Promise<Response> {
  let found: string;
  try {
    const response = await fetch(url, { signal });
    // Some servers answer with their start page where there is no such file.
    const isPage = /^text\/html\b/.test(response.headers.get("content-type") ?? "");
    if (response.ok && !isPage) return response;
    found = response.ok ? "a web page" : `HTTP status ${response.status}`;
    await response.body?.cancel();
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    found = messageOf(thrown);
  }
  throw cut(url, found);
}

function countedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  arrived: Arrived,
  onBytes: (loaded: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const part = await reader.read();
        if (part.done) return controller.close();
        arrived.bytes += part.value.length;
        onBytes(arrived.bytes);
        controller.enqueue(part.value);
      } catch (thrown) {
        arrived.failure = thrown;
        controller.error(thrown);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The module is there as a whole, and does not start. */
function badModule(url: string, thrown: unknown, canRun: boolean): UnderpaintError {
  const error = errorFrom(thrown);
  if (error.code !== "internal") return error;
  const found = `Underpaint's module ${url} does not start (${error.message}).`;
  if (/unsafe-eval|content security policy/i.test(error.message)) {
    const hint = "The page's Content-Security-Policy has to allow script-src 'wasm-unsafe-eval'.";
    return new UnderpaintError("unsupported", `${found} ${hint}`, { cause: thrown });
  }
  if (!canRun) {
    return new UnderpaintError("unsupported", `${found} It needs a browser with WebAssembly SIMD.`, { cause: thrown });
  }
  // Without a length, an answer that was cut off looks like one that has ended.
  if (isCompileError(thrown)) {
    return new UnderpaintError(
      "network",
      `${found} Did it arrive as a whole, and is it the right file? Load it again.`,
      { cause: thrown },
    );
  }
  return new UnderpaintError("unsupported", `${found} Is it the right file, of this version?`, { cause: thrown });
}

function isCompileError(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && Reflect.get(thrown, "name") === "CompileError";
}

function cut(url: string, found: string): UnderpaintError {
  return new UnderpaintError("network", `Underpaint's module ${url} could not be downloaded: ${found}.`);
}

function messageOf(thrown: unknown): string {
  return errorFrom(thrown).message;
}

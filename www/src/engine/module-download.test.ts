import { describe, expect, it } from "vitest";
import { UnderpaintError } from "./errors.js";
import { runsSimd, type ModuleBuild } from "./module-choice.js";
import { downloadModule, type DownloadEnvironment } from "./module-download.js";

const ADDRESS = "https://example.org/module.wasm";
const BUILDS: readonly ModuleBuild[] = [{ name: "plain", url: ADDRESS }];
/** The smallest WebAssembly module: nothing in it. */
const EMPTY_MODULE = [0, 97, 115, 109, 1, 0, 0, 0];

/** A server that sends some bytes and then ends, or breaks the connection. */
function server(
  bytes: readonly number[],
  headers: Record<string, string>,
  breaks = false,
): DownloadEnvironment["fetch"] {
  return async () => {
    let sent = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!sent) controller.enqueue(Uint8Array.from(bytes));
        else if (breaks) controller.error(new TypeError("network error"));
        else controller.close();
        sent = true;
      },
    });
    return new Response(body, { headers: { "content-type": "application/wasm", ...headers } });
  };
}

function environment(fetch: DownloadEnvironment["fetch"], canRun = true): DownloadEnvironment {
  return { fetch, signal: new AbortController().signal, canRun: () => canRun };
}

/** What is told when the module does not start; undefined when it does. */
async function failure(from: DownloadEnvironment): Promise<UnderpaintError | undefined> {
  const module = await downloadModule(BUILDS, from, () => undefined);
  try {
    await WebAssembly.compile(await module.response.arrayBuffer());
    return undefined;
  } catch (thrown) {
    return module.startError(thrown);
  }
}

describe("downloadModule", () => {
  it("hands the module on and counts its bytes", async () => {
    const counted: (number | undefined)[][] = [];
    const from = environment(server(EMPTY_MODULE, { "content-length": "8" }));
    const { response } = await downloadModule(BUILDS, from, (...bytes) => counted.push(bytes));
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(EMPTY_MODULE);
    expect(response.headers.get("content-type")).toBe("application/wasm");
    expect(counted).toEqual([[8, 8]]);
  });

  it("does not take a compressed length for the module's", async () => {
    const counted: (number | undefined)[][] = [];
    const from = environment(server(EMPTY_MODULE, { "content-length": "5", "content-encoding": "gzip" }));
    await (await downloadModule(BUILDS, from, (...bytes) => counted.push(bytes))).response.arrayBuffer();
    expect(counted).toEqual([[8, undefined]]);
    expect(await failure(from)).toBeUndefined();
    const measured = [{ name: "plain", url: ADDRESS, bytes: 9 }];
    await (await downloadModule(measured, from, (...bytes) => counted.push(bytes))).response.text();
    expect(counted.at(-1)).toEqual([8, 9]);
  });

  it("calls a connection that breaks in the middle the network's fault", async () => {
    const error = await failure(environment(server(EMPTY_MODULE.slice(0, 4), { "content-length": "8" }, true)));
    expect(error?.code).toBe("network");
    expect(error?.message).toContain("after 4 bytes");
  });

  it.each([
    ["with a length", { "content-length": "8" }],
    ["without a length", {}],
  ])("calls an answer that ends early the network's fault, %s", async (_, headers) => {
    expect((await failure(environment(server(EMPTY_MODULE.slice(0, 6), headers))))?.code).toBe("network");
  });

  it("says that the browser cannot run it where that is so", async () => {
    const error = await failure(environment(server([1, 2, 3], {}), false));
    expect([error?.code, error?.message.includes("SIMD")]).toEqual(["unsupported", true]);
    expect(runsSimd()).toBe(true);
  });

  it("names the policy of a page that forbids WebAssembly", async () => {
    const { startError } = await downloadModule(BUILDS, environment(server(EMPTY_MODULE, {})), () => undefined);
    const thrown = new Error("Refused by Content Security Policy: 'unsafe-eval'");
    expect(startError(thrown)).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("wasm-unsafe-eval"),
    });
  });

  it.each([
    ["has no such file", async () => new Response("", { status: 404 })],
    [
      "answers with its start page",
      async () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    ],
    ["cannot be reached for it", () => Promise.reject(new TypeError("Failed to fetch"))],
  ])("takes the next build where the server %s", async (_, first: () => Promise<Response>) => {
    const relaxed = "https://example.org/relaxed.wasm";
    const rest = server(EMPTY_MODULE, {});
    const from = environment((url, init) => (url === relaxed ? first() : rest(url, init)));
    const counted: (number | undefined)[][] = [];
    const builds = [
      { name: "relaxed", url: relaxed, bytes: 3 },
      { name: "plain", url: ADDRESS, bytes: 8 },
    ];
    const { response } = await downloadModule(builds, from, (...bytes) => counted.push(bytes));
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(EMPTY_MODULE);
    expect(counted).toEqual([[8, 8]]);
  });

  it("asks for nothing more once it is cancelled", async () => {
    const stop = new AbortController();
    let asked = 0;
    const from: DownloadEnvironment = {
      fetch: async () => {
        asked += 1;
        stop.abort();
        throw stop.signal.reason;
      },
      signal: stop.signal,
      canRun: () => true,
    };
    await expect(downloadModule([...BUILDS, ...BUILDS], from, () => undefined)).rejects.toThrow();
    expect(asked).toBe(1);
  });

  it("names the status of a server that has no module, and a server that does not answer", async () => {
    const missing = downloadModule(
      BUILDS,
      environment(async () => new Response("", { status: 404 })),
      () => undefined,
    );
    await expect(missing).rejects.toMatchObject({ code: "network", message: expect.stringContaining("404") });
    const silent = downloadModule(
      BUILDS,
      environment(() => Promise.reject(new TypeError("Failed to fetch"))),
      () => undefined,
    );
    await expect(silent).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("Failed to fetch"),
    });
  });
});

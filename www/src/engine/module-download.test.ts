import { describe, expect, it } from "vitest";
import { UnderpaintError } from "./errors.js";
import { downloadModule, runsSimd, type DownloadEnvironment } from "./module-download.js";

const URL = "https://example.org/module.wasm";
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
  const module = await downloadModule(URL, from, () => undefined);
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
    const { response } = await downloadModule(URL, from, (...bytes) => counted.push(bytes));
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(EMPTY_MODULE);
    expect(response.headers.get("content-type")).toBe("application/wasm");
    expect(counted).toEqual([[8, 8]]);
  });

  it("does not take a compressed length for the module's", async () => {
    const counted: (number | undefined)[][] = [];
    const from = environment(server(EMPTY_MODULE, { "content-length": "5", "content-encoding": "gzip" }));
    await (await downloadModule(URL, from, (...bytes) => counted.push(bytes))).response.arrayBuffer();
    expect(counted).toEqual([[8, undefined]]);
    expect(await failure(from)).toBeUndefined();
    await (await downloadModule(URL, { ...from, expectedBytes: 9 }, (...bytes) => counted.push(bytes))).response.text();
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
    const { startError } = await downloadModule(URL, environment(server(EMPTY_MODULE, {})), () => undefined);
    const thrown = new Error("Refused by Content Security Policy: 'unsafe-eval'");
    expect(startError(thrown)).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("wasm-unsafe-eval"),
    });
  });

  it("names the status of a server that has no module, and a server that does not answer", async () => {
    const missing = downloadModule(
      URL,
      environment(async () => new Response("", { status: 404 })),
      () => undefined,
    );
    await expect(missing).rejects.toMatchObject({ code: "network", message: expect.stringContaining("404") });
    const silent = downloadModule(
      URL,
      environment(() => Promise.reject(new TypeError("Failed to fetch"))),
      () => undefined,
    );
    await expect(silent).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("Failed to fetch"),
    });
  });
});

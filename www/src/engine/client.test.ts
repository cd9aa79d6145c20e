import { beforeAll, describe, expect, it, vi } from "vitest";
import { loadWith, type LoadOptions } from "./client.js";
import { UnderpaintError } from "./errors.js";
import {
  FakeCaches,
  FakeModule,
  FakeServer,
  FakeWorker,
  FOLDER,
  LABELS,
  WEIGHTS,
  adapterWith,
  bytesOfJson,
  manifestWith,
  rejection,
  trap,
  type FakeWorkerOptions,
} from "./fixtures.js";
import type { Generator } from "./generator.js";
import { NO_CLASS_ID } from "./manifest.js";
import type { LoadProgress } from "./protocol.js";

beforeAll(() => {
  vi.stubGlobal(
    "ImageData",
    class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  );
});

/** Loads with fake workers and gives those that were started. */
async function loadFake(
  options: FakeWorkerOptions = {},
  loadOptions: LoadOptions = {},
): Promise<{ generator: Generator; workers: FakeWorker[] }> {
  const workers: FakeWorker[] = [];
  const start = (): FakeWorker => {
    const worker = new FakeWorker(options);
    workers.push(worker);
    return worker;
  };
  return { generator: await loadWith(start, FOLDER, loadOptions), workers };
}

function mapOf(...ids: number[]): { ids: Uint8Array; width: number; height: number } {
  return { ids: new Uint8Array(ids), width: ids.length, height: 1 };
}

/** A module whose generations wait until they are let go. */
function heldModule(): { module: FakeModule; letGo: () => Promise<void> } {
  const held: (() => void)[] = [];
  const onGenerate = (): Promise<void> => new Promise((resolve) => held.push(resolve));
  const letGo = async (): Promise<void> => {
    await vi.waitFor(() => expect(held).not.toHaveLength(0));
    held.shift()?.();
  };
  return { module: new FakeModule({ onGenerate }), letGo };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("load", () => {
  it("goes through all stages, and its progress never falls", async () => {
    const told: LoadProgress[] = [];
    const { generator } = await loadFake({}, { onProgress: (progress) => told.push(progress) });
    const stages = told.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1]);
    expect(stages).toEqual(["download", "verify", "upload", "compile", "first-picture"]);
    const fractions = told.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(generator.manifest.name).toBe("Lake");
    expect(generator.bytes).toBe(WEIGHTS.length);
    expect(generator.device.reason).toBe("CPU: WebGPU offers no graphics adapter");
  });

  it("takes files, and leaves them as they are", async () => {
    const weights = new Uint8Array(WEIGHTS);
    const files = { manifest: bytesOfJson(manifestWith()), weights };
    const generator = await loadWith(() => new FakeWorker(), files, {});
    expect(generator.manifest.name).toBe("Lake");
    expect([...weights]).toEqual([...WEIGHTS]);
  });

  it.each([
    ["traps", trap()],
    ["is lost", new UnderpaintError("device-lost", "gone")],
    ["cannot be started", new UnderpaintError("webgpu-unavailable", "no")],
  ])("runs on the CPU, in a new worker, when WebGPU %s", async (_, error) => {
    const module = new FakeModule({ failOn: { device: "webgpu", error } });
    const { generator, workers } = await loadFake({ module, adapter: adapterWith() });
    expect(module.loads).toEqual(["webgpu", "cpu"]);
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(generator.device).toMatchObject({ kind: "cpu", code: "webgpu-failed", detail: error.message });
  });

  it("runs on the CPU when the worker dies while WebGPU is tried", async () => {
    const workers: FakeWorker[] = [];
    const never = (): Promise<never> => new Promise(() => undefined);
    const start = (): FakeWorker => {
      const worker = new FakeWorker({
        adapter: adapterWith(),
        ...(workers.length === 0 ? { startModule: never } : {}),
      });
      workers.push(worker);
      return worker;
    };
    const loading = loadWith(start, FOLDER, {});
    await turn();
    workers[0]?.die("Aw, snap");
    expect((await loading).device.reason).toBe("CPU: WebGPU failed: Underpaint's worker failed: Aw, snap");
  });

  it("does not fall back when WebGPU was asked for, nor from broken weights", async () => {
    const failing = new FakeModule({ failOn: { device: "webgpu", error: trap() } });
    const error = await rejection(loadFake({ module: failing, adapter: adapterWith() }, { device: "webgpu" }));
    expect(error.code).toBe("internal");
    expect((await rejection(loadFake({}, { device: "webgpu" }))).code).toBe("webgpu-unavailable");
    const module = new FakeModule();
    const server = FakeServer.withBundle(manifestWith(), new Uint8Array(5));
    const damaged = await rejection(loadFake({ module, server, adapter: adapterWith() }));
    expect(damaged.code).toBe("integrity");
    expect(damaged.message).toContain(`${FOLDER}weights.safetensors: expected`);
    expect(module.loads).toEqual(["webgpu", "webgpu"]);
  });

  it("says what does not fit before it loads anything", async () => {
    const tooLarge = new UnderpaintError("out-of-memory", "weights need 9000 MB, it allows 4032 MB");
    const module = new FakeModule({ tooLarge });
    const error = await rejection(loadFake({ module }, { device: "cpu" }));
    expect([error.code, error.message]).toEqual(["out-of-memory", tooLarge.message]);
    expect(module.checks).toEqual(["cpu"]);
    expect(module.loads).toEqual([]);
  });

  it("names a trap that no promise tells of, instead of waiting for ever", async () => {
    const worker = new FakeWorker({ startModule: () => new Promise(() => undefined) });
    const loading = rejection(loadWith(() => worker, FOLDER, { device: "cpu" }));
    await turn();
    worker.host.crash(trap("memory: out of memory"));
    expect((await loading).code).toBe("out-of-memory");
    expect(worker.terminated).toBe(true);
  });

  it("stops when told to, before and while loading", async () => {
    const stop = new AbortController();
    const worker = new FakeWorker({ startModule: () => new Promise(() => undefined) });
    const loading = rejection(loadWith(() => worker, FOLDER, { signal: stop.signal }));
    await turn();
    stop.abort();
    expect((await loading).code).toBe("aborted");
    expect(worker.terminated).toBe(true);
    expect((await rejection(loadFake({}, { signal: stop.signal }))).code).toBe("aborted");
  });

  it("fails when the module cannot be downloaded, and stops the rest", async () => {
    const startModule = (): Promise<never> => Promise.reject(new UnderpaintError("network", "module: status 404"));
    expect((await rejection(loadFake({ startModule }))).message).toBe("module: status 404");
  });

  it("says where a worker belongs that cannot be started", async () => {
    const worker = new FakeWorker({ startModule: () => new Promise(() => undefined) });
    const loading = rejection(loadWith(() => worker, FOLDER, {}));
    worker.die("");
    expect(await loading).toMatchObject({ code: "network", message: expect.stringContaining("worker.js") });
  });

  it("refuses what is no address", async () => {
    expect((await rejection(loadWith(() => new FakeWorker(), "no base", {}))).code).toBe("bad-input");
  });
});

describe("the cache", () => {
  it("is filled with weights that were verified, and used the next time", async () => {
    const caches = new FakeCaches();
    const server = FakeServer.withBundle();
    await loadFake({ caches, server });
    await turn();
    server.requests.length = 0;
    await loadFake({ caches, server });
    expect(server.requests).toEqual([`${FOLDER}manifest.json`]);
  });

  it("loses an entry that is damaged, and the weights are fetched once more", async () => {
    const caches = new FakeCaches();
    const server = FakeServer.withBundle();
    await loadFake({ caches, server });
    await turn();
    const key = [...caches.entries.keys()].find((name) => name.includes("/weights/")) ?? "";
    caches.entries.set(key, new Uint8Array([9, 9, 9, 9, 9]));
    const { generator } = await loadFake({ caches, server });
    await turn();
    expect(generator.manifest.name).toBe("Lake");
    expect([...(caches.entries.get(key) ?? [])]).toEqual([...WEIGHTS]);
  });

  it("never keeps weights that fail, nor anything when told not to", async () => {
    const caches = new FakeCaches();
    await rejection(loadFake({ caches, server: FakeServer.withBundle(manifestWith(), new Uint8Array(5)) }));
    await loadFake({ caches }, { cache: false });
    await turn();
    expect(caches.entries.size).toBe(0);
  });
});

describe("generate", () => {
  it("gives a picture of the input's size and leaves the caller's ids alone", async () => {
    const { generator } = await loadFake();
    const map = mapOf(0, 1, 1);
    const { image, seed, latency } = await generator.generate(map, { seed: 7 });
    expect([image.width, image.height]).toEqual([3, 1]);
    expect([...image.data]).toEqual([0, 0, 7, 255, 1, 0, 7, 255, 1, 0, 7, 255]);
    expect(seed).toBe(7);
    expect(latency).toBeGreaterThanOrEqual(0);
    expect([...map.ids]).toEqual([0, 1, 1]);
  });

  it("lets the latest win: one runs, one waits, those between are superseded", async () => {
    const { module, letGo } = heldModule();
    const { generator } = await loadFake({ module });
    const first = generator.generate(mapOf(0, 0));
    await turn();
    const second = rejection(generator.generate(mapOf(0, 1)));
    const third = rejection(generator.generate(mapOf(1, 0)));
    const last = generator.generate(mapOf(1, 1));
    expect((await second).code).toBe("superseded");
    expect((await third).code).toBe("superseded");
    await letGo();
    await first;
    await turn();
    await letGo();
    expect((await last).image.data[0]).toBe(1);
    expect(module.generated).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it("takes the ids as they are when it is called", async () => {
    const { module, letGo } = heldModule();
    const { generator } = await loadFake({ module });
    void generator.generate(mapOf(0));
    const map = mapOf(1);
    const waiting = generator.generate(map);
    map.ids.fill(0);
    await turn();
    await letGo();
    await turn();
    await letGo();
    expect((await waiting).image.data[0]).toBe(1);
  });

  it("cancels a request, waiting or running, and goes on", async () => {
    const { module, letGo } = heldModule();
    const { generator } = await loadFake({ module });
    const stop = new AbortController();
    const running = rejection(generator.generate(mapOf(0), { signal: stop.signal }));
    const waiting = rejection(generator.generate(mapOf(1), { signal: stop.signal }));
    await turn();
    stop.abort();
    expect((await running).code).toBe("aborted");
    expect((await waiting).code).toBe("aborted");
    const next = generator.generate(mapOf(1, 1));
    await letGo();
    await turn();
    await letGo();
    expect((await next).image.width).toBe(2);
    expect(module.generated).toEqual([[0], [1, 1]]);
  });

  it("refuses what does not fit, naming expected and found", async () => {
    const { generator } = await loadFake();
    const short = await rejection(generator.generate({ ids: new Uint8Array(3), width: 2, height: 2 }));
    expect(short).toMatchObject({ code: "bad-input", message: "a label map of 2×2: expected 4 bytes, found 3" });
    expect((await rejection(generator.generate(mapOf()))).code).toBe("bad-input");
    expect((await rejection(generator.generate(mapOf(0), { seed: -1 }))).code).toBe("bad-input");
    const photo = new ImageData(new Uint8ClampedArray(4), 1, 1);
    expect((await rejection(generator.generate(photo))).message).toContain("takes label maps");
  });

  it("goes on after a request that fails", async () => {
    let fail = true;
    const onGenerate = async (): Promise<void> => {
      if (fail) throw new UnderpaintError("out-of-memory", "too large");
    };
    const { generator } = await loadFake({ module: new FakeModule({ onGenerate }) });
    expect((await rejection(generator.generate(mapOf(0)))).code).toBe("out-of-memory");
    fail = false;
    expect((await generator.generate(mapOf(1))).image.data[0]).toBe(1);
  });
});

describe("a generator that takes pictures", () => {
  const { classes } = LABELS;
  const input = { kind: "image", channels: 3, value_range: [-1, 1] } as const;

  it("is painted with the colours of its palette", async () => {
    const manifest = manifestWith({ input: { ...input, value_range: [-1, 1], palette: classes } });
    const module = new FakeModule();
    const { generator } = await loadFake({ module, server: FakeServer.withBundle(manifest) });
    await generator.generate(mapOf(1, 0));
    expect(module.generated).toEqual([[0, 0, 255, 255, 10, 20, 30, 255]]);
    const error = await rejection(generator.generate(mapOf(0, 5)));
    expect(error).toMatchObject({ code: "bad-input", message: "Class 5 at pixel 1 is none of the model's 2." });
  });

  it("takes photos alone where it has no palette", async () => {
    const manifest = manifestWith({ input: { ...input, value_range: [-1, 1], palette: [] } });
    const module = new FakeModule();
    const { generator } = await loadFake({ module, server: FakeServer.withBundle(manifest) });
    await generator.generate(new ImageData(new Uint8ClampedArray([1, 2, 3, 4]), 1, 1));
    expect(module.generated).toEqual([[1, 2, 3, 4]]);
    expect((await rejection(generator.generate(mapOf(0)))).message).toContain("takes pictures");
  });
});

describe("a generator that takes nothing but a seed", () => {
  const input = { kind: "latent", channels: 8 } as const;
  const size = { width: 3, height: 2, multiple: 1 };
  const server = FakeServer.withBundle(manifestWith({ input, size }));

  it("makes a picture of the manifest's size, another for another seed", async () => {
    const { generator } = await loadFake({ server });
    const { image } = await generator.generate();
    expect([image.width, image.height, image.data[2]]).toEqual([3, 2, 0]);
    const other = await generator.generate(null, { seed: 7 });
    expect([other.image.data[2], other.seed]).toEqual([7, 7]);
  });

  it("is asked for a class of each attribute, by name", async () => {
    const attributes = [{ name: "Main", classes: ["cat", "dog"] }];
    const module = new FakeModule();
    const pets = FakeServer.withBundle(manifestWith({ input: { ...input, attributes }, size }));
    const { generator } = await loadFake({ module, server: pets });
    await generator.generate(null, { classes: { Main: "dog" } });
    const [seed, ...name] = module.generated.at(-1) ?? [];
    expect([seed, String.fromCharCode(...name)]).toEqual([0, "Main=dog"]);
    expect(await rejection(generator.generate(null, { classes: { Main: "cow" } }))).toMatchObject({
      code: "bad-input",
      message: "classes: expected Main: cat, dog; found Main: cow",
    });
    const { generator: without } = await loadFake({ server });
    expect((await rejection(without.generate(null, { classes: { Main: "cat" } }))).message).toContain("no classes");
  });

  it("takes neither label map nor picture", async () => {
    const { generator } = await loadFake({ server });
    expect(await rejection(generator.generate(mapOf(0)))).toMatchObject({
      code: "bad-input",
      message: "Lake makes pictures from a seed alone: expected null in place of an input, found a label map.",
    });
    const photo = new ImageData(new Uint8ClampedArray(4), 1, 1);
    expect((await rejection(generator.generate(photo))).message).toContain("found a picture");
  });

  it("is another than one that takes label maps", async () => {
    const { generator } = await loadFake();
    expect(await rejection(generator.generate())).toMatchObject({
      code: "bad-input",
      message: "Lake takes label maps: expected ids, found nothing.",
    });
  });
});

describe("a generator with a channel for pixels of no class", () => {
  it("is given their id as it is", async () => {
    const module = new FakeModule();
    const manifest = manifestWith({ input: { ...LABELS, dont_care: true } });
    const { generator } = await loadFake({ module, server: FakeServer.withBundle(manifest) });
    await generator.generate(mapOf(1, NO_CLASS_ID));
    expect(module.generated).toEqual([[1, 255]]);
  });
});

describe("the end", () => {
  it("rejects what is not answered when it is disposed of, and everything after", async () => {
    const { generator, workers } = await loadFake({ module: heldModule().module });
    const lost = vi.fn();
    generator.onLost = lost;
    const running = rejection(generator.generate(mapOf(0)));
    const waiting = rejection(generator.generate(mapOf(1)));
    await turn();
    generator.dispose();
    generator.dispose();
    expect((await running).code).toBe("aborted");
    expect((await waiting).code).toBe("aborted");
    expect((await rejection(generator.generate(mapOf(0)))).code).toBe("aborted");
    expect(workers[0]?.terminated).toBe(true);
    expect(lost).not.toHaveBeenCalled();
  });

  it.each([
    ["the device is lost", new UnderpaintError("device-lost", "gone"), "device-lost"],
    ["the module traps", trap(), "internal"],
  ])("is told once when %s", async (_, thrown, code) => {
    const onGenerate = (): Promise<never> => Promise.reject(thrown);
    const { generator, workers } = await loadFake({ module: new FakeModule({ onGenerate }) });
    const lost = vi.fn();
    generator.onLost = lost;
    expect((await rejection(generator.generate(mapOf(0)))).code).toBe(code);
    expect((await rejection(generator.generate(mapOf(0)))).code).toBe(code);
    expect(lost).toHaveBeenCalledOnce();
    expect(workers[0]?.terminated).toBe(true);
  });

  it("is told when the worker dies", async () => {
    const { generator, workers } = await loadFake({ module: heldModule().module });
    const lost = vi.fn();
    generator.onLost = lost;
    const running = rejection(generator.generate(mapOf(0)));
    await turn();
    workers[0]?.die("Aw, snap");
    expect((await running).message).toContain("Aw, snap");
    expect(lost).toHaveBeenCalledOnce();
  });

  it("is told when the graphics device goes while nothing runs", async () => {
    let resolve = (_: { message: string }): void => undefined;
    const promise = new Promise<{ message: string }>((settle) => (resolve = settle));
    const { generator } = await loadFake({ module: new FakeModule({ lost: promise }), adapter: adapterWith() });
    const lost = vi.fn();
    generator.onLost = lost;
    resolve({ message: "unplugged" });
    await turn();
    expect(lost).toHaveBeenCalledWith(expect.objectContaining({ code: "device-lost" }));
    expect((await rejection(generator.generate(mapOf(0)))).message).toContain("(unplugged)");
  });

  it("says what the module said when it trapped", async () => {
    const onGenerate = (): Promise<never> => Promise.reject(trap());
    const module = new FakeModule({ onGenerate, panic: "index out of range, src/unet.rs:7" });
    const { generator } = await loadFake({ module });
    const error = await rejection(generator.generate(mapOf(0)));
    expect(error.message).toBe("Underpaint's module stopped: index out of range, src/unet.rs:7");
  });

  it("is told of a trap that no promise tells of", async () => {
    const { generator, workers } = await loadFake({ module: heldModule().module });
    const running = rejection(generator.generate(mapOf(0)));
    await turn();
    workers[0]?.host.crash(trap());
    expect((await running).code).toBe("internal");
  });
});

describe("instances", () => {
  const edged = manifestWith({ input: { ...LABELS, edges: true } });

  it("reach the module as a copy; without them it gets none", async () => {
    const module = new FakeModule();
    const { generator } = await loadFake({ module, server: FakeServer.withBundle(edged) });
    const instances = Uint16Array.of(1000, 65_535);
    const asked = generator.generate({ ...mapOf(1, 1), instances });
    instances.fill(0);
    await asked;
    await generator.generate(mapOf(1, 1));
    expect(module.instances).toEqual([[1000, 65_535], undefined]);
    expect(instances).toHaveLength(2);
  });

  it("are refused where they do not fit, or where the model does not tell objects apart", async () => {
    const { generator } = await loadFake({ server: FakeServer.withBundle(edged) });
    const short = generator.generate({ ...mapOf(1, 1), instances: new Uint16Array(3) });
    await expect(short).rejects.toMatchObject({ code: "bad-input", message: /2×1: expected 2 numbers, found 3/ });
    const bytes = new Uint8Array(2) as unknown as Uint16Array;
    const narrow = generator.generate({ ...mapOf(1, 1), instances: bytes });
    await expect(narrow).rejects.toMatchObject({ code: "bad-input", message: /expected a Uint16Array/ });
    const { generator: plain } = await loadFake();
    const unused = plain.generate({ ...mapOf(1, 1), instances: new Uint16Array(2) });
    await expect(unused).rejects.toMatchObject({ code: "bad-input", message: /does not tell objects apart/ });
  });
});

// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { loadWith, type LoadOptions } from "../engine/client.js";
import { FakeModule, FakeServer, FakeWorker, FOLDER, manifestWith, rejection } from "../engine/fixtures.js";
import { UnderpaintError } from "../engine/errors.js";
import * as commands from "../state/commands.js";
import { Studio } from "../state/studio.js";
import { ElementSession, type Wish } from "./session.js";

const wish: Wish = { model: FOLDER, scene: undefined };
let studio: Studio;
let workers: FakeWorker[];
let session: ElementSession;

/** A session whose workers are fake; `module` gives each its module. */
function sessionWith(module: () => FakeModule = () => new FakeModule(), manifest = manifestWith()): ElementSession {
  const start = (): FakeWorker => {
    const worker = new FakeWorker({ module: module(), server: FakeServer.withBundle(manifest) });
    workers.push(worker);
    return worker;
  };
  return new ElementSession(studio, (bundle, options: LoadOptions = {}) => loadWith(start, bundle, options));
}

beforeEach(() => {
  const size = { height: 2, width: 2, multiple: 1 };
  studio = new Studio();
  workers = [];
  session = sessionWith(undefined, manifestWith({ size }));
});

afterEach(() => {
  session.close();
  vi.unstubAllGlobals();
});

describe("opening a model", () => {
  it("shows how far it is, then an empty label map of the model's size and its picture", async () => {
    const phases: string[] = [];
    studio.store.watch(
      ({ loading }) => loading.phase,
      (phase) => phases.push(phase),
    );
    await session.open(wish);
    expect(phases).toEqual(["loading", "ready"]);
    expect([studio.state.map?.width, studio.state.map?.height]).toEqual([2, 2]);
    await vi.waitFor(() => expect(studio.state.picture?.image.width).toBe(2));
  });

  it("begins with the label map that was given before", async () => {
    session.show(new LabelMap(2, 2, new Uint8Array([0, 1, 1, 0])));
    await session.open(wish);
    expect([...(studio.state.map?.ids ?? [])]).toEqual([0, 1, 1, 0]);
  });

  it("works with an empty map when the scene cannot be had, and says so", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    const failures: UnderpaintError[] = [];
    session.onError = (error) => failures.push(error);
    await session.open({ ...wish, scene: "https://models.test/none.png" });
    expect(studio.state.loading.phase).toBe("ready");
    expect(failures.map(({ code, message }) => [code, message])).toEqual([
      ["network", "The scene https://models.test/none.png could not be downloaded: HTTP status 404."],
    ]);
  });

  it("shows a failure, and can try again", async () => {
    expect((await rejection(session.open({ ...wish, model: "https://models.test/none/" }))).code).toBe("network");
    expect(studio.state.loading).toMatchObject({ phase: "failed", error: { code: "network" } });
    await session.open(wish);
    expect(studio.state.loading.phase).toBe("ready");
  });

  it("gives up a model that another takes the place of, without a word of failure", async () => {
    const first = rejection(session.open(wish));
    const second = session.open(wish);
    expect((await first).code).toBe("aborted");
    await second;
    expect(studio.state.loading.phase).toBe("ready");
    expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
  });
});

describe("an open model", () => {
  it("is let go with its worker, and the painting stays", async () => {
    await session.open(wish);
    session.show(new LabelMap(2, 2, new Uint8Array([1, 1, 1, 1])));
    session.close();
    expect(workers[0]?.terminated).toBe(true);
    expect(studio.state.loading.phase).toBe("none");
    expect((await rejection(session.generate())).code).toBe("bad-input");
    await session.open(wish);
    expect([...(studio.state.map?.ids ?? [])]).toEqual([1, 1, 1, 1]);
  });

  it("shows that it was lost, and tells so", async () => {
    const failures: string[] = [];
    session.onError = ({ code }) => failures.push(code);
    await session.open(wish);
    workers[0]?.die("Aw, snap");
    await vi.waitFor(() => expect(studio.state.loading.phase).toBe("failed"));
    expect(failures).toEqual(["internal"]);
    expect(session.generator).toBeUndefined();
  });
});

describe("a model that takes nothing but a seed", () => {
  it("has no label map, and another picture for every seed", async () => {
    const size = { height: 2, width: 3, multiple: 1 };
    session = sessionWith(undefined, manifestWith({ input: { kind: "latent", channels: 8 }, size }));
    await session.open({ ...wish, scene: "https://models.test/unused.png" });
    expect(studio.state.map).toBeUndefined();
    const { image } = await session.generate();
    expect([image.width, image.height]).toEqual([3, 2]);
    commands.setSeed(studio, 9);
    await vi.waitFor(() => expect(studio.state.picture).toMatchObject({ seed: 9 }));
  });
});

describe("an explicit generate", () => {
  const full = (id: number) => new LabelMap(2, 2, new Uint8Array(4).fill(id));

  /** The fake module's red sample is the class id. */
  const red = async (): Promise<number | undefined> => (await session.generate()).image.data[0];

  it("gives a picture right after loading and right after a new label map", async () => {
    await session.open(wish);
    expect(await red()).toBe(0);
    session.show(full(1));
    expect(await red()).toBe(1);
    expect(studio.state.picture?.image.data[0]).toBe(1);
  });

  it("gives the newest picture to everybody while painting goes on", async () => {
    await session.open(wish);
    const asked: Promise<number | undefined>[] = [];
    for (const id of [1, 0, 1, 0, 1]) {
      session.show(full(id));
      asked.push(red());
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    const answers = await Promise.all(asked);
    expect(answers.at(-1)).toBe(1);
    expect(studio.state.picture?.image.data[0]).toBe(1);
  });

  it("is aborted when the model is let go, and fails when it is lost", async () => {
    await session.open(wish);
    const dropped = rejection(session.generate());
    session.close();
    expect((await dropped).code).toBe("aborted");
    await session.open(wish);
    const lost = rejection(session.generate());
    workers[1]?.die("Aw, snap");
    expect((await lost).code).toBe("internal");
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { stampBrush } from "../canvas/stroke.js";
import { UnderpaintError } from "../engine/errors.js";
import * as commands from "./commands.js";
import { LiveGeneration, type LiveClock, type LiveRequest } from "./live.js";
import { Studio } from "./studio.js";
import type { GeneratedPicture } from "./studio-state.js";
import { latentModel, photoModel, testDevice, testModel } from "./test-model.js";

/** Frames and visibility by hand. */
class TestClock implements LiveClock {
  hidden = false;
  private frames: (() => void)[] = [];
  private listeners = new Set<() => void>();

  nextFrame(callback: () => void): () => void {
    this.frames.push(callback);
    return () => {
      this.frames = this.frames.filter((frame) => frame !== callback);
    };
  }

  isHidden(): boolean {
    return this.hidden;
  }

  onVisibility(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  get waitingFrames(): number {
    return this.frames.length;
  }

  frame(): void {
    const frames = this.frames;
    this.frames = [];
    for (const callback of frames) callback();
  }

  show(): void {
    this.hidden = false;
    for (const listener of this.listeners) listener();
  }
}

interface Call {
  readonly request: LiveRequest;
  /** The ids as they were when asked. */
  readonly ids: Uint8Array;
  readonly resolve: (picture: GeneratedPicture) => void;
  readonly reject: (error: unknown) => void;
}

let studio: Studio;
let clock: TestClock;
let live: LiveGeneration;
let calls: Call[];

const generate = (request: LiveRequest): Promise<GeneratedPicture> =>
  new Promise((resolve, reject) => {
    const ids = request.input && "ids" in request.input ? request.input.ids.slice() : new Uint8Array(0);
    calls.push({ request, ids, resolve, reject });
  });

function picture(seed: number): GeneratedPicture {
  const image: ImageData = { width: 1, height: 1, data: new Uint8ClampedArray(4), colorSpace: "srgb" };
  return { image, latency: 10, seed };
}

function paint(id: number): void {
  studio.painting?.apply("brush", (map) => stampBrush(map, { pointInImage: { x: 5, y: 5 }, size: 3 }, id));
}

/** Lets promises settle. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  studio = new Studio();
  clock = new TestClock();
  live = new LiveGeneration(studio, clock);
  calls = [];
  commands.modelReady(studio, testModel, testDevice);
  live.use(generate);
  clock.frame();
});

describe("LiveGeneration", () => {
  it("asks a new generator at once", () => {
    expect(calls).toHaveLength(1);
    expect(studio.state.generation).toEqual({ phase: "running" });
  });

  it("asks once a frame however much is painted, with the newest map", () => {
    for (const id of [1, 2, 3]) paint(id);
    expect(clock.waitingFrames).toBe(1);
    clock.frame();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.ids[5 * 32 + 5]).toBe(3);
    clock.frame();
    expect(calls).toHaveLength(2);
  });

  it("shows the newest picture and drops one that comes after it", async () => {
    paint(1);
    clock.frame();
    calls[1]?.resolve(picture(2));
    await settled();
    expect([studio.state.picture?.seed, studio.state.generation.phase]).toEqual([2, "running"]);
    calls[0]?.resolve(picture(1));
    await settled();
    expect([studio.state.picture?.seed, studio.state.generation.phase]).toEqual([2, "idle"]);
  });

  it("takes superseded requests for what they are", async () => {
    paint(1);
    clock.frame();
    calls[0]?.reject(new UnderpaintError("superseded", "newer"));
    await settled();
    expect(studio.state.generation).toEqual({ phase: "running" });
    calls[1]?.resolve(picture(9));
    await settled();
    expect(studio.state.generation).toEqual({ phase: "idle" });
  });

  it("reports an error and tries again at the next change", async () => {
    calls[0]?.reject(new UnderpaintError("out-of-memory", "too much"));
    await settled();
    expect(studio.state.generation).toEqual({ phase: "failed", error: { code: "out-of-memory", message: "too much" } });
    paint(1);
    clock.frame();
    calls[1]?.resolve(picture(5));
    await settled();
    expect([studio.state.picture?.seed, studio.state.generation.phase]).toEqual([5, "idle"]);
  });

  it("survives a generator that throws instead of rejecting", async () => {
    live.use(() => {
      throw new Error("broken");
    });
    clock.frame();
    await settled();
    expect(studio.state.generation).toEqual({ phase: "failed", error: { code: "internal", message: "broken" } });
  });

  it("asks no more once the device is lost, until there is another generator", async () => {
    calls[0]?.reject(new UnderpaintError("device-lost", "gone"));
    await settled();
    paint(1);
    clock.frame();
    expect(calls).toHaveLength(1);
    expect(studio.state.generation.phase).toBe("failed");
    live.use(generate);
    clock.frame();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.ids[5 * 32 + 5]).toBe(1);
  });

  it("drops answers of a generator that is not used any more", async () => {
    live.use(undefined);
    calls[0]?.resolve(picture(1));
    await settled();
    expect([studio.state.picture, studio.state.generation.phase]).toEqual([undefined, "idle"]);
  });

  it("listens to the page only while there is a generator, so that nothing outside keeps it", async () => {
    expect(clock.listenerCount).toBe(1);
    live.use(generate);
    expect(clock.listenerCount).toBe(1);
    live.use(undefined);
    expect([clock.listenerCount, clock.waitingFrames]).toEqual([0, 0]);
    live.use(generate);
    clock.frame();
    calls.at(-1)?.reject(new UnderpaintError("device-lost", "gone"));
    await settled();
    expect(clock.listenerCount).toBe(0);
  });

  it("waits while the page is hidden and asks once it is shown", () => {
    clock.hidden = true;
    paint(1);
    paint(2);
    expect(clock.waitingFrames).toBe(0);
    clock.show();
    clock.frame();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.ids[5 * 32 + 5]).toBe(2);
  });

  it("a page hidden between change and frame loses nothing", () => {
    paint(1);
    clock.hidden = true;
    clock.frame();
    expect(calls).toHaveLength(1);
    clock.show();
    clock.frame();
    expect(calls).toHaveLength(2);
  });

  it("follows the seed, and asks by hand when live generation is off", () => {
    commands.setSeed(studio, 77);
    clock.frame();
    expect(calls[1]?.request.seed).toBe(77);
    commands.setLiveEnabled(studio, false);
    paint(1);
    clock.frame();
    expect(calls).toHaveLength(2);
    live.request();
    clock.frame();
    expect(calls).toHaveLength(3);
    paint(2);
    commands.setLiveEnabled(studio, true);
    clock.frame();
    expect(calls).toHaveLength(4);
  });

  it("gives photo models the photo, and asks nothing before there is one", () => {
    commands.modelReady(studio, photoModel, testDevice);
    clock.frame();
    expect(calls).toHaveLength(1);
    const photo: ImageData = { width: 32, height: 24, data: new Uint8ClampedArray(32 * 24 * 4), colorSpace: "srgb" };
    commands.openPhoto(studio, photo);
    clock.frame();
    expect(calls[1]?.request.input).toBe(photo);
  });

  it("gives models that are not painted for nothing but each new seed, also when live generation is off", () => {
    commands.modelReady(studio, latentModel, testDevice);
    commands.setLiveEnabled(studio, false);
    clock.frame();
    commands.setSeed(studio, 9);
    clock.frame();
    expect(calls.slice(1).map(({ request }) => request)).toEqual([
      { input: null, seed: 0, classes: {} },
      { input: null, seed: 9, classes: {} },
    ]);
  });

  it("asks for the class that is chosen, of those that the model knows", () => {
    const attributes = [{ name: "Main", classes: ["cat", "dog"] }];
    commands.modelReady(studio, { ...latentModel, attributes }, testDevice);
    clock.frame();
    commands.askForClass(studio, "Main", "dog");
    clock.frame();
    expect(calls.at(-1)?.request).toEqual({ input: null, seed: 0, classes: { Main: "dog" } });
    commands.modelReady(studio, latentModel, testDevice);
    clock.frame();
    expect(calls.at(-1)?.request.classes).toEqual({});
    commands.modelReady(studio, { ...latentModel, attributes }, testDevice);
    commands.askForClass(studio, "Main", undefined);
    clock.frame();
    expect(calls.at(-1)?.request.classes).toEqual({});
  });

  it("asks nothing after dispose", async () => {
    paint(1);
    live.dispose();
    clock.frame();
    paint(2);
    clock.frame();
    calls[0]?.resolve(picture(3));
    await settled();
    expect(calls).toHaveLength(1);
    expect(studio.state.picture).toBeUndefined();
  });
});

describe("a picture asked for at once", () => {
  it("takes the place of the frame's request, with the newest map", async () => {
    paint(3);
    const asked = live.now();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.ids[5 * 32 + 5]).toBe(3);
    clock.frame();
    expect(calls).toHaveLength(2);
    calls[1]?.resolve(picture(7));
    expect((await asked).seed).toBe(7);
    expect(studio.state.picture?.seed).toBe(7);
  });

  it("is the newer one when painting overtakes it, and no older one", async () => {
    let seed = 0;
    const asked = live.now().then((answer) => (seed = answer.seed));
    calls[0]?.resolve(picture(1));
    paint(1);
    clock.frame();
    calls[1]?.reject(new UnderpaintError("superseded", "newer"));
    await settled();
    expect(seed).toBe(0);
    calls[2]?.resolve(picture(3));
    await asked;
    expect(seed).toBe(3);
  });

  it("is given to everybody who asked, however many superseded each other", async () => {
    const asked = Promise.all([live.now(), live.now(), live.now()]);
    calls[1]?.reject(new UnderpaintError("superseded", "newer"));
    calls[2]?.reject(new UnderpaintError("superseded", "newer"));
    calls[3]?.resolve(picture(5));
    expect((await asked).map(({ seed }) => seed)).toEqual([5, 5, 5]);
  });

  it("comes while the page is hidden, and without live generation", async () => {
    commands.setLiveEnabled(studio, false);
    clock.hidden = true;
    const asked = live.now();
    calls[1]?.resolve(picture(2));
    expect((await asked).seed).toBe(2);
  });

  it("fails as the generator does, and with it when it is let go", async () => {
    const failing = live.now();
    calls[1]?.reject(new UnderpaintError("out-of-memory", "too much"));
    await expect(failing).rejects.toMatchObject({ code: "out-of-memory" });
    const dropped = live.now();
    live.use(undefined);
    calls[2]?.reject(new UnderpaintError("aborted", "disposed of"));
    await expect(dropped).rejects.toMatchObject({ code: "aborted" });
    await expect(live.now()).rejects.toMatchObject({ code: "device-lost" });
  });

  it("needs something to make a picture of", async () => {
    commands.modelReady(studio, photoModel, testDevice);
    await expect(live.now()).rejects.toMatchObject({ code: "bad-input" });
  });
});

import { describe, expect, it, vi } from "vitest";
import type { ModelFiles, LoadOptions } from "../engine/client.js";
import { chooseDevice } from "../engine/device.js";
import { UnderpaintError } from "../engine/errors.js";
import { manifestWith } from "../engine/fixtures.js";
import type { Generator } from "../engine/generator.js";
import * as commands from "../state/commands.js";
import { LiveGeneration } from "../state/live.js";
import { Studio } from "../state/studio.js";
import { ModelSession, type ModelSource } from "./model-session.js";

const source: ModelSource = { name: "Lake", origin: { kind: "listed", id: "lake" }, bundle: "lake/", scenes: [] };
const clock = { nextFrame: () => () => undefined, isHidden: () => true, onVisibility: () => () => undefined };

/** A load under way, to be finished by the test. */
interface Pending {
  readonly options: LoadOptions;
  finish(): void;
  fail(error: UnderpaintError): void;
}

function sessionWith(studio = new Studio()): { studio: Studio; session: ModelSession; loads: Pending[] } {
  const loads: Pending[] = [];
  const load = (_: string | ModelFiles, options: LoadOptions): Promise<Generator> =>
    new Promise((resolve, reject) => {
      const device = chooseDevice("cpu", { usable: false, reason: { code: "asked", detail: "" } });
      const generator = { manifest: manifestWith(), device, dispose: vi.fn() } as unknown as Generator;
      options.signal?.addEventListener("abort", () => reject(new UnderpaintError("aborted", "cancelled")));
      loads.push({ options, finish: () => resolve(generator), fail: reject });
    });
  return { studio, loads, session: new ModelSession({ studio, live: new LiveGeneration(studio, clock), load }) };
}

const open =
  (id = "one") =>
  async (): Promise<commands.PaintingStart> => ({ id });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const missing = new UnderpaintError("webgpu-unavailable", "WebGPU was asked for, but there is none.");

describe("painting while the model loads", () => {
  it("is possible from when the manifest is known, and what was painted stays", async () => {
    const { studio, session, loads } = sessionWith();
    const loading = session.load(source, open());
    expect(studio.state.map).toBeUndefined();
    loads[0]?.options.onManifest?.(manifestWith());
    await turn();
    expect([studio.state.map?.width, studio.state.loading.phase, studio.state.device]).toEqual([
      256,
      "loading",
      undefined,
    ]);
    commands.clear(studio);
    studio.painting?.apply("fill", (map) => {
      map.ids.fill(1);
      return { x: 0, y: 0, width: 256, height: 256 };
    });
    loads[0]?.finish();
    expect(await loading).toBe(true);
    expect([studio.state.map?.at(9, 9), studio.state.undoKind, studio.state.loading.phase]).toEqual([
      1,
      "fill",
      "ready",
    ]);
  });

  it("goes on when loading fails or is given up, without a model that could make pictures", async () => {
    const { studio, session, loads } = sessionWith();
    const failing = session.load(source, open());
    loads[0]?.options.onManifest?.(manifestWith());
    await turn();
    loads[0]?.fail(new UnderpaintError("network", "cut off"));
    expect([await failing, studio.state.loading.phase, studio.state.map?.width]).toEqual([false, "failed", 256]);
    const cancelled = session.load(source, open());
    session.cancel();
    expect([await cancelled, studio.state.loading.phase, session.isUsable]).toEqual([false, "none", false]);
  });

  it("does not take the place of a model in use", async () => {
    const { studio, session, loads } = sessionWith();
    const first = session.load(source, open());
    loads[0]?.finish();
    await first;
    const second = session.load({ ...source, origin: { kind: "listed", id: "other" } }, open("two"));
    loads[1]?.options.onManifest?.(manifestWith());
    await turn();
    expect(studio.state.paintingId).toBe("one");
    loads[1]?.finish();
    expect([await second, studio.state.paintingId]).toEqual([true, "two"]);
  });

  it("is not begun by the manifest of a load that was given up", async () => {
    const { studio, session, loads } = sessionWith();
    const first = session.load(source, open("one"));
    const second = session.load(source, open("two"));
    loads[0]?.options.onManifest?.(manifestWith());
    await turn();
    expect([await first, studio.state.map]).toEqual([false, undefined]);
    loads[1]?.finish();
    await second;
    expect(studio.state.paintingId).toBe("two");
  });
});

describe("a wish for WebGPU that cannot be met", () => {
  function stored(wish: string): void {
    vi.stubGlobal("localStorage", { getItem: () => wish, setItem: () => undefined });
  }

  it("of an earlier visit is done without, and told", async () => {
    stored("webgpu");
    const { session, loads } = sessionWith();
    vi.unstubAllGlobals();
    session.onFallback = vi.fn();
    const loading = session.load(source, open());
    loads[0]?.fail(missing);
    await turn();
    expect(loads.map(({ options }) => options.device)).toEqual(["webgpu", "auto"]);
    loads[1]?.finish();
    expect([await loading, session.deviceWish, session.runsOnCpu]).toEqual([true, "webgpu", true]);
    expect(session.onFallback).toHaveBeenCalledExactlyOnceWith(missing);
  });

  it("of this visit fails, as does anything else", async () => {
    const { studio, session, loads } = sessionWith();
    session.deviceWish = "webgpu";
    const loading = session.load(source, open());
    loads[0]?.fail(missing);
    expect([await loading, loads.length]).toEqual([false, 1]);
    expect(studio.state.loading).toMatchObject({ phase: "failed", error: { code: "webgpu-unavailable" } });
  });
});

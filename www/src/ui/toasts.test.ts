// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Toasts } from "./toasts.js";

let toasts: Toasts;

const shown = async (): Promise<(string | undefined)[]> => {
  await toasts.updateComplete;
  return [...toasts.renderRoot.querySelectorAll(".toast > span")].map((span) => span.textContent ?? undefined);
};

beforeEach(() => {
  vi.useFakeTimers();
  toasts = new Toasts();
  document.body.replaceChildren(toasts);
});

afterEach(() => vi.useRealTimers());

it("news go by themselves, problems stay until they are put away", async () => {
  toasts.show({ kind: "problem", text: "lake.png is no PNG" });
  toasts.show({ text: "Saved" });
  expect(await shown()).toEqual(["lake.png is no PNG", "Saved"]);
  vi.advanceTimersByTime(60_000);
  expect(await shown()).toEqual(["lake.png is no PNG"]);
  toasts.renderRoot.querySelector<HTMLElement>("button.icon")?.click();
  expect(await shown()).toEqual([]);
});

it("news replace news, and a message replaces the one about the same", async () => {
  toasts.show({ text: "Saved" });
  toasts.show({ text: "Opened" });
  toasts.show({ kind: "problem", topic: "keep", text: "full" });
  toasts.show({ kind: "problem", topic: "keep", text: "forbidden" });
  toasts.show({ kind: "problem", text: "other" });
  toasts.show({ kind: "problem", text: "other" });
  expect(await shown()).toEqual(["forbidden", "other"]);
  toasts.settle("keep");
  expect(await shown()).toEqual(["other"]);
});

it("an answer is run once, and puts its message away", async () => {
  const run = vi.fn();
  toasts.show({ text: "A new version", action: { label: "Reload", run } });
  vi.advanceTimersByTime(60_000);
  expect(await shown()).toEqual(["A new version"]);
  toasts.renderRoot.querySelector<HTMLElement>("button.act")?.click();
  expect([await shown(), run.mock.calls.length]).toEqual([[], 1]);
});

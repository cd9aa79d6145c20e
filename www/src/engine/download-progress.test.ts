import { describe, expect, it } from "vitest";
import { DownloadProgress, type DownloadSum } from "./download-progress.js";

function told(act: (progress: DownloadProgress) => void): DownloadSum[] {
  const sums: DownloadSum[] = [];
  act(new DownloadProgress((sum) => sums.push(sum)));
  return sums;
}

describe("DownloadProgress", () => {
  it("adds the module's bytes to the weights', and has no total before the weights' is known", () => {
    const sums = told((progress) => {
      progress.module(100, 1000);
      progress.weights(0, 3000);
      progress.weights(3000, 3000);
      progress.module(1000, 1000);
    });
    expect(sums.map(({ loaded, total }) => [loaded, total])).toEqual([
      [100, undefined],
      [100, 4000],
      [3100, 4000],
      [4000, 4000],
    ]);
    expect(sums.at(-1)?.share).toBe(1);
  });

  it("takes a module of unknown length for as long as it has become", () => {
    const sums = told((progress) => {
      progress.weights(1000, 1000);
      progress.module(500, undefined);
    });
    expect(sums.at(-1)).toEqual({ loaded: 1500, total: 1500, share: 1 });
  });

  it("is told in steps, not for every packet", () => {
    const sums = told((progress) => {
      for (let loaded = 0; loaded <= 100_000; loaded += 10) progress.weights(loaded, 100_000);
    });
    expect(sums.length).toBeGreaterThan(100);
    expect(sums.length).toBeLessThan(220);
    expect(sums.at(-1)?.loaded).toBe(100_000);
  });
});

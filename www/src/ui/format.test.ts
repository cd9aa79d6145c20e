import { describe, expect, it } from "vitest";
import { formatBytes, formatMilliseconds, formatWhen } from "./format.js";

describe("numbers for people", () => {
  it("gives bytes a unit and few digits", () => {
    expect([0, 812, 4096, 6_828_070, 217_000_000, 3_400_000_000].map(formatBytes)).toEqual([
      "0 B",
      "812 B",
      "4.1 kB",
      "6.8 MB",
      "217 MB",
      "3.4 GB",
    ]);
  });

  it("rounds milliseconds that nobody can feel", () => {
    expect([3.14, 61.7, 1204.2].map(formatMilliseconds)).toEqual(["3.1", "62", "1204"]);
  });

  it("tells the time of today, and the day of other days", () => {
    const at = (...when: [number, number, number, number, number]): number => new Date(...when).getTime();
    const now = at(2026, 10, 27, 20, 15);
    expect(formatWhen(at(2026, 10, 27, 9, 5), "en", now)).toBe("09:05");
    expect(formatWhen(at(2026, 10, 26, 9, 5), "en", now)).toBe("26 Nov");
    expect(formatWhen(at(2025, 2, 3, 9, 5), "en", now)).toBe("3 Mar 2025");
    expect(formatWhen(at(2026, 10, 26, 9, 5), "zh", now)).toBe("11月26日");
  });
});

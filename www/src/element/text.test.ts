import { expect, it } from "vitest";
import { languageOfTag, textIn } from "./text.js";

it("speaks Chinese for every Chinese tag, and English for the rest", () => {
  expect(["zh", "zh-CN", "zh-Hans-SG", "ZH-tw"].map(languageOfTag)).toEqual(["zh", "zh", "zh", "zh"]);
  expect(["en-GB", "de", "", "zha"].map(languageOfTag)).toEqual(["en", "en", "en", "en"]);
});

it("says seconds where milliseconds would be long", () => {
  const { milliseconds, megabytes } = textIn("en");
  expect(milliseconds(72.4)).toBe("72 ms");
  expect(milliseconds(4100)).toBe("4.1 s");
  expect(megabytes(2_500_000, 6_828_070)).toBe("2.5 of 6.8 MB");
});

// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import { SHORTCUTS, POINTER_HINTS } from "../tools/shortcuts.js";
import { en } from "./en.js";
import { filled, onLanguageChange, preferredLanguage, setLanguage, t } from "./language.js";
import { sceneName, translatedName } from "./names.js";
import { zh } from "./zh.js";

const marks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

afterEach(() => setLanguage("en", false));

describe("messages", () => {
  it("have the same keys in every language", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });

  it("name the same values in every language", () => {
    for (const [key, text] of Object.entries(en)) expect(marks(zh[key as keyof typeof zh]), key).toEqual(marks(text));
  });

  it("exist for every shortcut and pointer hint", () => {
    const ids = [...SHORTCUTS, ...POINTER_HINTS].map(({ id }) => id).filter((id) => !id.startsWith("class."));
    for (const id of ids) expect(id in en || `key.${id}` in en, id).toBe(true);
  });

  it("follow the language", () => {
    const heard: string[] = [];
    const stop = onLanguageChange((language) => heard.push(language));
    setLanguage("zh", false);
    stop();
    expect(t("action.undo")).toBe("撤销");
    expect(document.documentElement.lang).toBe("zh-Hans");
    expect(heard).toEqual(["zh"]);
  });

  it("leave unknown marks as they are", () => {
    expect(filled("{a} {b}", { a: 1 })).toBe("1 {b}");
  });
});

describe("preferredLanguage", () => {
  it("takes what was chosen before", () => {
    expect(preferredLanguage("en", ["zh-CN"])).toBe("en");
  });

  it("takes the browser's first language that is known", () => {
    expect(preferredLanguage(null, ["de-DE", "zh-TW", "en"])).toBe("zh");
    expect(preferredLanguage(null, ["fr"])).toBe("en");
  });
});

describe("names", () => {
  it("translates the classes of the landscapes model", () => {
    expect(translatedName("Water", "zh")).toBe("水");
    expect(translatedName("water", "en")).toBe("water");
    expect(translatedName("parking lot", "zh")).toBe("parking lot");
    expect(translatedName("constructor", "zh")).toBe("constructor");
  });

  it("translates the classes of the data sets that people use", () => {
    const names = ["rider", "chest of drawers", "Sky-other", "molding", "lake", "river"];
    expect(names.map((name) => translatedName(name, "zh"))).toEqual([
      "骑行者",
      "抽屉柜",
      "天空（其他）",
      "线脚",
      "湖",
      "河流",
    ]);
    expect(sceneName("scenes/lake.png", "zh")).toBe("湖光山色");
  });

  it("makes a scene's name from its file", () => {
    expect(sceneName("https://example.org/scenes/lake.png", "en")).toBe("Mountain lake");
    expect(sceneName("scenes/old_mill-house.png", "zh")).toBe("Old mill house");
  });
});

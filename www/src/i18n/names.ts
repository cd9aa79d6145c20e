/** Names that come from bundles, translated where they are known. */
import { chineseLabels } from "./label-names.js";
import type { Language } from "./language.js";

const chinese: Record<string, string> = {
  landscapes: "风景",
  sky: "天空",
  cloud: "云",
  sun: "太阳",
  mountain: "山",
  snow: "雪",
  forest: "森林",
  tree: "树",
  meadow: "草地",
  field: "田野",
  flowers: "花",
  water: "水",
  sand: "沙",
  rock: "岩石",
  road: "道路",
  "no class": "无类别",
  house: "房屋",
  lake: "湖光山色",
  beach: "海滩",
  village: "村庄",
  river: "林间小河",
  winter: "冬日",
  fields: "田野与花",
};

const english: Record<string, string> = {
  lake: "Mountain lake",
  beach: "Beach",
  village: "Village",
  river: "Forest river",
  winter: "Winter",
  fields: "Fields and flowers",
};

/** A label's, model's or scene's name in the language, or itself where no translation is known. */
export function translatedName(name: string, language: Language): string {
  const key = name.trim().toLowerCase();
  if (language !== "zh") return name;
  // A label "lake" is a lake, a scene of that name has a title.
  return chineseLabels.get(key) ?? ownText(chinese, key) ?? name;
}

/** A scene's name from the stem of its file: translated, or the stem with spaces and a capital. */
export function sceneName(path: string, language: Language): string {
  const stem = path.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
  const known = ownText(language === "zh" ? chinese : english, stem);
  if (known !== undefined) {
    return known;
  }
  const spaced = stem.replace(/[-_]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** What a table says itself: names come from anywhere, and may be those of an object's own members. */
function ownText(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

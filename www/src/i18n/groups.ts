/** Kinds of labels, as `core/src/label/data_sets/group.rs` names them in manifests. */
import type { Language } from "./language.js";

/** Every kind that is known, in the order in which palettes show them. */
const table: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  sky: { en: "Sky", zh: "天空" },
  water: { en: "Water", zh: "水" },
  ground: { en: "Ground", zh: "地面" },
  plants: { en: "Plants", zh: "植物" },
  buildings: { en: "Buildings", zh: "建筑" },
  interior: { en: "Interior", zh: "室内" },
  street: { en: "Street", zh: "街道" },
  people: { en: "People", zh: "人物" },
  animals: { en: "Animals", zh: "动物" },
  vehicles: { en: "Vehicles", zh: "交通工具" },
  furniture: { en: "Furniture", zh: "家具" },
  household: { en: "Household", zh: "家用" },
  food: { en: "Food", zh: "食物" },
  clothing: { en: "Clothing", zh: "服饰" },
  sport: { en: "Sport", zh: "运动" },
  materials: { en: "Materials", zh: "材料" },
  things: { en: "Things", zh: "物品" },
  other: { en: "Other", zh: "其他" },
};

const groups = new Map(Object.entries(table));
const order = Object.keys(table);

/** A group's name in the language; one that is not known by its own name. */
export function groupName(group: string, language: Language): string {
  return groups.get(group.trim().toLowerCase())?.[language] ?? group;
}

/** Where a group comes among the others: the known ones in their order, then all else, then what is no thing. */
export function groupRank(group: string): number {
  const known = group.trim().toLowerCase();
  if (known === "other" || known === "") return order.length;
  const at = order.indexOf(known);
  return at < 0 ? order.length - 1 : at;
}

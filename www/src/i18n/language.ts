/** The page's language: which one, what a message says in it, and who wants to know when it changes. */
import { en, type MessageKey } from "./en.js";
import { zh } from "./zh.js";

/** Languages of the studio. */
export type Language = "en" | "zh";

/** Values for the `{name}` marks of a message. */
export type MessageValues = Record<string, string | number>;

const tables: Record<Language, Record<MessageKey, string>> = { en, zh };
const storageKey = "underpaint.language";
const listeners = new Set<(language: Language) => void>();
let current: Language = "en";

/** The language asked for by the person before, else by the browser, else English. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  if (stored === "en" || stored === "zh") {
    return stored;
  }
  for (const tag of browser) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "zh" || primary === "en") {
      return primary;
    }
  }
  return "en";
}

/** The language in use. */
export function language(): Language {
  return current;
}

/** Changes the language, sets the document's `lang`, remembers the choice when `remember` is true. */
export function setLanguage(next: Language, remember: boolean): void {
  current = next;
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  if (remember) {
    try {
      localStorage.setItem(storageKey, next);
    } catch {
      // Storage may be forbidden; the choice then lasts until the page closes.
    }
  }
  for (const listener of listeners) {
    listener(next);
  }
}

/** Picks the language at the start of the page. */
export function startLanguage(): void {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(storageKey);
  } catch {
    stored = null;
  }
  setLanguage(preferredLanguage(stored, navigator.languages), false);
}

/** Calls `listener` after each change; returns how to stop that. */
export function onLanguageChange(listener: (language: Language) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A message in the language in use. */
export function t(key: MessageKey, values: MessageValues = {}): string {
  return filled(tables[current][key], values);
}

/** `message` with each `{name}` replaced by its value; unknown marks stay as they are. */
export function filled(message: string, values: MessageValues): string {
  return message.replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}

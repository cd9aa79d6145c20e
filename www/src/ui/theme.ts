/** Light or dark, as chosen or as the system says. */
import type { Theme } from "../state/studio-state.js";

const barColors = { light: "#f6f1e7", dark: "#1f1b17" } as const;

/** Puts the theme on the document, and the browser's own bar in its colour. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = meta.media.includes("dark") ? "dark" : "light";
    meta.content = barColors[theme === "system" ? own : theme];
  }
}

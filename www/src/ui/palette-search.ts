/** The field that searches a palette: what it looks for, and its keys. */

import { html, nothing, type TemplateResult } from "lit";

/** What the field says, in the person's language. */
export interface SearchText {
  readonly find: string;
  readonly clear: string;
  /** Key that leads to the field, shown in it while it is empty. */
  readonly key?: string;
}

/** What the field does to its palette. */
export interface SearchActions {
  /** The query is another. */
  readonly search: (query: string) => void;
  /** Enter: take the best label. */
  readonly pickBest: () => void;
  /** The arrow down: on to the labels. */
  readonly enterLabels: () => void;
}

/** A search field with a button that empties it. */
export function searchField(query: string, text: SearchText, actions: SearchActions): TemplateResult {
  return html`<div class="search" part="search">
    <input
      type="search"
      aria-label=${text.find}
      placeholder=${text.find}
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      enterkeyhint="done"
      .value=${query}
      @input=${({ target }: Event) => {
        if (target instanceof HTMLInputElement) actions.search(target.value);
      }}
      @keydown=${(event: KeyboardEvent) => onKey(event, query, actions)}
    />
    ${text.key && query === "" ? html`<kbd aria-hidden="true">${text.key}</kbd>` : nothing}
    <button
      class="clear"
      aria-label=${text.clear}
      title=${text.clear}
      ?hidden=${query === ""}
      @click=${({ currentTarget }: Event) => {
        actions.search("");
        // The button goes away: the focus must not go with it.
        if (currentTarget instanceof Element) currentTarget.parentElement?.querySelector("input")?.focus();
      }}
    >
      ×
    </button>
  </div>`;
}

function onKey(event: KeyboardEvent, query: string, actions: SearchActions): void {
  // While an input method composes, its keys are not ours.
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") actions.pickBest();
  else if (event.key === "ArrowDown") actions.enterLabels();
  else if (event.key === "Escape" && query !== "") actions.search("");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Kept free between an item that was scrolled to and the box's edge, in CSS pixels: its focus ring. */
const MARGIN = 8;

/** Scrolls a box, and nothing around it, so far that an item inside is in sight. */
export function scrollToSee(box: HTMLElement, item: HTMLElement): void {
  const [outer, inner] = [box.getBoundingClientRect(), item.getBoundingClientRect()];
  const past = (start: number, end: number, from: number, to: number): number =>
    start - MARGIN < from ? start - MARGIN - from : end + MARGIN > to ? end + MARGIN - to : 0;
  const down = past(inner.top, inner.bottom, outer.top, outer.bottom);
  const right = past(inner.left, inner.right, outer.left, outer.right);
  if (down === 0 && right === 0) return;
  // A long way is no pleasure to watch.
  const isFar = Math.abs(down) > 2 * box.clientHeight || Math.abs(right) > 2 * box.clientWidth;
  const still = isFar || matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Not scrollBy: it would add to a movement that is still under way.
  box.scrollTo({ top: box.scrollTop + down, left: box.scrollLeft + right, behavior: still ? "instant" : "smooth" });
}

/** How the palette of very many labels looks: a search field, labels at hand, kinds, and a list that moves up and down. */
import { css } from "lit";

/** The list, and what is around it. */
export const paletteListStyles = css`
  :host([data-open]) {
    z-index: 6;
  }
  .list {
    display: grid;
    grid-template-columns: 224px minmax(0, 1fr);
    --seen: 124px;
    background: var(--paper);
  }
  .find {
    display: flex;
    flex-direction: column;
    gap: 6px;
    min-width: 0;
    padding: 8px 4px 8px var(--palette-inset, 12px);
  }
  .chosen {
    display: flex;
    align-items: center;
    gap: 10px;
    min-width: 0;
    padding-inline-start: 2px;
    color: var(--ink);
  }
  .chosen .swatch {
    flex: none;
    width: 40px;
  }
  .chosen .name {
    flex: 1;
    font-size: 14px;
    font-weight: 600;
  }
  .favourite {
    color: var(--soft);
  }
  .favourite[aria-pressed="true"] {
    color: var(--accent-text);
  }
  .favourite[aria-pressed="true"] svg,
  .liked svg {
    fill: currentColor;
  }
  .search {
    position: relative;
    min-width: 0;
  }
  .search input {
    width: 100%;
    height: 40px;
    padding: 0 36px 0 12px;
    border: 1px solid var(--strong);
    border-radius: var(--radius-small);
    background: var(--raised);
    color: inherit;
    font: inherit;
    appearance: none;
  }
  .search input::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  .search input::-webkit-search-cancel-button {
    display: none;
  }
  .search .clear {
    position: absolute;
    inset: 2px 2px 2px auto;
    min-width: 34px;
    min-height: 0;
    padding: 0;
    font-size: 20px;
    line-height: 1;
    color: var(--soft);
  }
  .search kbd {
    top: 50%;
    right: 10px;
    translate: 0 -50%;
    padding: 4px 6px;
    background: var(--pressed);
    color: var(--soft);
    font-size: 11px;
    pointer-events: none;
  }

  .many {
    min-width: 0;
    border-inline-start: 1px solid var(--line);
  }
  .hand {
    display: flex;
    align-items: center;
    gap: 4px;
    min-height: 46px;
    padding-inline-end: 8px;
  }
  .quick,
  .kinds {
    display: flex;
    flex: 1;
    gap: 2px;
    min-width: 0;
    overflow: auto hidden;
    overscroll-behavior-x: contain;
    scrollbar-width: none;
    padding: 3px 8px;
  }
  .quick button {
    position: relative;
    flex: none;
    gap: 6px;
    min-height: 38px;
    max-width: 148px;
    padding: 0 8px;
    color: var(--soft);
  }
  .quick .swatch {
    flex: none;
    width: 22px;
    height: 22px;
  }
  .quick kbd {
    position: static;
    margin-inline-start: 2px;
    background: var(--pressed);
    color: var(--soft);
  }
  .quick .liked svg {
    width: 11px;
    height: 11px;
    color: var(--accent-text);
  }
  .quick button[aria-pressed="true"] {
    color: var(--ink);
    font-weight: 600;
    background: var(--raised);
    box-shadow: inset 0 0 0 1px var(--line);
  }
  .quick button[aria-pressed="true"]::after {
    content: "";
    position: absolute;
    inset: auto 25% 0;
    height: 3px;
    border-radius: 3px 3px 0 0;
    background: var(--accent);
  }
  .more {
    color: var(--soft);
  }
  .more svg {
    rotate: 180deg;
    transition: rotate var(--easy);
  }
  .more[aria-expanded="true"] svg {
    rotate: 0deg;
  }
  .kinds {
    padding-block: 0 4px;
    border-block-end: 1px solid var(--line);
  }
  .kinds button {
    flex: none;
    min-width: 0;
    min-height: 28px;
    padding: 0 10px;
    font-size: 12.5px;
    color: var(--soft);
  }
  .kinds button[aria-current="true"] {
    color: var(--accent-text);
    background: var(--accent-wash);
  }

  .shown {
    position: relative;
    height: var(--seen);
    overflow: hidden auto;
    overscroll-behavior-y: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--strong) transparent;
  }
  .labels {
    display: grid;
    gap: 2px 4px;
    padding: 6px 12px;
    grid-template-columns: repeat(auto-fill, minmax(84px, 1fr));
  }
  .kind {
    padding: 8px 16px 0;
    font-size: 12px;
    font-weight: 600;
    color: var(--accent-text);
  }
  .nothing {
    padding: 16px;
    color: var(--soft);
    overflow-wrap: anywhere;
  }

  /* Drawn up, it lies over the stage, which keeps its size. */
  :host([data-open]) .list {
    position: absolute;
    inset: auto 0 0;
    border-block-start: 1px solid var(--line);
    border-radius: 14px 14px 0 0;
    box-shadow: var(--shadow-raised);
    --seen: min(56vh, 560px);
  }

  @media (min-height: 940px) and (min-width: 600px) {
    .list {
      --seen: 188px;
    }
  }
  @media (max-height: 479px) {
    .list {
      --seen: 64px;
      grid-template-columns: 168px minmax(0, 1fr);
    }
    .chosen .name {
      display: none;
    }
    :host(:not([data-open])) .kinds {
      display: none;
    }
    :host([data-open]) .list {
      --seen: 52vh;
    }
  }
  @media (pointer: coarse) {
    .search kbd {
      display: none;
    }
    .kinds button {
      min-height: 40px;
      padding-inline: 12px;
    }
    .quick button {
      min-height: 44px;
    }
  }
  @media (max-width: 599px) {
    .list {
      --seen: 112px;
      grid-template-columns: minmax(0, 1fr);
    }
    .find {
      flex-direction: row;
      align-items: center;
      gap: 8px;
      padding: 6px 8px 2px;
    }
    /* It is among those at hand, just below. */
    .chosen :is(.swatch, .name) {
      display: none;
    }
    .search {
      flex: 1;
    }
    /* Smaller letters make phones zoom in. */
    .search input {
      font-size: 16px;
    }
    .many {
      border-inline-start: 0;
    }
    .labels {
      grid-template-columns: repeat(auto-fill, minmax(72px, 1fr));
      padding-inline: 8px;
    }
    :host(:not([data-open])) .kinds {
      display: none;
    }
    :host(:not([data-open])) .shown {
      border-block-start: 1px solid var(--line);
    }
  }
`;

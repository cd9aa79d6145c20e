/** How the palette looks: rows, a strip that moves sideways, or a list that moves up and down beside a search field. */
import { css } from "lit";

/** A label's button, and the strip. */
export const paletteStyles = css`
  :host {
    display: block;
    container-type: inline-size;
  }
  .strip {
    overflow: auto hidden;
    overscroll-behavior-x: contain;
    scrollbar-width: none;
  }
  [role="radiogroup"] {
    position: relative;
    display: grid;
    gap: 2px 4px;
    padding: 6px var(--palette-inset, 12px) 6px;
    grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
    max-width: calc(var(--columns) * 112px);
    margin-inline: auto;
  }
  .strip [role="radiogroup"] {
    width: max-content;
    max-width: none;
    margin-inline: 0;
    grid-auto-flow: column;
    grid-template-columns: none;
    grid-template-rows: repeat(var(--rows), auto);
    grid-auto-columns: 68px;
  }
  [role="radiogroup"] button {
    position: relative;
    flex-direction: column;
    gap: 5px;
    width: 100%;
    min-width: 0;
    min-height: 56px;
    padding: 6px 2px 4px;
    justify-content: end;
    color: var(--soft);
  }
  .swatch {
    position: relative;
    width: min(100%, 64px);
    height: 28px;
    border-radius: 5px;
    background: var(--swatch);
    forced-color-adjust: none;
    box-shadow: inset 0 0 0 1px light-dark(rgb(29 26 22 / 0.16), rgb(255 255 255 / 0.16));
    transition:
      height var(--quick),
      box-shadow var(--quick);
  }
  .name {
    max-width: 100%;
    padding-inline: 2px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-size: 12px;
    line-height: 1.25;
  }
  kbd {
    position: absolute;
    right: 3px;
    top: 3px;
    min-width: 14px;
    padding: 2px 3px;
    border-radius: 3px;
    background: rgb(29 26 22 / 0.72);
    color: #fffdf8;
    font: 600 9px/1 var(--sans);
    text-align: center;
  }
  [role="radiogroup"] button:hover {
    color: var(--ink);
  }
  button[aria-checked="true"] {
    color: var(--ink);
    font-weight: 600;
    background: var(--raised);
    box-shadow: inset 0 0 0 1px var(--line);
  }
  button[aria-checked="true"]::after {
    content: "";
    position: absolute;
    inset: auto 25% -1px;
    height: 3px;
    border-radius: 3px 3px 0 0;
    background: var(--accent);
  }
  button[aria-checked="true"] .swatch {
    height: 30px;
  }
  @media (pointer: coarse) {
    kbd {
      display: none;
    }
  }
  @media (max-width: 599px), (max-height: 479px) {
    .name {
      font-size: 11.5px;
    }
  }
`;

/** The list with its search field. */
export const paletteListStyles = css`
  .list {
    display: grid;
    grid-template-columns: 208px minmax(0, 1fr);
    --seen: 150px;
  }
  .find {
    display: flex;
    flex-direction: column;
    justify-content: center;
    gap: 8px;
    min-width: 0;
    padding: 8px 4px 8px var(--palette-inset, 12px);
  }
  .chosen {
    display: flex;
    align-items: center;
    gap: 10px;
    min-width: 0;
    color: var(--ink);
  }
  .chosen .swatch {
    flex: none;
    width: 40px;
  }
  .chosen .name {
    font-size: 14px;
    font-weight: 600;
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
  .shown {
    height: var(--seen);
    overflow: hidden auto;
    overscroll-behavior-y: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--strong) transparent;
    border-inline-start: 1px solid var(--line);
  }
  .list [role="radiogroup"] {
    grid-template-columns: repeat(auto-fill, minmax(84px, 1fr));
    max-width: none;
  }
  .nothing {
    padding: 16px;
    color: var(--soft);
    overflow-wrap: anywhere;
  }
  @media (max-height: 479px) {
    .list {
      --seen: 74px;
      grid-template-columns: 168px minmax(0, 1fr);
    }
    .chosen {
      display: none;
    }
  }
  @media (max-width: 599px) {
    .list {
      --seen: 146px;
      grid-template-columns: minmax(0, 1fr);
    }
    .find {
      flex-direction: row-reverse;
      align-items: center;
      justify-content: stretch;
      gap: 10px;
      padding: 8px 12px 6px;
    }
    .chosen {
      flex: 1;
    }
    .chosen .swatch {
      width: 28px;
    }
    .search {
      flex: 1.2;
    }
    /* Smaller letters make phones zoom in. */
    .search input {
      font-size: 16px;
    }
    .shown {
      border-inline-start: 0;
      border-block-start: 1px solid var(--line);
    }
    .list [role="radiogroup"] {
      grid-template-columns: repeat(auto-fill, minmax(72px, 1fr));
      padding-inline: 8px;
    }
  }
`;

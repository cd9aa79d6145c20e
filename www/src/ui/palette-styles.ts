/** How the palette looks in rows and as a strip that moves sideways, and the buttons of labels wherever they are. */
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
  :is([role="radiogroup"], .labels) button {
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
  kbd[data-key]::before {
    content: attr(data-key);
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
  :is([role="radiogroup"], .labels, .quick) button:hover {
    color: var(--ink);
  }
  button:is([aria-checked="true"], [aria-selected="true"]) {
    color: var(--ink);
    font-weight: 600;
    background: var(--raised);
    box-shadow: inset 0 0 0 1px var(--line);
  }
  button:is([aria-checked="true"], [aria-selected="true"])::after {
    content: "";
    position: absolute;
    inset: auto 25% -1px;
    height: 3px;
    border-radius: 3px 3px 0 0;
    background: var(--accent);
  }
  button:is([aria-checked="true"], [aria-selected="true"]) .swatch {
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

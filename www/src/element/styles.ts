/** How the element looks. Pages change it through `--underpaint-…` properties and through parts. */

import { css } from "lit";

/** All of the element's styles. */
export const elementStyles = css`
  :host {
    --ground: var(--underpaint-ground, light-dark(#e8dfce, #14110e));
    --paper: var(--underpaint-paper, light-dark(#f6f1e7, #1f1b17));
    --raised: var(--underpaint-raised, light-dark(#fffdf8, #2a2520));
    --ink: var(--underpaint-ink, light-dark(#1d1a16, #f1e8da));
    --soft: var(--underpaint-soft, light-dark(#5c5346, #b8ac9a));
    --line: var(--underpaint-line, light-dark(#d8ccb6, #3c352d));
    --accent: var(--underpaint-accent, light-dark(#c8792b, #d98d3d));
    --on-accent: var(--underpaint-on-accent, #1d1a16);
    --focus: var(--underpaint-focus, light-dark(#2f5d62, #86bcbf));
    --danger: var(--underpaint-danger, light-dark(#9b2c1f, #f0917f));
    --radius: var(--underpaint-radius, 10px);
    --gap: var(--underpaint-gap, 8px);
    display: block;
    container-type: inline-size;
    color: var(--ink);
    font: 14px/1.4
      var(
        --underpaint-font,
        system-ui,
        -apple-system,
        "Segoe UI",
        Roboto,
        "Noto Sans",
        "PingFang SC",
        "Microsoft YaHei UI",
        "Noto Sans CJK SC",
        sans-serif
      );
    -webkit-tap-highlight-color: transparent;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  .frame {
    display: grid;
    gap: var(--gap);
    padding: var(--gap);
    border: 1px solid var(--line);
    border-radius: calc(var(--radius) + var(--gap) / 2);
    background: var(--paper);
  }

  .panes {
    position: relative;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--gap);
  }
  .panes[data-layout="side-by-side"] {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  .pane {
    position: relative;
    overflow: hidden;
    border-radius: var(--radius);
    background: var(--ground);
  }
  canvas {
    display: block;
    width: 100%;
    aspect-ratio: var(--aspect, 1);
    border: 0 solid;
    border-color: light-dark(#efe8db, #221d18) transparent light-dark(#e2d8c6, #2b251f) transparent;
    background: var(--ground);
    border-radius: inherit;
    user-select: none;
    -webkit-user-select: none;
  }
  :focus-visible {
    outline: 3px solid var(--focus);
    outline-offset: 2px;
  }
  canvas:focus-visible {
    outline-offset: -3px;
  }
  .frame:not([data-keys]) canvas:focus-visible {
    outline: none;
  }

  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 2px 4px;
  }
  .group {
    display: flex;
    gap: 2px;
  }
  .group + .group {
    padding-left: 4px;
    border-left: 1px solid var(--line);
  }
  .spring {
    flex: 1;
  }
  .hint {
    margin: 0;
    padding-inline: 8px;
    color: var(--soft);
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: 40px;
    min-height: 40px;
    margin: 0;
    padding: 0 10px;
    border: 0;
    border-radius: calc(var(--radius) - 3px);
    background: transparent;
    color: inherit;
    font: inherit;
    cursor: pointer;
    touch-action: manipulation;
  }
  button:hover:not(:disabled) {
    background: color-mix(in srgb, var(--ink) 8%, transparent);
  }
  button:disabled {
    opacity: 0.38;
    cursor: default;
  }
  button[aria-checked="true"],
  button[aria-pressed="true"] {
    background: var(--accent);
    color: var(--on-accent);
  }
  button.strong {
    padding-inline: 18px;
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }
  button.strong:hover {
    background: color-mix(in srgb, var(--accent) 88%, var(--ink));
  }
  .icon {
    display: inline-flex;
  }
  .icon svg {
    width: 20px;
    height: 20px;
    stroke-width: 1.75;
  }
  .size {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 40px;
    padding-inline: 8px;
    color: var(--soft);
  }
  .size input {
    width: 104px;
    height: 40px;
    margin: 0;
    background: transparent;
    appearance: none;
    cursor: pointer;
  }
  .size input::-webkit-slider-runnable-track {
    height: 4px;
    border-radius: 2px;
    background: var(--line);
  }
  .size input::-moz-range-track {
    height: 4px;
    border-radius: 2px;
    background: var(--line);
  }
  .size input::-webkit-slider-thumb {
    width: 18px;
    height: 18px;
    margin-top: -7px;
    border-radius: 50%;
    background: var(--accent);
    appearance: none;
  }
  .size input::-moz-range-thumb {
    width: 18px;
    height: 18px;
    border: 0;
    border-radius: 50%;
    background: var(--accent);
  }
  .seeds {
    display: flex;
    gap: 2px;
  }
  .seed {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 40px;
    padding-inline: 8px 2px;
    color: var(--soft);
  }
  .seed input,
  .search input {
    height: 32px;
    padding: 0 8px;
    border: 1px solid var(--line);
    border-radius: calc(var(--radius) - 4px);
    background: var(--raised);
    color: var(--ink);
    font: inherit;
    appearance: none;
  }
  .seed input {
    width: 12ch;
    font-variant-numeric: tabular-nums;
    appearance: textfield;
  }
  .seed input::-webkit-inner-spin-button,
  .search input::-webkit-search-cancel-button {
    display: none;
  }
  .size .value {
    min-width: 3ch;
    font-variant-numeric: tabular-nums;
  }

  .palette {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(112px, 1fr));
    gap: 2px;
  }
  .searched {
    display: grid;
    gap: 4px;
  }
  .find {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 12px;
  }
  .search {
    position: relative;
    flex: 0 1 240px;
    min-width: 0;
  }
  .search input {
    width: 100%;
    height: 40px;
    padding-right: 40px;
  }
  .search input::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  .search .clear {
    position: absolute;
    inset: 2px 2px 2px auto;
    min-width: 36px;
    min-height: 0;
    padding: 0;
    color: var(--soft);
    font-size: 20px;
    line-height: 1;
  }
  .chosen {
    display: flex;
    flex: 1;
    align-items: center;
    gap: 8px;
    min-width: 0;
    font-weight: 600;
  }
  .shown {
    max-height: 231px;
    overflow: hidden auto;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .shown > * {
    position: relative;
  }
  .kind {
    padding: 8px 8px 2px;
    font-size: 12px;
    font-weight: 600;
    color: var(--soft);
  }
  .none {
    margin: 0;
    padding: 10px 8px;
    color: var(--soft);
    overflow-wrap: anywhere;
  }
  .palette button {
    justify-content: start;
    padding: 0 8px;
    font-size: 13px;
  }
  .palette button[aria-checked="true"] {
    background: var(--raised);
    box-shadow: inset 0 0 0 2px var(--accent);
    color: var(--ink);
  }
  .swatch {
    flex: none;
    width: 20px;
    height: 20px;
    border-radius: 5px;
    background: var(--swatch);
    box-shadow: inset 0 0 0 1px light-dark(rgb(29 26 22 / 0.2), rgb(255 255 255 / 0.2));
  }
  .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .status {
    position: absolute;
    inset: auto 8px 8px auto;
    padding: 3px 8px;
    border-radius: 99px;
    background: rgb(29 26 22 / 0.72);
    color: #fffdf8;
    font-size: 12px;
    font-variant-numeric: tabular-nums;
    pointer-events: none;
  }

  .cover {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    overflow: auto;
    padding: 16px;
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--ground) 94%, transparent);
    text-align: center;
  }
  .card {
    display: grid;
    justify-items: center;
    gap: 8px;
    width: min(100%, 360px);
  }
  .card p {
    margin: 0;
  }
  .card .headline {
    font-size: 16px;
    font-weight: 600;
  }
  .card .detail {
    max-width: 100%;
    color: var(--soft);
    font-size: 13px;
    overflow-wrap: anywhere;
  }
  .card .danger {
    color: var(--danger);
  }
  .card .danger svg {
    width: 28px;
    height: 28px;
  }
  progress {
    width: 100%;
    height: 6px;
    border: 0;
    border-radius: 3px;
    overflow: hidden;
    background: var(--line);
    accent-color: var(--accent);
    appearance: none;
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--accent);
    transition: width 160ms linear;
  }
  progress::-moz-progress-bar {
    background: var(--accent);
  }
  .notice {
    padding: 8px 12px;
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--danger) 12%, var(--raised));
    color: var(--danger);
    overflow-wrap: anywhere;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @container (max-width: 519px) {
    .panes[data-layout="side-by-side"] {
      grid-template-columns: minmax(0, 1fr);
    }
    .size input {
      width: 64px;
    }
    .seed input {
      width: 9ch;
    }
    /* Smaller letters make phones zoom in. */
    .seed input,
    .search input {
      font-size: 16px;
    }
    .palette {
      grid-template-columns: repeat(auto-fill, minmax(96px, 1fr));
    }
  }
  @media (prefers-reduced-motion: reduce) {
    progress::-webkit-progress-value {
      transition: none;
    }
  }
`;

/** How the bar of objects looks. */
import { css } from "lit";

/** One row that never grows: the numbers in it move sideways. */
export const objectBarStyles = css`
  :host {
    display: flex;
    align-items: center;
    gap: 4px;
    min-width: 0;
    padding: 2px 12px 0;
    border-top: 1px solid var(--line);
    font-size: 13px;
  }
  .title {
    display: flex;
    align-items: center;
    gap: 8px;
    flex: 0 1 auto;
    min-width: 0;
    padding-inline-end: 4px;
    font-weight: 600;
  }
  .title .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .swatch {
    flex: none;
    width: 18px;
    height: 18px;
    border-radius: 4px;
    background: var(--swatch);
    forced-color-adjust: none;
    box-shadow: inset 0 0 0 1px light-dark(rgb(29 26 22 / 0.16), rgb(255 255 255 / 0.16));
  }
  .objects {
    display: flex;
    gap: 2px;
    flex: 0 1 auto;
    min-width: 0;
    padding: 2px;
    overflow: auto hidden;
    overscroll-behavior-x: contain;
    scrollbar-width: none;
    border-radius: 8px;
    background: var(--hover);
  }
  [role="radio"] {
    flex: none;
    min-width: 36px;
    min-height: 34px;
    padding: 0 10px;
    color: var(--soft);
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  [role="radio"][aria-checked="true"] {
    background: light-dark(var(--raised), #4a4136);
    color: var(--ink);
    font-weight: 600;
    box-shadow: 0 1px 2px light-dark(rgb(60 42 20 / 0.18), rgb(0 0 0 / 0.5));
  }
  [role="radio"]:focus-visible {
    outline-offset: -2px;
  }
  .new {
    flex: none;
    min-height: 36px;
    padding: 0 12px 0 8px;
    gap: 4px;
    white-space: nowrap;
  }
  .pointed {
    flex: 1 1 0;
    min-width: 0;
    padding-inline: 12px;
    overflow: hidden;
    text-align: end;
    text-overflow: ellipsis;
    white-space: nowrap;
    color: var(--soft);
  }
  .toggle {
    color: var(--soft);
  }
  .toggle[aria-pressed="true"] {
    color: var(--accent-text);
    background: var(--accent-wash);
  }
  button.icon {
    min-height: 40px;
  }
  [popover] {
    position: fixed;
    inset: auto var(--beside, 8px) var(--below, 8px) auto;
    width: min(320px, calc(100vw - 16px));
    max-height: calc(100dvh - var(--below, 8px) - 8px);
    margin: 0;
    padding: 8px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--raised);
    color: var(--ink);
    box-shadow: var(--shadow-raised);
    font-size: 15px;
    overflow: auto;
  }
  button.item {
    width: 100%;
    justify-content: start;
    padding: 0 10px;
    gap: 12px;
    text-align: start;
  }
  button.item svg {
    color: var(--soft);
  }
  hr {
    height: 1px;
    margin: 8px 10px;
    border: 0;
    background: var(--line);
  }
  @media (pointer: coarse) {
    [role="radio"] {
      min-width: 44px;
      min-height: 40px;
    }
    .new {
      min-height: 44px;
    }
  }
  @media (max-width: 599px) {
    :host {
      padding: 2px 4px 0 8px;
    }
    .pointed {
      display: none;
    }
    .title .name {
      position: absolute;
      clip-path: inset(50%);
    }
    .objects {
      flex: 1 1 auto;
    }
    .new span {
      position: absolute;
      clip-path: inset(50%);
    }
    .new {
      width: var(--target);
      padding: 0;
    }
  }
`;

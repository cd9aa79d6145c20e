/** Styles that several components share. */
import { css } from "lit";

/** Box model, focus ring and text defaults; every component includes it. */
export const base = css`
  :host {
    box-sizing: border-box;
    color: var(--ink);
    font: inherit;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h2,
  h3,
  p {
    margin: 0;
  }
  :focus-visible {
    outline: 2px solid var(--cool);
    outline-offset: 2px;
  }
  .sr-only {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Buttons: quiet by default, `.icon` square, `.primary` ochre, `.outline` framed. */
export const buttons = css`
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: var(--target);
    min-height: var(--target);
    margin: 0;
    padding: 0 12px;
    border: 1px solid transparent;
    border-radius: var(--radius-small);
    background: transparent;
    color: inherit;
    font: inherit;
    line-height: 1.2;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
    transition:
      background-color var(--quick),
      color var(--quick);
  }
  button:hover {
    background: var(--hover);
  }
  button:active {
    background: var(--pressed);
  }
  button:disabled,
  button[aria-disabled="true"] {
    color: var(--soft);
    opacity: 0.5;
    background: transparent;
    cursor: default;
  }
  button.icon {
    padding: 0;
    width: var(--target);
    flex: none;
  }
  button.outline {
    border-color: var(--strong);
  }
  button.primary {
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }
  button.primary:hover {
    background: color-mix(in oklab, var(--accent) 88%, white);
  }
  @media (forced-colors: active) {
    button:is([aria-checked="true"], [aria-pressed="true"], [aria-current="true"]) {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  svg.glyph {
    display: block;
    width: 20px;
    height: 20px;
    flex: none;
  }
`;

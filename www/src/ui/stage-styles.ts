/** How the two canvases share the stage. */
import { css } from "lit";

/** Side by side where the stage is wide, the picture above the labels where it is tall: thumbs paint below. */
export const stageStyles = css`
  :host {
    display: block;
    container-type: size;
    min-width: 0;
    min-height: 0;
    background: var(--ground);
  }
  .panes {
    display: grid;
    grid-template: "main side" minmax(0, 1fr) / minmax(0, 1fr) minmax(0, 1fr);
    gap: 8px;
    height: 100%;
  }
  .panes:not([data-layout="side-by-side"]) {
    grid-template: "main" minmax(0, 1fr) / minmax(0, 1fr);
  }
  figure {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
    margin: 0;
  }
  figure.main {
    grid-area: main;
  }
  figure.side {
    grid-area: side;
  }
  figcaption {
    display: flex;
    align-items: center;
    gap: 4px;
    height: 44px;
    padding: 4px 12px 0 16px;
    color: var(--soft);
    font-size: 13px;
  }
  .title {
    margin-inline-end: auto;
    font-weight: 600;
    color: var(--ink);
    white-space: nowrap;
  }
  figcaption button:hover {
    background: color-mix(in srgb, var(--ink) 8%, transparent);
  }
  .zoom {
    display: flex;
    align-items: center;
  }
  .refit {
    display: none;
  }
  button.value {
    min-width: 56px;
    padding: 0 4px;
    font-variant-numeric: tabular-nums;
  }
  button.quiet {
    font-variant-numeric: tabular-nums;
  }
  .of-seed {
    margin-inline-start: -2px;
  }
  .opacity {
    flex: 0 1 160px;
    min-width: 60px;
    height: var(--target);
    margin: 0 8px;
    appearance: none;
    background: transparent;
    cursor: ew-resize;
  }
  .opacity::-webkit-slider-runnable-track {
    height: 4px;
    border-radius: 2px;
    background: var(--strong);
  }
  .opacity::-moz-range-track {
    height: 4px;
    border-radius: 2px;
    background: var(--strong);
  }
  .opacity::-webkit-slider-thumb {
    appearance: none;
    width: 18px;
    height: 18px;
    margin-top: -7px;
    border: 2px solid var(--ground);
    border-radius: 50%;
    background: var(--ink);
  }
  .opacity::-moz-range-thumb {
    width: 14px;
    height: 14px;
    border: 2px solid var(--ground);
    border-radius: 50%;
    background: var(--ink);
  }
  canvas {
    display: block;
    flex: 1;
    min-width: 0;
    min-height: 0;
    width: 100%;
    border: 0 solid;
    border-color: light-dark(#f3ebdc, #1b1713) transparent light-dark(#e0d5c1, #221d18) light-dark(#1d1a1633, #00000080);
    background: var(--ground);
    touch-action: none;
    user-select: none;
    -webkit-user-select: none;
  }
  canvas:focus {
    outline: none;
  }
  canvas:focus-visible:not([data-pointed]) {
    outline: 2px solid var(--cool);
    outline-offset: -3px;
  }
  figure.main {
    position: relative;
  }
  .preview {
    position: absolute;
    inset: 60px 16px 16px;
    width: calc(100% - 32px);
    height: calc(100% - 76px);
    object-fit: contain;
    opacity: 0.45;
    pointer-events: none;
  }
  /* Shown only when a picture takes its time. */
  .busy {
    grid-area: side;
    align-self: start;
    height: 3px;
    overflow: hidden;
    z-index: 1;
    opacity: 0;
    animation: appear 200ms 700ms forwards;
  }
  .busy::after {
    content: "";
    display: block;
    width: 30%;
    height: 100%;
    border-radius: 2px;
    background: var(--accent);
    animation: sweep 1.6s ease-in-out infinite alternate;
  }
  .panes:not([data-layout="side-by-side"]) .busy {
    grid-area: main;
  }
  @keyframes appear {
    to {
      opacity: 1;
    }
  }
  @keyframes sweep {
    to {
      translate: 233% 0;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .busy::after {
      width: 100%;
      animation: none;
    }
  }
  .message {
    display: grid;
    place-items: center;
    grid-area: side;
    min-height: 0;
    padding: 48px 24px 8px;
    z-index: 2;
    pointer-events: none;
    container-type: size;
  }
  .panes:not([data-layout="side-by-side"]) .message {
    grid-area: main;
  }
  .message[data-over="main"] {
    grid-area: main;
  }
  /* Over the canvas that is painted on, it leaves the middle free. */
  .panes:not([data-layout="side-by-side"]) .message[data-aside] {
    align-items: end;
    padding-bottom: 12px;
  }
  .message ::slotted(*) {
    pointer-events: auto;
  }

  @container (max-aspect-ratio: 1/1) {
    .panes[data-layout="side-by-side"] {
      grid-template: "side" minmax(0, 1fr) "main" minmax(0, 1fr) / minmax(0, 1fr);
    }
  }

  /* Captions beside the canvases, where height is what is scarce. */
  @container (max-aspect-ratio: 1/1) or (max-height: 340px) {
    .panes[data-layout="side-by-side"] figure {
      flex-direction: row-reverse;
    }
    .panes[data-layout="side-by-side"] figcaption {
      flex-direction: column;
      justify-content: end;
      width: var(--target);
      height: auto;
      padding: 0 0 8px;
    }
    .panes[data-layout="side-by-side"] .title {
      margin: 16px 0 auto;
      writing-mode: vertical-rl;
      font-size: 12px;
      font-weight: 500;
      color: var(--soft);
    }
    .panes[data-layout="side-by-side"] .zoom {
      flex-direction: column-reverse;
    }
    .panes[data-layout="side-by-side"] button.value {
      min-width: var(--target);
      font-size: 12px;
    }
    .panes[data-layout="side-by-side"] button.quiet {
      width: var(--target);
      padding: 0;
    }
    .panes[data-layout="side-by-side"] button.quiet span,
    .panes[data-layout="side-by-side"] :is(.of-seed, up-seed-field) {
      display: none;
    }
    .panes[data-layout="side-by-side"] .message {
      padding: 8px;
    }
    .panes[data-layout="side-by-side"] .preview {
      inset: 16px 60px 16px 16px;
      width: calc(100% - 76px);
      height: calc(100% - 32px);
    }
  }

  @container (max-width: 599px) or (max-height: 340px) {
    .zoom {
      display: none;
    }
    .refit {
      display: inline-flex;
    }
    .panes:not([data-layout="side-by-side"]) button.quiet span,
    .of-seed,
    up-seed-field {
      display: none;
    }
  }
`;

/** Where everything on the page is: wide screens, phones upright, phones on their side. */
import { css } from "lit";

/**
 * Wide: bar, then tools beside the stage, then the palette like a paint box, then the status line.
 * Upright phones: bar, stage with the brush's size in a gutter, tools, palette at the thumb.
 */
export const shellStyles = css`
  :host {
    display: block;
    height: 100dvh;
    --bar-height: 56px;
  }
  .shell {
    display: grid;
    grid-template:
      "bar bar" var(--bar-height)
      "rail stage" minmax(0, 1fr)
      "objects objects" auto
      "palette palette" auto
      "looks looks" auto
      "status status" auto / auto minmax(0, 1fr);
    height: 100%;
    padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
    background: var(--paper);
  }

  header {
    grid-area: bar;
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr);
    align-items: center;
    gap: 8px;
    padding: 0 8px 0 16px;
  }
  h1 {
    display: flex;
    align-items: center;
    gap: 10px;
    margin: 0;
    font: 600 20px/1 var(--serif);
    letter-spacing: -0.01em;
  }
  h1 img {
    flex: none;
  }
  header {
    grid-template-columns: auto minmax(0, 1fr) auto minmax(0, 1fr);
  }
  button.model {
    justify-self: start;
    max-width: 100%;
    margin-inline-start: 8px;
    gap: 6px;
  }
  button.model strong {
    font-weight: 600;
  }
  .names {
    min-width: 0;
    text-align: start;
  }
  .names > * {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .names small {
    display: none;
    font-size: 11px;
    color: var(--soft);
    font-variant-numeric: tabular-nums;
  }
  button.model svg {
    width: 16px;
    color: var(--soft);
  }
  .actions {
    grid-column: -2 / -1;
    display: flex;
    justify-content: end;
    gap: 2px;
  }

  aside {
    grid-area: rail;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 12px;
    min-height: 0;
    width: 56px;
    padding: 4px 0 8px;
  }
  .gutter {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 4px;
    flex: 1;
    min-height: 0;
  }
  up-size-slider {
    flex: 0 1 220px;
  }
  .history {
    display: flex;
    flex-direction: column;
    margin-top: auto;
  }
  .toggle {
    color: var(--soft);
  }
  .toggle[aria-pressed="true"] {
    color: var(--accent-text);
    background: var(--accent-wash);
  }

  main {
    position: relative;
    grid-area: stage;
    min-width: 0;
    min-height: 0;
    overflow: hidden;
    border-start-start-radius: 10px;
  }
  .shell[data-unpainted] main {
    border-start-start-radius: 0;
    border-start-end-radius: 10px;
  }
  up-stage {
    height: 100%;
  }
  .palette {
    grid-area: palette;
    min-width: 0;
    min-height: 74px;
    background: var(--paper);
  }
  .looks {
    grid-area: looks;
    min-width: 0;
    background: var(--paper);
    border-top: 1px solid var(--line);
  }
  .shell[data-unpainted] {
    grid-template:
      "bar bar" var(--bar-height)
      "stage chance" minmax(0, 1fr)
      "status status" auto / minmax(0, 1fr) minmax(300px, 360px);
  }
  .objects {
    grid-area: objects;
    min-width: 0;
    background: var(--paper);
  }
  .chance {
    grid-area: chance;
    display: flex;
    min-height: 0;
    background: var(--paper);
  }
  up-chance-panel {
    flex: 1;
  }
  footer {
    grid-area: status;
    min-width: 0;
    display: flex;
    justify-content: space-between;
    padding: 0 8px 2px;
    --status-height: 28px;
  }
  button.keys {
    min-height: 28px;
    gap: 6px;
    padding: 0 8px;
    font-size: 12px;
    color: var(--soft);
  }
  button.keys svg {
    width: 16px;
    height: 16px;
  }
  @media (pointer: coarse) {
    button.keys {
      display: none;
    }
  }
  .invitation {
    max-width: 320px;
    text-align: center;
  }
  .invitation p {
    margin-bottom: 16px;
    font: 400 18px/1.5 var(--serif);
  }
  .drop {
    position: fixed;
    inset: 12px;
    z-index: 5;
    display: grid;
    place-items: center;
    border: 3px dashed var(--accent);
    border-radius: 16px;
    background: color-mix(in srgb, var(--paper) 82%, transparent);
    font: 600 24px/1.3 var(--serif);
    pointer-events: none;
  }
  up-dialog a {
    color: var(--accent-text);
  }
  up-dialog p + p {
    margin-top: 12px;
  }

  @media (max-width: 1099px) {
    button.text {
      width: var(--target);
      padding: 0;
    }
    button.text span {
      display: none;
    }
  }

  @media (max-height: 699px) and (min-width: 600px) {
    aside {
      width: 96px;
      gap: 8px;
    }
    up-tool-bar {
      --tool-flow: row wrap;
      width: 92px;
    }
    .history {
      flex-direction: row;
    }
  }

  /* Strips of objects and looks below the palette take as much as a small screen. */
  @media (max-height: 899px) and (min-width: 600px) {
    .shell[data-crowded] aside {
      width: 96px;
      gap: 8px;
    }
    .shell[data-crowded] up-tool-bar {
      --tool-flow: row wrap;
      width: 92px;
    }
    .shell[data-crowded] .history {
      flex-direction: row;
    }
  }

  /* Phones on their side: little height, so no status line, and size beside the tools. */
  @media (max-height: 479px) and (min-width: 600px) {
    :host {
      --bar-height: 44px;
    }
    aside {
      flex-direction: row;
      align-items: stretch;
      width: auto;
      padding: 0 4px;
    }
    .history {
      flex-direction: column;
    }
    .toggle {
      display: none;
    }
    footer {
      display: none;
    }
    .names small {
      display: block;
    }
  }

  /* Phones upright. */
  @media (max-width: 599px) {
    :host {
      --bar-height: 52px;
    }
    .shell {
      grid-template:
        "bar bar" var(--bar-height)
        "gutter stage" minmax(0, 1fr)
        "tools tools" auto
        "objects objects" auto
        "palette palette" auto
        "looks looks" auto / auto minmax(0, 1fr);
    }
    header {
      grid-template-columns: auto minmax(0, 1fr) auto auto;
      gap: 0;
      padding: 0 4px 0 10px;
    }
    h1 span {
      position: absolute;
      clip-path: inset(50%);
    }
    button.text {
      display: none;
    }
    button.model {
      margin: 0;
      padding: 0 6px;
    }
    button.model strong {
      font-size: 13px;
    }
    .names small {
      display: block;
    }
    button.model svg {
      display: none;
    }
    up-segmented.view {
      --target: 40px;
    }
    aside {
      display: contents;
    }
    .shell[data-unpainted] {
      grid-template:
        "bar" var(--bar-height)
        "stage" minmax(0, 4fr)
        "chance" minmax(0, 5fr) / minmax(0, 1fr);
    }
    .shell[data-unpainted] main {
      border-radius: 0;
    }
    up-tool-bar {
      grid-area: tools;
      --tool-flow: row nowrap;
      --tool-flex: 1 1 40px;
      --tool-width: 40px;
      --tool-gap: 0;
      padding: 4px 4px 0;
      background: var(--paper);
    }
    .gutter {
      grid-area: gutter;
      width: 48px;
      padding: 8px 0;
    }
    up-size-slider {
      flex: 0 1 200px;
    }
    main {
      border-start-start-radius: 10px;
      border-end-start-radius: 10px;
    }
    footer {
      display: none;
    }
  }
`;

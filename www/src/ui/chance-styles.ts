/** What the panel of a model of chance looks like: a column beside the picture, or below it on phones. */
import { css } from "lit";

/** Styles of `<up-chance-panel>` and `<up-path-panel>`. */
export const chanceStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 12px;
    min-height: 0;
    padding: 8px 16px 16px;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .row.head {
    flex-wrap: nowrap;
    justify-content: flex-end;
  }
  .row.head > :last-child {
    margin-inline-start: auto;
  }
  .row .grow {
    flex: 1 1 120px;
    min-width: 0;
  }
  p {
    font: 400 15px/1.45 var(--serif);
  }
  up-segmented {
    display: block;
  }
  .grid {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(64px, 1fr));
    gap: 8px;
  }
  .grid button.face {
    display: block;
    width: 100%;
    min-width: 0;
    height: auto;
    min-height: 0;
    aspect-ratio: 1;
    padding: 0;
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--pressed);
  }
  .grid button.face[aria-pressed="true"] {
    outline: 3px solid var(--accent);
    outline-offset: 1px;
  }
  .grid button.face:focus-visible {
    outline: 2px solid var(--cool);
    outline-offset: 3px;
  }
  .grid up-thumbnail {
    width: 100%;
    height: 100%;
    image-rendering: auto;
  }
  .progress {
    font-size: 12px;
    color: var(--soft);
    font-variant-numeric: tabular-nums;
  }
  .class-list {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
  }
`;

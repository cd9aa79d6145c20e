/** What strips of small pictures look like: styles, seeds, looks of objects. */
import { css } from "lit";

/** One row under the stage, which scrolls sideways where it is narrow. */
export const stripStyles = css`
  :host {
    display: flex;
    align-items: center;
    gap: 8px 16px;
    padding: 4px 16px 8px;
    overflow-x: auto;
    scrollbar-width: thin;
  }
  .tiles {
    padding: 4px;
  }
`;

/** Tiles of `--tile` pixels, chosen ones framed in ochre; names below. */
export const tileStyles = css`
  .tiles {
    display: flex;
    gap: 8px;
  }
  .tile {
    position: relative;
    flex: none;
  }
  .tile > button.face {
    display: block;
    width: var(--tile, 64px);
    min-width: 0;
    height: var(--tile, 64px);
    min-height: 0;
    padding: 0;
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--pressed);
    color: var(--soft);
  }
  .tile > button.face:hover {
    border-color: var(--strong);
  }
  .tile > button.face[aria-pressed="true"] {
    outline: 3px solid var(--accent);
    outline-offset: 1px;
    border-color: transparent;
  }
  .tile > button.face:focus-visible {
    outline: 2px solid var(--cool);
    outline-offset: 3px;
  }
  .face img,
  .face up-thumbnail {
    display: block;
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .face svg.glyph {
    margin: auto;
  }
  .tile > .name {
    display: block;
    width: var(--tile, 64px);
    overflow: hidden;
    font-size: 11px;
    line-height: 16px;
    text-align: center;
    text-overflow: ellipsis;
    white-space: nowrap;
    color: var(--soft);
  }
  .tile > button.remove {
    position: absolute;
    inset: -6px -6px auto auto;
    min-width: 24px;
    width: 24px;
    min-height: 24px;
    height: 24px;
    padding: 0;
    border-radius: 50%;
    background: var(--raised);
    border-color: var(--line);
    color: var(--soft);
  }
  .tile > button.remove svg {
    width: 14px;
    height: 14px;
  }
  label.field {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    white-space: nowrap;
  }
  select {
    min-height: var(--target);
    max-width: 180px;
    padding: 0 8px;
    border: 1px solid var(--strong);
    border-radius: var(--radius-small);
    background: var(--paper);
    color: inherit;
    font: inherit;
    font-size: max(16px, 1em);
  }
  input[type="range"] {
    min-height: var(--target);
    accent-color: var(--accent);
  }
  .hint {
    color: var(--soft);
  }
`;

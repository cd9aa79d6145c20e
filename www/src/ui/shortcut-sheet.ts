/** Every key and gesture, made from the tables that the studio acts on. */
import { css, html, type TemplateResult } from "lit";
import { en, type MessageKey } from "../i18n/en.js";
import { t } from "../i18n/language.js";
import { chordKeys, isMac, PASTE_CHORD, POINTER_HINTS, SHORTCUTS, type ShortcutGroup } from "../tools/shortcuts.js";
import { StudioElement } from "./studio-element.js";
import { base } from "./styles.js";

/** A row of the sheet: its keys as people read them, and what they do. */
export interface SheetRow {
  readonly keys: readonly string[];
  readonly text: string;
}

const groups: readonly ShortcutGroup[] = ["tools", "brush", "labels", "edit", "view", "files"];

/** The rows of one group, in the page's language. The digits share one row. */
export function sheetRows(group: ShortcutGroup, mac: boolean): readonly SheetRow[] {
  const rows: SheetRow[] = [];
  for (const shortcut of SHORTCUTS) {
    const [chord] = shortcut.chords;
    if (shortcut.group !== group || !chord || /^class\.[1-9]$/.test(shortcut.id)) continue;
    const digits = shortcut.id === "class.0";
    rows.push({
      keys: digits ? ["0 – 9"] : chordKeys(chord, mac),
      text: wordsFor(digits ? "class.digits" : shortcut.id),
    });
  }
  for (const hint of POINTER_HINTS) {
    if (hint.group === group) rows.push({ keys: hint.keys.map(keyName), text: wordsFor(hint.id) });
  }
  if (group === "files") rows.push({ keys: chordKeys(PASTE_CHORD, mac), text: wordsFor("files.paste") });
  if (group === "brush") {
    rows.push(
      { keys: [keyName("arrows")], text: wordsFor("hint.arrows") },
      { keys: [keyName("space")], text: wordsFor("hint.press") },
    );
  }
  return rows;
}

function wordsFor(id: string): string {
  const key = [`key.${id}`, id].find(isMessageKey);
  return key ? t(key) : id;
}

function keyName(key: string): string {
  const name = `keyname.${key}`;
  return isMessageKey(name) ? t(name) : key;
}

function isMessageKey(key: string): key is MessageKey {
  return key in en;
}

/** `<up-shortcut-sheet>` */
export class ShortcutSheet extends StudioElement {
  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        columns: 2 320px;
        column-gap: 40px;
      }
      section {
        break-inside: avoid;
        margin-bottom: 20px;
      }
      h3 {
        margin-bottom: 6px;
        font: 600 13px/1.4 var(--sans);
        color: var(--accent-text);
      }
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
        margin: 0;
      }
      dt,
      dd {
        margin: 0;
        padding: 5px 0;
        border-bottom: 1px solid var(--line);
      }
      dd {
        text-align: end;
        white-space: nowrap;
      }
      kbd {
        display: inline-block;
        min-width: 24px;
        margin-inline-start: 4px;
        padding: 1px 6px;
        border-radius: 4px;
        background: var(--pressed);
        font: 500 12px/1.6 var(--sans);
        text-align: center;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const mac = isMac();
    return html`${groups.map(
      (group) =>
        html`<section>
          <h3>${t(`shortcuts.${group}`)}</h3>
          <dl>
            ${sheetRows(group, mac).map(
              (row) =>
                html`<dt>${row.text}</dt>
                  <dd>${row.keys.map((key) => html`<kbd>${key}</kbd>`)}</dd>`,
            )}
          </dl>
        </section>`,
    )}`;
  }
}

customElements.define("up-shortcut-sheet", ShortcutSheet);

/** The keys, as data: the studio acts on this table and its shortcut sheet is made from it. */

import type { ToolId } from "../state/studio-state.js";

/** What a key asks for. The studio's shell runs it: `runStudioCommand` does all but the file and sheet commands. */
export type ShortcutCommand =
  | { readonly type: "tool"; readonly tool: ToolId }
  | { readonly type: "brush-size"; readonly direction: 1 | -1; readonly coarse: boolean }
  | { readonly type: "class"; readonly digit: number }
  | { readonly type: "swap-class" }
  | { readonly type: "object"; readonly what: "new" | "none" | "outlines" }
  | { readonly type: "find-label" }
  | { readonly type: "undo" }
  | { readonly type: "redo" }
  | { readonly type: "cancel" }
  | { readonly type: "clear" }
  | { readonly type: "save" }
  | { readonly type: "open" }
  | { readonly type: "paintings" }
  | { readonly type: "copy"; readonly what: "picture" | "labels" }
  | { readonly type: "zoom"; readonly direction: 1 | -1 }
  | { readonly type: "fit" }
  | { readonly type: "actual-size" }
  | { readonly type: "next-layout" }
  | { readonly type: "sheet" };

/** Sections of the shortcut sheet. */
export type ShortcutGroup = "tools" | "brush" | "labels" | "edit" | "view" | "files";

/** One key: `key` is `KeyboardEvent.key` in lower case. */
export interface KeyChord {
  readonly key: string;
  /** Ctrl, or Cmd on a Mac. */
  readonly ctrl?: boolean;
  /** Left out: shift does not matter, for keys such as `?` that need it on some keyboards. */
  readonly shift?: boolean;
}

/** A row of the table. */
export interface Shortcut {
  /** Names the row, for its description in the interface's language. */
  readonly id: string;
  readonly group: ShortcutGroup;
  /** Any of these; the first is the one to show beside a button. */
  readonly chords: readonly KeyChord[];
  readonly command: ShortcutCommand;
  /** Whether holding the key repeats it. */
  readonly repeats?: boolean;
}

/** What the pointer does together with a key or finger; only for the sheet. */
export interface PointerHint {
  readonly id: string;
  readonly group: ShortcutGroup;
  /** Names of keys, buttons and gestures, to be shown as they are translated. */
  readonly keys: readonly string[];
}

const tool = (tool: ToolId, ...keys: readonly string[]): Shortcut => ({
  id: `tool.${tool}`,
  group: "tools",
  chords: keys.map((key) => ({ key, ctrl: false, shift: false })),
  command: { type: "tool", tool },
});

const digit = (digit: number): Shortcut => ({
  id: `class.${digit}`,
  group: "labels",
  chords: [{ key: String(digit), ctrl: false, shift: false }],
  command: { type: "class", digit },
});

/** Every key of the studio. */
export const SHORTCUTS: readonly Shortcut[] = [
  tool("brush", "b"),
  tool("eraser", "e"),
  tool("fill", "g"),
  tool("line", "l"),
  tool("rectangle", "u", "r"),
  tool("ellipse", "o"),
  tool("eyedropper", "i"),
  tool("pan", "h"),
  {
    id: "brush.smaller",
    group: "brush",
    chords: [{ key: "[", ctrl: false, shift: false }],
    command: { type: "brush-size", direction: -1, coarse: false },
    repeats: true,
  },
  {
    id: "brush.larger",
    group: "brush",
    chords: [{ key: "]", ctrl: false, shift: false }],
    command: { type: "brush-size", direction: 1, coarse: false },
    repeats: true,
  },
  {
    id: "brush.muchSmaller",
    group: "brush",
    chords: [
      { key: "{", ctrl: false },
      { key: "[", ctrl: false, shift: true },
    ],
    command: { type: "brush-size", direction: -1, coarse: true },
    repeats: true,
  },
  {
    id: "brush.muchLarger",
    group: "brush",
    chords: [
      { key: "}", ctrl: false },
      { key: "]", ctrl: false, shift: true },
    ],
    command: { type: "brush-size", direction: 1, coarse: true },
    repeats: true,
  },
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(digit),
  {
    id: "class.swap",
    group: "labels",
    chords: [{ key: "x", ctrl: false, shift: false }],
    command: { type: "swap-class" },
  },
  {
    id: "objects.new",
    group: "labels",
    chords: [{ key: "n", ctrl: false, shift: false }],
    command: { type: "object", what: "new" },
  },
  {
    id: "objects.none",
    group: "labels",
    chords: [{ key: "n", ctrl: false, shift: true }],
    command: { type: "object", what: "none" },
  },
  {
    id: "objects.outlines",
    group: "labels",
    chords: [{ key: "k", ctrl: false, shift: false }],
    command: { type: "object", what: "outlines" },
  },
  {
    id: "class.find",
    group: "labels",
    chords: [
      { key: "/", ctrl: false },
      { key: "k", ctrl: true, shift: false },
    ],
    command: { type: "find-label" },
  },
  {
    id: "edit.undo",
    group: "edit",
    chords: [{ key: "z", ctrl: true, shift: false }],
    command: { type: "undo" },
    repeats: true,
  },
  {
    id: "edit.redo",
    group: "edit",
    chords: [
      { key: "z", ctrl: true, shift: true },
      { key: "y", ctrl: true, shift: false },
    ],
    command: { type: "redo" },
    repeats: true,
  },
  { id: "edit.cancel", group: "edit", chords: [{ key: "escape" }], command: { type: "cancel" } },
  {
    id: "edit.clear",
    group: "edit",
    chords: [{ key: "delete", ctrl: false, shift: false }],
    command: { type: "clear" },
  },
  {
    id: "view.zoomIn",
    group: "view",
    chords: [
      { key: "+", ctrl: false },
      { key: "=", ctrl: false },
    ],
    command: { type: "zoom", direction: 1 },
    repeats: true,
  },
  {
    id: "view.zoomOut",
    group: "view",
    chords: [
      { key: "-", ctrl: false },
      { key: "_", ctrl: false },
    ],
    command: { type: "zoom", direction: -1 },
    repeats: true,
  },
  { id: "view.fit", group: "view", chords: [{ key: "0", ctrl: true }], command: { type: "fit" } },
  { id: "view.actualSize", group: "view", chords: [{ key: "1", ctrl: true }], command: { type: "actual-size" } },
  {
    id: "view.layout",
    group: "view",
    chords: [{ key: "v", ctrl: false, shift: false }],
    command: { type: "next-layout" },
  },
  { id: "files.save", group: "files", chords: [{ key: "s", ctrl: true, shift: false }], command: { type: "save" } },
  { id: "files.open", group: "files", chords: [{ key: "o", ctrl: true, shift: false }], command: { type: "open" } },
  {
    id: "files.paintings",
    group: "files",
    chords: [{ key: "p", ctrl: false, shift: false }],
    command: { type: "paintings" },
  },
  {
    id: "files.copyPicture",
    group: "files",
    chords: [{ key: "c", ctrl: true, shift: false }],
    command: { type: "copy", what: "picture" },
  },
  {
    id: "files.copyLabels",
    group: "files",
    chords: [{ key: "c", ctrl: true, shift: true }],
    command: { type: "copy", what: "labels" },
  },
  { id: "files.sheet", group: "files", chords: [{ key: "?", ctrl: false }], command: { type: "sheet" } },
];

/** What pointers do, for the sheet. */
export const POINTER_HINTS: readonly PointerHint[] = [
  { id: "hint.pan", group: "view", keys: ["space", "drag"] },
  { id: "hint.zoom", group: "view", keys: ["ctrl", "wheel"] },
  { id: "hint.pinch", group: "view", keys: ["two-fingers"] },
  { id: "hint.pick", group: "labels", keys: ["alt", "click"] },
  { id: "hint.erase", group: "tools", keys: ["right-button"] },
  { id: "hint.straight", group: "brush", keys: ["shift", "click"] },
  { id: "hint.constrain", group: "tools", keys: ["shift", "drag"] },
  { id: "hint.centre", group: "tools", keys: ["alt", "drag"] },
  { id: "hint.fillAll", group: "tools", keys: ["shift", "fill"] },
  { id: "hint.undoTap", group: "edit", keys: ["two-finger-tap"] },
  { id: "hint.redoTap", group: "edit", keys: ["three-finger-tap"] },
];

/** Pasting is the browser's own key: its event brings the clipboard along, which a key press may not read. */
export const PASTE_CHORD: KeyChord = { key: "v", ctrl: true };

/** What is read of a key press. */
export type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "repeat">;

/** The row that a key press asks for; undefined when it is none of ours. Alt is never part of a shortcut. */
export function shortcutForKey(press: KeyPress): Shortcut | undefined {
  if (press.altKey) return undefined;
  const key = press.key.toLowerCase();
  const ctrl = press.ctrlKey || press.metaKey;
  const found = SHORTCUTS.find(({ chords }) => chords.some((chord) => matches(chord, key, ctrl, press.shiftKey)));
  return found && press.repeat && !found.repeats ? undefined : found;
}

/**
 * Whether a key press belongs to a field that a person types into.
 *
 * Takes the event's composed path, so that fields within shadow roots are seen. Ranges, buttons and boxes are not typed
 * into, so letters pressed on them are still shortcuts.
 */
export function isTyping(path: readonly EventTarget[]): boolean {
  return path.some((target) => {
    if (!(target instanceof HTMLElement)) return false;
    if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
    return target instanceof HTMLInputElement && !NOT_TYPED_INTO.has(target.type);
  });
}

const NOT_TYPED_INTO: ReadonlySet<string> = new Set([
  "range",
  "button",
  "checkbox",
  "radio",
  "submit",
  "reset",
  "file",
  "color",
]);

function matches(chord: KeyChord, key: string, ctrl: boolean, shift: boolean): boolean {
  return (
    chord.key === key &&
    (chord.ctrl === undefined || chord.ctrl === ctrl) &&
    (chord.shift === undefined || chord.shift === shift)
  );
}

/** A chord's keys as they are shown, for example `["Ctrl", "Shift", "Z"]`, or `["⌘", "⇧", "Z"]` on a Mac. */
export function chordKeys(chord: KeyChord, mac: boolean): readonly string[] {
  const keys: string[] = [];
  if (chord.ctrl) keys.push(mac ? "⌘" : "Ctrl");
  if (chord.shift) keys.push(mac ? "⇧" : "Shift");
  const { key } = chord;
  keys.push(
    key.length === 1 ? key.toUpperCase() : key === "escape" ? "Esc" : key.charAt(0).toUpperCase() + key.slice(1),
  );
  return keys;
}

/** The key of a tool as it is shown beside its button; undefined when it has none. */
export function toolKey(id: ToolId, mac = false): string | undefined {
  const row = SHORTCUTS.find(({ command }) => command.type === "tool" && command.tool === id);
  const chord = row?.chords[0];
  return chord && chordKeys(chord, mac).join("+");
}

/** The keys of a row as they are shown, for example `Ctrl+0`. */
export function shortcutKeys(id: string, mac = isMac()): string {
  const chord = SHORTCUTS.find((row) => row.id === id)?.chords[0];
  return chord ? chordKeys(chord, mac).join(mac ? "" : "+") : "";
}

/** Whether keys have a Mac's names. */
export function isMac(): boolean {
  return typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.userAgent);
}

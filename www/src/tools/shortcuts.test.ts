// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import * as commands from "../state/commands.js";
import { Studio } from "../state/studio.js";
import { testDevice, testModel } from "../state/test-model.js";
import { chordKeys, isTyping, SHORTCUTS, shortcutForKey, toolKey, type KeyPress } from "./shortcuts.js";
import { studioTools } from "./studio-host.js";
import { runStudioCommand } from "./studio-keys.js";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  repeat: false,
  ...more,
});

const idFor = (key: string, more: Partial<KeyPress> = {}) => shortcutForKey(press(key, more))?.id;

describe("shortcuts", () => {
  it("are Photoshop-like for the tools", () => {
    const tools = ["b", "e", "g", "l", "u", "r", "o", "i", "h"].map((key) => idFor(key));
    expect(tools).toEqual([
      "tool.brush",
      "tool.eraser",
      "tool.fill",
      "tool.line",
      "tool.rectangle",
      "tool.rectangle",
      "tool.ellipse",
      "tool.eyedropper",
      "tool.pan",
    ]);
    expect(idFor("B")).toBe("tool.brush");
  });

  it("undo and redo with Ctrl and with Cmd", () => {
    for (const modifier of [{ ctrlKey: true }, { metaKey: true }]) {
      expect(idFor("z", modifier)).toBe("edit.undo");
      expect(idFor("Z", { ...modifier, shiftKey: true })).toBe("edit.redo");
      expect(idFor("y", modifier)).toBe("edit.redo");
      expect(idFor("s", modifier)).toBe("files.save");
    }
  });

  it("change the brush with brackets, more with shift, on keyboards that then say { as well", () => {
    expect([idFor("["), idFor("]")]).toEqual(["brush.smaller", "brush.larger"]);
    expect([idFor("{", { shiftKey: true }), idFor("[", { shiftKey: true })]).toEqual([
      "brush.muchSmaller",
      "brush.muchSmaller",
    ]);
  });

  it("choose classes by digit and zoom with Ctrl and digit", () => {
    expect([idFor("1"), idFor("1", { ctrlKey: true }), idFor("0"), idFor("0", { ctrlKey: true })]).toEqual([
      "class.1",
      "view.actualSize",
      "class.0",
      "view.fit",
    ]);
  });

  it("leave the browser its own keys", () => {
    for (const [key, more] of [
      ["r", { ctrlKey: true }],
      ["l", { ctrlKey: true }],
      ["b", { altKey: true }],
      ["F5", {}],
      ["+", { ctrlKey: true }],
      ["-", { ctrlKey: true }],
      ["Tab", {}],
      ["Z", { shiftKey: true }],
    ] as const) {
      expect(idFor(key, more)).toBeUndefined();
    }
  });

  it("repeat only where that makes sense", () => {
    expect(idFor("z", { ctrlKey: true, repeat: true })).toBe("edit.undo");
    expect(idFor("s", { ctrlKey: true, repeat: true })).toBeUndefined();
    expect(idFor("x", { repeat: true })).toBeUndefined();
  });

  it("give every key to one row, and every row an id of its own", () => {
    const ids = SHORTCUTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const row of SHORTCUTS) {
      for (const chord of row.chords) {
        const found = idFor(chord.key, { ctrlKey: chord.ctrl ?? false, shiftKey: chord.shift ?? false });
        expect(found).toBe(row.id);
      }
    }
  });

  it("are shown as the keyboard has them", () => {
    expect(chordKeys({ key: "z", ctrl: true, shift: true }, false)).toEqual(["Ctrl", "Shift", "Z"]);
    expect(chordKeys({ key: "z", ctrl: true, shift: true }, true)).toEqual(["⌘", "⇧", "Z"]);
    expect(chordKeys({ key: "escape" }, false)).toEqual(["Esc"]);
    expect([toolKey("brush"), toolKey("pan")]).toEqual(["B", "H"]);
  });
});

describe("isTyping", () => {
  it("is true in fields, also within shadow roots, and false elsewhere", () => {
    const host = document.createElement("div");
    document.body.append(host);
    const root = host.attachShadow({ mode: "open" });
    root.innerHTML =
      '<input type="text"><input type="range"><textarea></textarea><button>B</button><input type="number">';
    const typing = [...root.children].map((element) => {
      let path: EventTarget[] = [];
      const listener = (event: Event) => (path = event.composedPath());
      document.addEventListener("keydown", listener, { once: true });
      element.dispatchEvent(new KeyboardEvent("keydown", { key: "b", bubbles: true, composed: true }));
      return isTyping(path);
    });
    expect(typing).toEqual([true, false, true, false, true]);
  });
});

describe("runStudioCommand", () => {
  it("runs keys on the studio, and gives files and the sheet to the shell", () => {
    const studio = new Studio();
    commands.modelReady(studio, testModel, testDevice);
    const { controller, host } = studioTools(studio);
    const shell: string[] = [];
    const run = (key: string, more: Partial<KeyPress> = {}) => {
      const shortcut = shortcutForKey(press(key, more));
      return shortcut
        ? runStudioCommand(studio, controller, shortcut.command, ({ type }) => shell.push(type))
        : undefined;
    };
    expect(run("g")).toBe(true);
    expect([studio.state.tool, controller.tool]).toEqual(["fill", "fill"]);
    run("2");
    run("x");
    run("x");
    expect(studio.state.classId).toBe(2);
    run("v");
    expect(studio.state.layout).toBe("overlay");
    for (const [key, more] of [
      ["s", { ctrlKey: true }],
      ["o", { ctrlKey: true }],
      ["?", { shiftKey: true }],
    ] as const)
      run(key, more);
    expect(shell).toEqual(["save", "open", "sheet"]);
    expect(run("z", { ctrlKey: true })).toBe(false);
    expect(run("Escape")).toBe(false);

    run("b");
    const input = {
      pointerId: 1,
      kind: "mouse",
      pointInImage: { x: 5, y: 5 },
      pointInCanvas: { x: 5, y: 5 },
      pressure: 0.5,
      buttons: 1,
      shift: false,
      alt: false,
      space: false,
    } as const;
    controller.pointerDown(input);
    expect(host.map?.at(5, 5)).toBe(2);
    expect(run("z", { ctrlKey: true })).toBe(true);
    expect(host.map?.at(5, 5)).toBe(0);
    controller.pointerUp(input);
    expect(studio.state.undoKind).toBeUndefined();
  });
});

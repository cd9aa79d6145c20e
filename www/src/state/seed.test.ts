import { describe, expect, it } from "vitest";
import * as commands from "./commands.js";
import { seedFrom, seedFromText } from "./seed.js";
import { Studio } from "./studio.js";
import { latentModel, testDevice, testModel } from "./test-model.js";

describe("seedFromText", () => {
  it.each([
    ["0", 0],
    [" 42 ", 42],
    ["4294967295", 0xffff_ffff],
    ["4,294,967,295", 0xffff_ffff],
    ["1 234", 1234],
  ])("takes %j", (text, seed) => expect(seedFromText(text)).toBe(seed));

  it.each(["", "-1", "4294967296", "1.5", "seven", "1e3", "99999999999"])("refuses %j", (text) => {
    expect(seedFromText(text)).toBeUndefined();
  });

  it("numbers wrap into 32 bits", () =>
    expect([seedFrom(-1), seedFrom(NaN), seedFrom(7.9)]).toEqual([0xffff_ffff, 0, 7]));
});

describe("a seed", () => {
  it("is an undo step of its painting, between strokes", () => {
    const studio = new Studio();
    commands.modelReady(studio, testModel, testDevice);
    commands.changeSeed(studio, 5);
    commands.clear(studio);
    commands.changeSeed(studio, 9);
    expect(studio.state.undoKind).toBe("seed");
    commands.undo(studio);
    expect([studio.state.seed, studio.state.redoKind]).toEqual([5, "seed"]);
    commands.undo(studio);
    expect([studio.state.seed, studio.state.undoKind]).toEqual([0, undefined]);
    commands.redo(studio);
    commands.redo(studio);
    expect(studio.state.seed).toBe(9);
  });

  it("can be taken back where nothing is painted, and is no step when it is the same", () => {
    const studio = new Studio();
    commands.modelReady(studio, latentModel, testDevice);
    expect(commands.undo(studio)).toBe(false);
    commands.changeSeed(studio, 3);
    commands.changeSeed(studio, 3);
    commands.rollSeed(studio);
    expect([commands.undo(studio), studio.state.seed]).toEqual([true, 3]);
    expect([commands.undo(studio), studio.state.seed, studio.state.undoKind]).toEqual([true, 0, undefined]);
    expect([commands.redo(studio), studio.state.seed]).toEqual([true, 3]);
    commands.modelReady(studio, { ...latentModel, name: "Another" }, testDevice);
    expect([studio.state.undoKind, studio.state.redoKind, studio.state.seed]).toEqual([undefined, undefined, 3]);
  });
});

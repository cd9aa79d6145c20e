import { describe, expect, it } from "vitest";
import { LabelMap } from "../canvas/label-map.js";
import { instancesOf } from "../canvas/instance-map.js";
import { lookFromText, textFromLook } from "../files/share-look.js";
import { stylesFromJson } from "../files/style-list.js";
import * as commands from "./commands.js";
import { isLook, PLAIN_LOOK, type Look } from "./look.js";
import { chooseObjectLook, chooseStyle, recordLook, showLook } from "./look-commands.js";
import { looksIn, looksOfScene, rectOfObject } from "./object-looks.js";
import { Studio } from "./studio.js";
import { latentModel, testDevice, testModel } from "./test-model.js";

const mixed: Look = {
  style: {
    kind: "between",
    from: { kind: "photo", id: "a", mean: [0.1, -2], logVariance: [1, 0.30000001192092896] },
    to: { kind: "near", of: { kind: "listed", file: "styles/dusk.jpg" }, seed: 7, step: 0.5 },
    share: 0.25,
  },
  objects: [
    { label: 3, object: 2, cluster: 1 },
    { label: 1, object: 0, feature: [0.5] },
  ],
};

describe("a look", () => {
  it("is known from what is none, whatever storage or a link brings", () => {
    expect([isLook(PLAIN_LOOK), isLook(mixed)]).toEqual([true, true]);
    const style = (changed: object) => isLook({ ...PLAIN_LOOK, style: changed });
    expect(style({ kind: "listed", file: "../secret.png" })).toBe(false);
    expect(style({ kind: "listed", file: "https://elsewhere.test/a.png" })).toBe(false);
    expect(style({ kind: "random", seed: -1 })).toBe(false);
    expect(style({ kind: "latent", latent: ["red"] })).toBe(false);
    expect(style({ kind: "between", from: { kind: "seed" }, to: { kind: "seed" }, share: 2 })).toBe(false);
    expect(isLook({ ...PLAIN_LOOK, objects: [{ label: 1, object: 0 }] })).toBe(false);
    let deep: object = { kind: "seed" };
    for (let depth = 0; depth < 20; depth += 1) deep = { kind: "near", of: deep, seed: 1, step: 0.5 };
    expect(style(deep)).toBe(false);
  });

  it("is the same again from its text, numbers in 32 bits", () => {
    const narrow = JSON.parse(JSON.stringify(mixed), (_, value) =>
      typeof value === "number" && !Number.isInteger(value) ? Math.fround(value) : value,
    );
    expect(lookFromText(textFromLook(mixed))).toEqual(narrow);
    expect(lookFromText("{")).toBeUndefined();
    expect(lookFromText('{"style":{"kind":"latent","latent":"f32:A"},"objects":[]}')).toBeUndefined();
  });

  it("is undone and done again in one step, however often it was shown on the way", () => {
    const studio = new Studio();
    commands.modelReady(studio, testModel, testDevice);
    const before = studio.state.look;
    for (const share of [0.1, 0.2, 0.3]) {
      showLook(studio, {
        ...before,
        style: { kind: "between", from: { kind: "seed" }, to: { kind: "random", seed: 1 }, share },
      });
    }
    recordLook(studio, before, "style");
    const after = studio.state.look;
    chooseObjectLook(studio, 3, 0, { label: 3, object: 0, cluster: 2 });
    expect([studio.state.undoKind, studio.state.look.objects.length]).toEqual(["look", 1]);
    commands.undo(studio);
    expect(studio.state.look).toBe(after);
    commands.undo(studio);
    expect([studio.state.look, commands.undo(studio)]).toEqual([before, false]);
    commands.redo(studio);
    expect(studio.state.look).toBe(after);
  });

  it("is undone where nothing is painted, too, and begins anew with another model", () => {
    const studio = new Studio();
    commands.modelReady(studio, latentModel, testDevice);
    chooseStyle(studio, { kind: "random", seed: 3 });
    commands.undo(studio);
    expect(studio.state.look).toEqual(PLAIN_LOOK);
    commands.redo(studio);
    commands.modelReady(studio, testModel, testDevice);
    expect(studio.state.look).toEqual(PLAIN_LOOK);
  });
});

describe("looks of objects", () => {
  const map = new LabelMap(3, 2, Uint8Array.from([1, 3, 3, 1, 1, 3]), Uint16Array.from([0, 1, 1, 0, 0, 2]));
  const instances = instancesOf(map);

  it("find their objects' numbers, and leave out those that are gone", () => {
    const objects = [
      { label: 3, object: 2, cluster: 1 },
      { label: 1, object: 0, feature: [0.5] },
      { label: 2, object: 0, cluster: 0 },
    ];
    expect(looksIn({ ...PLAIN_LOOK, objects }, map, instances)).toEqual([
      { label: 1, feature: [0.5], instance: 1 },
      { label: 3, cluster: 1, instance: 3001 },
    ]);
    expect(looksIn({ ...PLAIN_LOOK, objects }, map, undefined)).toContainEqual({ label: 1, feature: [0.5] });
  });

  it("come back from what a photo gave", () => {
    const looks = [
      { label: 1, instance: 1, feature: [1] },
      { label: 3, instance: 3000, feature: [2] },
      { label: 3, instance: 3001, feature: [3] },
    ];
    expect(looksOfScene(looks, map, instances)).toEqual([
      { label: 1, object: 0, feature: [1] },
      { label: 3, object: 1, feature: [2] },
      { label: 3, object: 2, feature: [3] },
    ]);
  });

  it("know where their object lies", () => {
    expect(rectOfObject(map, 3, 1)).toEqual({ x: 1, y: 0, width: 2, height: 1 });
    expect(rectOfObject(map, 2, 0)).toBeUndefined();
  });
});

describe("stylesFromJson", () => {
  it("takes what makes sense, once, and nothing outside the folder", () => {
    const address = (file: string) => (file === "styles/gone.jpg" ? undefined : `https://models.test/${file}`);
    const styles = [
      { name: "Dusk", name_zh: "黄昏", file: "styles/dusk.jpg" },
      { file: "styles/noon.png" },
      { name: "Again", file: "styles/dusk.jpg" },
      { name: "Out", file: "../out.jpg" },
      { name: "Gone", file: "styles/gone.jpg" },
      "nonsense",
    ];
    expect(stylesFromJson({ styles }, address)).toEqual([
      { file: "styles/dusk.jpg", name: "Dusk", nameZh: "黄昏", address: "https://models.test/styles/dusk.jpg" },
      { file: "styles/noon.png", name: "noon", nameZh: undefined, address: "https://models.test/styles/noon.png" },
    ]);
    expect(stylesFromJson("nothing", address)).toEqual([]);
  });
});

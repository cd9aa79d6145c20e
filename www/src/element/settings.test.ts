import { describe, expect, it } from "vitest";
import type { LabelMapInput } from "../engine/input.js";
import { checkObjects, labelMapFrom, numberFromAttribute, refusal } from "./settings.js";

const classes = [0, 1, 2, 7].map((id) => ({ id, name: `class ${id}`, color: [id, id, id] as const }));

const message = (...told: Parameters<typeof refusal>): string | undefined => refusal(...told)?.message;

describe("what a page sets", () => {
  it("is taken when it is known", () => {
    expect(message("tool", "line", null, classes)).toBeUndefined();
    expect(message("layout", "overlay", null, classes)).toBeUndefined();
    expect(message("device", "cpu", null, classes)).toBeUndefined();
    expect(message("loading", "eager", null, classes)).toBeUndefined();
    expect(message("brushSize", 512, null, classes)).toBeUndefined();
    expect(message("seed", 0xffff_ffff, null, classes)).toBeUndefined();
    expect(message("label", 7, null, classes)).toBeUndefined();
  });

  it("is refused with the attribute, what was expected and what was found", () => {
    expect(message("tool", "nonsense", "nonsense", classes)).toBe(
      'tool: expected brush, eraser, fill, line, rectangle, ellipse or eyedropper, found "nonsense"',
    );
    expect(message("tool", "pan", null, classes)).toMatch(/found "pan"$/);
    expect(message("label", 77, "77", classes)).toBe("label: expected one of the model's ids, 0 to 2, 7, found 77");
    expect(message("brushSize", NaN, null, classes)).toBe("brush-size: expected a number from 1 to 512, found NaN");
    expect(message("seed", -1, null, classes)).toBe("seed: expected a whole number from 0 to 4294967295, found -1");
    expect(message("seed", 1.5, null, classes)).toMatch(/found 1.5$/);
    expect(message("device", undefined, null, classes)).toBe("device: expected auto, webgpu or cpu, found undefined");
    expect(refusal("brushSize", 0, null, classes)).toMatchObject({ code: "bad-input", attribute: "brush-size" });
  });

  it("says what the attribute says when that is no number", () => {
    expect(numberFromAttribute(" ")).toBeNaN();
    expect(numberFromAttribute(null)).toBeNull();
    expect(message("brushSize", numberFromAttribute("thick"), "thick", classes)).toMatch(/found "thick"$/);
  });

  it("may be any label as long as there is no model", () => {
    expect(message("label", 77, null, [])).toBeUndefined();
    expect(message("label", 256, null, [])).toBe("label: expected a whole number from 0 to 255, found 256");
  });
});

describe("a label map from a page", () => {
  const refused = (input: unknown): string => {
    try {
      labelMapFrom(input as LabelMapInput, classes);
      return "taken";
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  };

  it("is copied", () => {
    const ids = new Uint8Array([0, 1, 2, 7]);
    const map = labelMapFrom({ ids, width: 2, height: 2 }, classes);
    ids.fill(0);
    expect([...map.ids]).toEqual([0, 1, 2, 7]);
  });

  it("takes instances by whatever rule, and refuses those that do not fit, or a model that has no use for them", () => {
    const input = { ids: new Uint8Array([1, 1, 2, 7]), width: 2, height: 2 };
    expect(labelMapFrom(input, classes).objects).toBeUndefined();
    const map = labelMapFrom({ ...input, instances: Uint16Array.of(1000, 1001, 2, 7000) }, classes);
    expect([...(map.objects ?? [])]).toEqual([1, 2, 0, 1]);
    const plain = labelMapFrom({ ...input, instances: Uint16Array.of(40, 40, 41, 0) }, classes);
    expect([...(plain.objects ?? [])]).toEqual([1, 1, 1, 0]);
    expect(refused({ ...input, instances: new Uint16Array(3) })).toBe(
      "labelMap: expected 4 instances, as many as ids, found 3",
    );
    expect(refused({ ...input, instances: [1, 2, 3, 4] })).toMatch(/expected instances in a Uint16Array/);
    expect(() => checkObjects(map, { name: "Lake", usesObjects: false })).toThrow(/Lake does not tell apart/);
    checkObjects(map, { name: "Lake", usesObjects: true });
    checkObjects(labelMapFrom(input, classes), { name: "Lake", usesObjects: false });
  });

  it("is refused when it contradicts itself or has ids that the model has not", () => {
    expect(refused({ ids: new Uint8Array(3), width: 2, height: 2 })).toBe(
      "labelMap: expected 4 ids for 2 × 2 pixels, found 3",
    );
    expect(refused({ ids: new Uint8Array(0), width: 0, height: 2 })).toBe(
      "labelMap: expected whole sides of at least 1, found 0 × 2",
    );
    expect(refused({ ids: new Uint8Array([0, 0, 0, 77]), width: 2, height: 2 })).toBe(
      "labelMap: expected one of the model's ids, 0 to 2, 7, found 77 at pixel (1, 1)",
    );
    for (const input of [undefined, null, "map", { ids: [0], width: 1, height: 1 }]) {
      expect(refused(input)).toMatch(/^labelMap: expected \{ ids, width, height \} with ids in a Uint8Array, found /);
    }
  });
});

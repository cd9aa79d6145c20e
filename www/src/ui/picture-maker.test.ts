import { describe, expect, it } from "vitest";
import type { Generator, GenerateOptions } from "../engine/generator.js";
import { rejection } from "../engine/fixtures.js";
import type { LiveRequest } from "../state/live.js";
import { latentModel, testModel } from "../state/test-model.js";
import { draftSide, pictureMaker } from "./picture-maker.js";
import { StyleShelf } from "./style-shelf.js";

const large = { ...latentModel, size: { width: 256, height: 256 }, scales: [4, 8, 16, 32, 64, 128, 256] };

/** A generator that says what it was asked, and takes so long. */
function slowGenerator(latency: number) {
  const asked: (number | undefined)[] = [];
  const generate = async (_input: unknown, { seed = 0, scale }: GenerateOptions) => {
    asked.push(scale);
    return { image: { width: scale ?? 256 }, latency, seed };
  };
  return { asked, generator: { generate } as unknown as Generator };
}

const request = (seed: number): LiveRequest => ({ input: null, seed });

describe("pictures of a model of chance", () => {
  it("come smaller first where a large one takes long, and at once where it does not", async () => {
    for (const [latency, sides] of [
      [400, [undefined, 64, undefined]],
      [20, [undefined, undefined]],
    ] as const) {
      const { asked, generator } = slowGenerator(latency);
      const make = pictureMaker(generator, large, new StyleShelf());
      const drafts: number[] = [];
      for (const seed of [1, 2]) await make(request(seed), ({ image }) => void drafts.push(image.width));
      expect([asked, drafts]).toEqual([sides, latency > 150 ? [64] : []]);
    }
  });

  it("are not made large when a newer one is asked for while the small one was made", async () => {
    const { asked, generator } = slowGenerator(400);
    const make = pictureMaker(generator, large, new StyleShelf());
    await make(request(1), () => undefined);
    const old = make(request(2), () => undefined);
    const newer = make(request(3), () => undefined);
    expect((await rejection(old)).code).toBe("superseded");
    expect((await newer).seed).toBe(3);
    expect(asked).toEqual([undefined, 64, 64, undefined]);
  });

  it("have no smaller ones where the network has no scales", () => {
    expect([draftSide(large), draftSide(testModel), draftSide({ ...large, scales: [256] })]).toEqual([
      64,
      undefined,
      undefined,
    ]);
  });
});

describe("a style that is read first", () => {
  it("does not supersede what was asked for meanwhile", async () => {
    const { asked, generator } = slowGenerator(1);
    const shelf = new StyleShelf();
    let read: (style: { seed: number }) => void = () => undefined;
    const reading = new Promise<{ seed: number }>((resolve) => (read = resolve));
    shelf.resolve = (style) => (style.kind === "listed" ? reading : undefined);
    const make = pictureMaker(generator, { ...testModel, hasLatent: true }, shelf);
    const old = make({ ...request(1), style: { kind: "listed", file: "a.png" } }, () => undefined);
    const newer = make(request(2), () => undefined);
    read({ seed: 5 });
    expect((await rejection(Promise.resolve(old))).code).toBe("superseded");
    expect((await newer).seed).toBe(2);
    expect(asked).toHaveLength(1);
  });
});

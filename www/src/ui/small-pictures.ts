/** Small pictures of many latents, made one after the other behind what a person waits for: quick ones first, then better. */
import { errorFrom } from "../engine/errors.js";
import type { ClassChoice } from "../engine/input.js";
import type { Generator } from "../engine/generator.js";
import type { Style } from "../engine/style.js";
import type { StudioModel } from "../state/studio-model.js";

/** Sides, in pixels, of the quick ones and of the better ones, at most. */
const SIDES = [16, 96] as const;

/** A picture that is wanted. */
export interface Wanted {
  readonly key: string;
  readonly seed: number;
  /** Undefined for what the seed draws. */
  readonly style: Style | undefined | Promise<Style | undefined>;
}

/** The sides at which a model of chance makes them, one after the other. */
export function smallSides({ scales = [], size }: StudioModel): readonly (number | undefined)[] {
  const smaller = scales.filter((side) => side < size.width);
  const sides = SIDES.map((most) => smaller.filter((side) => side <= most).at(-1) ?? smaller[0]);
  // A model whose own pictures are small makes those in the end.
  const last = size.width <= SIDES[1] ? undefined : sides[1];
  return sides[0] === last ? [last] : [sides[0], last];
}

/** Makes pictures until all are there or others are wanted. */
export class SmallPictures {
  /** Called when one more is there. */
  onChange: (() => void) | undefined;
  private readonly made = new Map<string, ImageData>();
  private stop: AbortController | undefined;
  private wanted: readonly Wanted[] = [];
  private left = 0;

  /** The picture with a key, as good as it is there. */
  get(key: string): ImageData | undefined {
    return this.made.get(key);
  }

  /** How many of those wanted are as good as they get. */
  get done(): number {
    return this.wanted.length - this.left;
  }

  /** How many are wanted. */
  get of(): number {
    return this.wanted.length;
  }

  /** Wants these from now on, and those wanted before no more. */
  async want(
    generator: Generator,
    model: StudioModel,
    wanted: readonly Wanted[],
    classes: ClassChoice = {},
  ): Promise<void> {
    this.cancel();
    const stop = new AbortController();
    const { signal } = stop;
    this.stop = stop;
    this.wanted = wanted;
    this.left = wanted.length;
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of this.made.keys()) if (!keys.has(key)) this.made.delete(key);
    const sides = smallSides(model);
    try {
      for (const [pass, scale] of sides.entries()) {
        for (const { key, seed, style } of wanted) {
          if (signal.aborted) return;
          const options = { seed, style: await style, classes, background: true, signal };
          const { image } = await generator.generate(null, scale === undefined ? options : { ...options, scale });
          if (signal.aborted) return;
          this.made.set(key, image);
          if (pass === sides.length - 1) this.left -= 1;
          this.onChange?.();
        }
      }
    } catch (thrown) {
      // Cancelled, or the generator is gone, which is told elsewhere.
      if (errorFrom(thrown).code === "aborted" || errorFrom(thrown).code === "device-lost") return;
      throw thrown;
    } finally {
      if (this.stop === stop) this.stop = undefined;
    }
  }

  /** Makes no more. */
  cancel(): void {
    this.stop?.abort();
    this.stop = undefined;
  }
}

/** Small pictures of one object in each of its looks, made one after the other behind what a person waits for. */
import { errorFrom } from "../engine/errors.js";
import type { Generator } from "../engine/generator.js";
import type { LiveRequest } from "../state/live.js";

/** A picture that is wanted. */
export interface WantedLook {
  readonly key: string;
  readonly request: LiveRequest;
}

/** Makes pictures until all are there or others are wanted. Those from before stay until theirs are there. */
export class LookPictures {
  /** Called when one more is there. */
  onChange: (() => void) | undefined;
  private readonly made = new Map<string, ImageData>();
  private stop: AbortController | undefined;

  /** The picture with a key, if it is there. */
  get(key: string): ImageData | undefined {
    return this.made.get(key);
  }

  /** Forgets all pictures. */
  clear(): void {
    this.cancel();
    this.made.clear();
    this.onChange?.();
  }

  /** Wants these from now on, and those wanted before no more. */
  async want(
    generator: Generator,
    wanted: readonly WantedLook[],
    crop: (image: ImageData) => ImageData,
  ): Promise<void> {
    this.cancel();
    const stop = new AbortController();
    const { signal } = stop;
    this.stop = stop;
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of this.made.keys()) if (!keys.has(key)) this.made.delete(key);
    try {
      for (const { key, request } of wanted) {
        const { input, seed, objects } = request;
        const { image } = await generator.generate(input, { seed, objects, background: true, signal });
        if (signal.aborted) return;
        this.made.set(key, crop(image));
        this.onChange?.();
      }
    } catch (thrown) {
      // Cancelled, or the generator is gone, which is told elsewhere.
      const { code } = errorFrom(thrown);
      if (code !== "aborted" && code !== "device-lost") throw thrown;
    }
  }

  /** Makes no more. */
  cancel(): void {
    this.stop?.abort();
    this.stop = undefined;
  }
}

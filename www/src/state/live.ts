/** Live generation: asks for a picture of the newest label map after every change, and never gets in painting's way. */

import { instancesOf } from "../canvas/instance-map.js";
import type { LabelMap } from "../canvas/label-map.js";
import { UnderpaintError, errorFrom } from "../engine/errors.js";
import type { ClassChoice, LabelMapInput, PictureInput } from "../engine/input.js";
import type { ObjectLook } from "../engine/looks.js";
import type { SceneStyle } from "./look.js";
import { looksIn } from "./object-looks.js";
import type { Studio } from "./studio.js";
import { choiceFor, type StudioModel } from "./studio-model.js";
import type { GeneratedPicture, StudioState } from "./studio-state.js";

/**
 * What a generator is asked for: a label map (which it colours itself where the model takes painted pictures), a photo,
 * or nothing but the seed. It must copy the input at once: painting goes on in it.
 */
export interface LiveRequest {
  readonly input: PictureInput;
  /** Unsigned 32-bit integer. */
  readonly seed: number;
  /** For models of chance with classes. */
  readonly classes?: ClassChoice;
  /** Where the latent comes from, for models of styles. */
  readonly style?: SceneStyle;
  /** Looks that are chosen for objects, by their numbers in the input. */
  readonly objects?: readonly ObjectLook[];
}

/**
 * Makes a picture; a request that a newer one replaces rejects with code `superseded`. What is there before it, smaller,
 * is given to `draft`.
 */
export type Generate = (request: LiveRequest, draft: (picture: GeneratedPicture) => void) => Promise<GeneratedPicture>;

/** What live generation needs of the page; replaced in tests. */
export interface LiveClock {
  /** Calls back before the next frame is drawn; returns how to prevent that. */
  nextFrame(callback: () => void): () => void;
  isHidden(): boolean;
  /** Calls back when the page is hidden or shown; returns how to stop that. */
  onVisibility(callback: () => void): () => void;
}

/** The page's own frames and visibility. */
export const PAGE_CLOCK: LiveClock = {
  nextFrame(callback) {
    const handle = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(handle);
  },
  isHidden: () => document.hidden,
  onVisibility(callback) {
    document.addEventListener("visibilitychange", callback);
    return () => document.removeEventListener("visibilitychange", callback);
  },
};

/** Errors after which the generator is of no use: it is not asked again. */
const FATAL: readonly string[] = ["device-lost", "aborted"];

/** Somebody who asked for a picture, and takes that of any request from number `since` on. */
interface Waiter {
  readonly since: number;
  readonly resolve: (picture: GeneratedPicture) => void;
  readonly reject: (error: UnderpaintError) => void;
}

/**
 * Follows the studio: its painting, photo and seed.
 *
 * At most one request goes out per frame, always with the newest state. Results that a newer one has overtaken are
 * dropped. While the page is hidden, or without a generator, nothing is asked; what was missed is asked for after.
 * Failures go to `state.generation`, and the next change tries again.
 */
export class LiveGeneration {
  private readonly studio: Studio;
  private readonly clock: LiveClock;
  private readonly stopFollowing: () => void;
  /** Listening to the page ends with the generator: the page would keep everything that listens to it. */
  private stopListening: (() => void) | undefined;
  private generate: Generate | undefined;
  private dropFrame: (() => void) | undefined;
  private wanted = false;
  private generatorCount = 0;
  private sent = 0;
  private shown = 0;
  private outstanding = 0;
  private waiters: readonly Waiter[] = [];

  constructor(studio: Studio, clock: LiveClock = PAGE_CLOCK) {
    this.studio = studio;
    this.clock = clock;
    this.stopFollowing = studio.store.subscribe((state, previous) => {
      if (isLive(state) && changesPicture(state, previous)) this.request();
    });
  }

  /** Uses a generator from now on, or none; answers of the one before are dropped. A new one is asked at once. */
  use(generate: Generate | undefined): void {
    this.generatorCount += 1;
    this.outstanding = 0;
    this.turnTo(generate);
    this.studio.store.update({ generation: { phase: "idle" } });
    if (generate) this.request();
  }

  /** Asks for a picture of what is there now, also when live generation is off. */
  request(): void {
    this.wanted = true;
    this.schedule();
  }

  /**
   * Asks at once, also while the page is hidden, and resolves with a picture of what is there now or of something
   * newer: a live request that takes this one's place answers it too.
   *
   * @throws UnderpaintError `bad-input` without a painting or photo, `device-lost` without a generator; others as the
   *   generator's, never `superseded` by live generation
   */
  now(): Promise<GeneratedPicture> {
    return new Promise((resolve, reject) => {
      const request = liveRequest(this.studio.state);
      if (!this.generate) return reject(new UnderpaintError("device-lost", "The generator is gone: load it again."));
      if (!request) return reject(new UnderpaintError("bad-input", "There is nothing yet to make a picture of."));
      this.waiters = [...this.waiters, { since: this.sent + 1, resolve, reject }];
      this.dropFrame?.();
      this.dropFrame = undefined;
      this.ask(this.generate, request);
    });
  }

  /** Stops for good. */
  dispose(): void {
    this.stopFollowing();
    this.generatorCount += 1;
    this.turnTo(undefined);
  }

  /** Without a generator nothing is planned, and nobody outside holds on to this. */
  private turnTo(generate: Generate | undefined): void {
    this.generate = generate;
    if (generate) {
      this.stopListening ??= this.clock.onVisibility(() => this.schedule());
      return;
    }
    this.stopListening?.();
    this.stopListening = undefined;
    this.dropFrame?.();
    this.dropFrame = undefined;
  }

  private schedule(): void {
    if (!this.wanted || this.dropFrame || !this.generate || this.clock.isHidden()) return;
    this.dropFrame = this.clock.nextFrame(() => {
      this.dropFrame = undefined;
      this.send();
    });
  }

  private send(): void {
    const request = liveRequest(this.studio.state);
    if (this.generate && request && !this.clock.isHidden()) this.ask(this.generate, request);
  }

  private ask(generate: Generate, request: LiveRequest): void {
    this.wanted = false;
    this.sent += 1;
    this.outstanding += 1;
    const number = this.sent;
    const generator = this.generatorCount;
    this.studio.store.update({ generation: { phase: "running" } });
    // A generator that throws at once is no different from one that rejects.
    const draft = (picture: GeneratedPicture): void => {
      if (generator === this.generatorCount && number > this.shown) this.studio.store.update({ picture });
    };
    new Promise<GeneratedPicture>((resolve) => resolve(generate(request, draft))).then(
      (picture) => {
        if (generator === this.generatorCount) this.finish(number, picture);
        this.answer(number, ({ resolve }) => resolve(picture));
      },
      (thrown: unknown) => {
        const error = errorFrom(thrown);
        if (generator === this.generatorCount) this.fail(number, error);
        // What a newer request has overtaken is answered by that one.
        if (error.code === "superseded" && number < this.sent) return;
        this.answer(number, ({ reject }) => reject(error));
      },
    );
  }

  private finish(number: number, picture: GeneratedPicture): void {
    this.outstanding -= 1;
    const generation = this.outstanding > 0 ? this.studio.state.generation : ({ phase: "idle" } as const);
    if (number > this.shown) {
      this.shown = number;
      this.studio.store.update({ picture, generation });
    } else {
      this.studio.store.update({ generation });
    }
  }

  private fail(number: number, { code, message }: UnderpaintError): void {
    this.outstanding -= 1;
    if (FATAL.includes(code)) this.turnTo(undefined);
    if (code !== "superseded" && code !== "aborted" && number === this.sent) {
      this.studio.store.update({ generation: { phase: "failed", error: { code, message } } });
    } else if (this.outstanding === 0 && this.studio.state.generation.phase === "running") {
      this.studio.store.update({ generation: { phase: "idle" } });
    }
  }

  private answer(number: number, tell: (waiter: Waiter) => void): void {
    const { waiters } = this;
    this.waiters = waiters.filter(({ since }) => since > number);
    for (const waiter of waiters) if (waiter.since <= number) tell(waiter);
  }
}

/** Where nothing is painted there is nothing to wait for: a new seed is drawn at once. */
function isLive({ liveEnabled, model }: Readonly<StudioState>): boolean {
  return liveEnabled || model?.input === "latent";
}

function changesPicture(state: Readonly<StudioState>, previous: Readonly<StudioState>): boolean {
  return (
    state.revision !== previous.revision ||
    state.photo !== previous.photo ||
    state.seed !== previous.seed ||
    state.choice !== previous.choice ||
    state.look !== previous.look ||
    state.liveEnabled !== previous.liveEnabled
  );
}

/** What is asked for a state: what is painted or opened, its seed, its style and looks; undefined where something is missing. */
export function liveRequest({ model, map, photo, seed, choice, look }: Readonly<StudioState>): LiveRequest | undefined {
  if (!model) return undefined;
  // What the seed draws needs no words.
  const style = model.hasLatent && look.style.kind !== "seed" ? { style: look.style } : {};
  if (model.input === "latent") return { input: null, seed, classes: choiceFor(model, choice), ...style };
  if (model.input === "photo") return photo && { input: photo, seed };
  if (!map) return undefined;
  const input = labelsOf(map, model);
  const objects = model.featureChannels ? looksIn(look, map, input.instances) : [];
  return { input, seed, ...style, ...(objects.length > 0 && { objects }) };
}

/** Objects are numbers for the generator, and only where there are any. */
function labelsOf(map: LabelMap, model: StudioModel): LabelMapInput {
  const { ids, width, height } = map;
  const instances = model.usesObjects ? instancesOf(map) : undefined;
  return { ids, width, height, ...(instances && { instances }) };
}

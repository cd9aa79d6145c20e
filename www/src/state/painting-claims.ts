/** Tells tabs of one browser which paintings are open in another of them. */

import { randomId } from "./random-id.js";

/** What this tab has open; a painting is claimed by one tab at a time. */
export interface PaintingClaims {
  /** True when it is this tab's from now on, until `release` or the tab's end. False when another tab has it. */
  claim(id: string): Promise<boolean>;
  /** Lets another tab have it. */
  release(id: string): void;
  /** Which of these other tabs have; as far as can be known. */
  heldElsewhere(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Names of locks and of the channel begin so. */
const PREFIX = "underpaint.painting:";
/** How long to wait for a tab that may be about to go, as the one that is being reloaded, in milliseconds. */
const PATIENCE = 400;
/** How long other tabs have to answer, in milliseconds; tabs in the background are slower than others. */
const ANSWER_TIME = 250;

/** Web Locks where the page is secure, else messages between tabs, else nothing: then only writing finds out. */
export function pageClaims(): PaintingClaims {
  if (typeof navigator !== "undefined" && "locks" in navigator) return new LockClaims(navigator.locks);
  if (typeof BroadcastChannel !== "undefined") return new ChannelClaims(new BroadcastChannel(PREFIX));
  return NO_CLAIMS;
}

/** Every painting is this tab's. */
export const NO_CLAIMS: PaintingClaims = {
  claim: async () => true,
  release: () => undefined,
  heldElsewhere: async () => new Set(),
};

/** Claims as Web Locks, which the browser releases when a tab ends in whatever way. */
export class LockClaims implements PaintingClaims {
  private readonly held = new Map<string, () => void>();

  constructor(
    private readonly locks: LockManager,
    private readonly patience: number = PATIENCE,
  ) {}

  claim(id: string): Promise<boolean> {
    if (this.held.has(id)) return Promise.resolve(true);
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), this.patience);
    return new Promise((resolve) => {
      const hold = (): Promise<void> => {
        clearTimeout(timer);
        resolve(true);
        return new Promise((release) => this.held.set(id, release));
      };
      // Rejects when it was given up, and where locks are forbidden: then nobody can have it, and writing finds out.
      this.locks.request(PREFIX + id, { signal: giveUp.signal }, hold).catch(() => {
        clearTimeout(timer);
        resolve(!giveUp.signal.aborted);
      });
    });
  }

  release(id: string): void {
    this.held.get(id)?.();
    this.held.delete(id);
  }

  async heldElsewhere(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { held = [] } = await this.locks.query().catch((): LockManagerSnapshot => ({}));
    const names = new Set(held.map(({ name }) => name));
    return new Set(ids.filter((id) => names.has(PREFIX + id) && !this.held.has(id)));
  }
}

/** The part of a `BroadcastChannel` that is used. */
export type ClaimChannel = Pick<BroadcastChannel, "postMessage"> & {
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
};

type ClaimMessage =
  | { readonly type: "who-has"; readonly ids: readonly string[]; readonly from: string }
  | { readonly type: "mine"; readonly ids: readonly string[]; readonly to: string };

/** Claims as questions to the other tabs, for pages where there are no locks. */
export class ChannelClaims implements PaintingClaims {
  private readonly held = new Set<string>();
  private readonly name = randomId();
  private readonly answers = new Set<(ids: readonly string[]) => void>();

  constructor(
    private readonly channel: ClaimChannel,
    private readonly answerTime: number = ANSWER_TIME,
  ) {
    channel.onmessage = ({ data }) => this.receive(data);
  }

  async claim(id: string): Promise<boolean> {
    if (this.held.has(id)) return true;
    if ((await this.heldElsewhere([id])).size > 0) return false;
    this.held.add(id);
    return true;
  }

  release(id: string): void {
    this.held.delete(id);
  }

  heldElsewhere(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const listener = (answered: readonly string[]): void => answered.forEach((id) => found.add(id));
    this.answers.add(listener);
    this.channel.postMessage({ type: "who-has", ids, from: this.name } satisfies ClaimMessage);
    return new Promise((resolve) => {
      setTimeout(() => {
        this.answers.delete(listener);
        resolve(found);
      }, this.answerTime);
    });
  }

  private receive(data: unknown): void {
    if (!isClaimMessage(data)) return;
    if (data.type === "mine") {
      if (data.to === this.name) for (const answer of this.answers) answer(data.ids);
      return;
    }
    const mine = data.ids.filter((id) => this.held.has(id));
    if (mine.length > 0) {
      this.channel.postMessage({ type: "mine", ids: mine, to: data.from } satisfies ClaimMessage);
    }
  }
}

function isClaimMessage(data: unknown): data is ClaimMessage {
  if (typeof data !== "object" || data === null) return false;
  return ["who-has", "mine"].includes(String(Reflect.get(data, "type"))) && Array.isArray(Reflect.get(data, "ids"));
}

import { describe, expect, it } from "vitest";
import { ChannelClaims, LockClaims, type ClaimChannel } from "./painting-claims.js";

/** The locks of one browser, as far as claims use them. */
class FakeLocks {
  private readonly held = new Set<string>();
  private waiting: { readonly name: string; readonly start: () => void }[] = [];

  request(name: string, { signal }: { signal: AbortSignal }, callback: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        this.held.add(name);
        void callback().then(() => {
          this.held.delete(name);
          const next = this.waiting.findIndex((entry) => entry.name === name);
          if (next >= 0) this.waiting.splice(next, 1)[0]?.start();
          resolve();
        });
      };
      if (!this.held.has(name)) return start();
      const entry = { name, start };
      this.waiting.push(entry);
      signal.addEventListener("abort", () => {
        this.waiting = this.waiting.filter((other) => other !== entry);
        reject(signal.reason);
      });
    });
  }

  async query(): Promise<LockManagerSnapshot> {
    return { held: [...this.held].map((name) => ({ name })), pending: [] };
  }
}

function lockTabs(patience: number): [LockClaims, LockClaims] {
  const locks = new FakeLocks() as unknown as LockManager;
  return [new LockClaims(locks, patience), new LockClaims(locks, patience)];
}

/** Two ends of a channel: what one posts, the other hears later. */
function channels(): [ClaimChannel, ClaimChannel] {
  const ends: ClaimChannel[] = [0, 1].map((index) => ({
    onmessage: null,
    postMessage: (data: unknown) =>
      setTimeout(() => ends[1 - index]?.onmessage?.({ data: structuredClone(data) } as MessageEvent)),
  }));
  return ends as [ClaimChannel, ClaimChannel];
}

function channelTabs(): [ChannelClaims, ChannelClaims] {
  const [one, other] = channels();
  return [new ChannelClaims(one, 200), new ChannelClaims(other, 200)];
}

describe.each([
  ["LockClaims", () => lockTabs(20)],
  ["ChannelClaims", channelTabs],
])("%s", (_, tabs) => {
  it("give a painting to the tab that came first", async () => {
    const [one, other] = tabs();
    expect([await one.claim("a"), await one.claim("a"), await other.claim("a"), await other.claim("b")]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([...(await other.heldElsewhere(["a", "b", "c"]))]).toEqual(["a"]);
    one.release("a");
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect([await other.claim("a"), await one.claim("a")]).toEqual([true, false]);
  });
});

it("a lock is waited for a moment: the tab before may be going", async () => {
  const [before, after] = lockTabs(200);
  await before.claim("a");
  setTimeout(() => before.release("a"), 10);
  expect(await after.claim("a")).toBe(true);
});

it("where locks are forbidden every painting can be had", async () => {
  const forbidden = {
    request: () => Promise.reject(new DOMException("no", "SecurityError")),
    query: () => Promise.reject(new DOMException("no", "SecurityError")),
  } as unknown as LockManager;
  const claims = new LockClaims(forbidden);
  expect([await claims.claim("a"), (await claims.heldElsewhere(["a"])).size]).toEqual([true, 0]);
});

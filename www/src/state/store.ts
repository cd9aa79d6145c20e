/** Plain data with listeners: nothing else. */

/** Told after a change. */
export type StoreListener<State> = (state: Readonly<State>, previous: Readonly<State>) => void;

/** Holds a plain value; `update` replaces some of its fields and tells the listeners at once. */
export class Store<State extends object> {
  private current: Readonly<State>;
  private readonly listeners = new Set<StoreListener<State>>();

  constructor(initial: State) {
    this.current = initial;
  }

  /** The value now; never changed in place, so `===` on its fields tells what changed. */
  get state(): Readonly<State> {
    return this.current;
  }

  /** Replaces fields. Listeners are called only when a field really changed. */
  update(patch: Partial<State>): void {
    const previous = this.current;
    const next = { ...previous, ...patch };
    const keys = Object.keys(patch) as (keyof State)[];
    if (keys.every((key) => Object.is(next[key], previous[key]))) return;
    this.current = next;
    for (const listener of [...this.listeners]) listener(next, previous);
  }

  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: StoreListener<State>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `listener` when what `select` gives is no longer the same (`Object.is`). */
  watch<Selected>(select: (state: Readonly<State>) => Selected, listener: (selected: Selected) => void): () => void {
    return this.subscribe((state, previous) => {
      const selected = select(state);
      if (!Object.is(selected, select(previous))) listener(selected);
    });
  }
}

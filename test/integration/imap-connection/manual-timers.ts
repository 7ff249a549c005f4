import type { Timer, Timers } from '../../../gateway/imap/server/timers.ts';

/** Timers that go off only when a test says so. */
export class ManualTimers implements Timers {
  #now = 0;
  readonly #pending = new Set<{ readonly at: number; readonly run: () => void }>();

  after(ms: number, run: () => void): Timer {
    const entry = { at: this.#now + ms, run };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Milliseconds to the next one; undefined if there is none. */
  next(): number | undefined {
    if (this.#pending.size === 0) return undefined;
    return Math.min(...[...this.#pending].map(({ at }) => at)) - this.#now;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#pending].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}

import type { Timer, Timers } from './timers.ts';

/** One time limit at a time: setting it again, for the same or another reason, replaces it. */
export class Deadline<Reason extends string> {
  readonly #timers: Timers;
  readonly #expire: (reason: Reason) => void;
  #timer: Timer | undefined;
  #reason: Reason | undefined;

  constructor(timers: Timers, expire: (reason: Reason) => void) {
    this.#timers = timers;
    this.#expire = expire;
  }

  /** Why there is a limit at the moment. */
  get reason(): Reason | undefined {
    return this.#reason;
  }

  set(reason: Reason, ms: number): void {
    this.#timer?.cancel();
    this.#reason = reason;
    this.#timer = this.#timers.after(ms, () => {
      this.clear();
      this.#expire(reason);
    });
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#reason = undefined;
  }
}

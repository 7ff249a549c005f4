/** A token bucket for DynamoDB's write units. */
import type { Rim } from '../../shared/account/rim.ts';

/**
 * A fold writes less than 300 units a second, in any second: a partition takes 1,000, and the rest belongs to the mail
 * that arrives meanwhile. What was saved up and what comes in a second make 290 together. A single request that is
 * larger (a segment, a bundle with its root) goes whole, and the pause after it is as much longer.
 */
const UNITS_PER_SECOND = 200;
const SAVED_UNITS = 90;

export class Pace {
  readonly #rim: Pick<Rim, 'now' | 'sleep'>;
  #units = SAVED_UNITS;
  #since: number;

  constructor(rim: Pick<Rim, 'now' | 'sleep'>) {
    this.#rim = rim;
    this.#since = rim.now();
  }

  /** Resolves when `units` may be used; the next call waits for what this one owes. */
  async take(units: number): Promise<void> {
    this.#fill();
    const wanted = Math.min(units, SAVED_UNITS);
    const missing = wanted - this.#units;
    if (missing > 0) await this.#rim.sleep(Math.ceil((missing / UNITS_PER_SECOND) * 1000));
    this.#fill();
    this.#units -= units;
  }

  /** What a request turned out to use beyond what was taken for it. */
  owe(units: number): void {
    this.#units -= Math.max(0, units);
  }

  #fill(): void {
    const now = this.#rim.now();
    // A clock that is set back must not stop the fold.
    const passed = Math.max(0, now - this.#since);
    this.#units = Math.min(SAVED_UNITS, this.#units + (passed / 1000) * UNITS_PER_SECOND);
    this.#since = now;
  }
}

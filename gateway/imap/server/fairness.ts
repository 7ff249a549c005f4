/**
 * Fairness within one process: JavaScript runs one thing at a time, so work that goes over many messages must let other
 * connections have a turn. Answers do that by themselves, in `ResponseWriter.pace`; this is for work without output.
 */

/** Lets everything that waits for the event loop run once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Counts work and says when to let others go first:
 *
 *     for (const message of messages) {
 *       if (turns.spend(1)) await turns.next();
 *       …
 *     }
 */
export class Turns {
  readonly #every: number;
  readonly #nextTurn: () => Promise<void>;
  #spent = 0;

  /** `every`: units of work in one turn, of whatever the caller counts. */
  constructor(every: number, next: () => Promise<void> = nextTurn) {
    this.#every = every;
    this.#nextTurn = next;
  }

  /** Adds work; true if it is time for `next`. Cheap enough for every message. */
  spend(units: number): boolean {
    this.#spent += units;
    return this.#spent >= this.#every;
  }

  async next(): Promise<void> {
    this.#spent = 0;
    await this.#nextTurn();
  }
}

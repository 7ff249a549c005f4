/** Long work in pure code: a generator that yields where others may have a turn, and returns the result. */
import type { Turns } from '../server/fairness.ts';

export type Pause<T> = Generator<void, T, void>;

/** Steps of work between two pauses: about a millisecond. */
const STEPS = 2048;

export class Steps {
  #taken = 0;

  /** Counts `steps`; true if it is time for a pause. */
  take(steps: number): boolean {
    this.#taken += steps;
    if (this.#taken < STEPS) return false;
    this.#taken = 0;
    return true;
  }
}

/** Runs `work` to its end, others having a turn at each of its pauses. */
export async function withPauses<T>(work: Pause<T>, turns: Pick<Turns, 'next'>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await turns.next();
  }
}

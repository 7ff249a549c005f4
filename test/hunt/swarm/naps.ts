/**
 * Now and then one gateway has nothing to do while the other goes on: nobody is connected to it, so that what its replica
 * knows is folded and emptied before it looks again (I4); or one session idles there, and only wake-ups reach it.
 */
import type { Draw } from '../draw.ts';

export type Wakefulness = 'awake' | 'nobody is there' | 'one session idles';

/** A nap begins at every so many folds. */
const FOLDS_BETWEEN = 4;
/** More records than it takes until those that a replica knows to be next have been emptied. */
const RECORDS = 130;

export class Naps {
  readonly #draw: Draw;
  #gateway = 0;
  #next: Wakefulness;
  #kind: Wakefulness = 'awake';
  #until = 0;
  #folds = 0;
  /** Naps that were slept to their end. */
  readonly count = { 'nobody is there': 0, 'one session idles': 0 };

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#next = draw.chance(0.5) ? 'nobody is there' : 'one session idles';
  }

  /** A fold has come, up to record `number`. */
  folded(number: number, gateways: number): void {
    if (this.#folds++ % FOLDS_BETWEEN !== 0 || this.#kind !== 'awake') return;
    this.#gateway = this.#draw.below(gateways);
    // In turns: by chance alone, a run of a few naps may have one kind only.
    this.#next = this.#next === 'nobody is there' ? 'one session idles' : 'nobody is there';
    this.#kind = this.#next;
    this.#until = number + RECORDS;
  }

  /** What `gateway` does when the journal is at record `number`. */
  of(gateway: number, number: number): Wakefulness {
    if (this.#kind !== 'awake' && number >= this.#until) {
      this.count[this.#kind]++;
      this.#kind = 'awake';
    }
    return gateway === this.#gateway ? this.#kind : 'awake';
  }
}

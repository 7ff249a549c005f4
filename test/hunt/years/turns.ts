/**
 * Time and order of a simulation. Everybody who is about to do something waits for a turn; who is next is drawn, so that
 * any order of effects may come up, the same one for the same seed. Time passes only while nobody can do anything.
 */
import type { Draw } from '../draw.ts';

interface Waiting {
  /** Milliseconds since the epoch. */
  readonly due: number;
  readonly go: () => void;
}

export class Turns {
  /** Milliseconds since the epoch. */
  now: number;
  readonly #waiting: Waiting[] = [];
  #draw: Draw;

  constructor(now: number, draw: Draw) {
    this.now = now;
    this.#draw = draw;
  }

  /** From now on, the order is drawn from `draw`. */
  drawFrom(draw: Draw): void {
    this.#draw = draw;
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return this.sleep(0);
  }

  /** Resolves when it is the caller's turn, after `milliseconds`. */
  sleep(milliseconds: number): Promise<void> {
    const due = this.now + Math.max(0, milliseconds);
    return new Promise((go) => this.#waiting.push({ due, go }));
  }

  /** Gives turns until nobody waits for one. */
  async untilQuiet(): Promise<void> {
    for (;;) {
      // What the last turn set going runs until it waits again: nothing in a simulation waits for anything else.
      await new Promise(setImmediate);
      const first = this.#waiting.reduce((least, { due }) => Math.min(least, due), Infinity);
      if (first === Infinity) return;
      this.now = Math.max(this.now, first);
      const ready = this.#waiting.filter(({ due }) => due <= this.now);
      const chosen = this.#draw.pick(ready);
      if (!chosen) return;
      this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
      chosen.go();
    }
  }
}

/** Sets things going at once, and gives them turns until all have come to an end, or a promise was broken. */
import { Violation } from '../violation.ts';
import type { World } from './world.ts';

export class Stage {
  readonly world: World;
  readonly #failures: unknown[] = [];

  constructor(world: World) {
    this.world = world;
  }

  /** What a client or a function is told when it cannot be done is no broken promise; what is not an answer is. */
  begin(work: Promise<unknown>): void {
    void work.catch((error: unknown) => {
      if (error instanceof Violation) this.#failures.push(error);
    });
  }

  async quiet(): Promise<void> {
    await this.world.turns.untilQuiet();
    this.world.witness.check();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** On a good day: nothing may fail. */
  async whole(work: Promise<unknown>): Promise<void> {
    void work.catch((error: unknown) => this.#failures.push(error));
    await this.quiet();
  }
}

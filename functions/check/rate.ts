/** So many requests a second and no more, evenly: what looks at everything must not slow down those who read their mail. */
import type { Rim } from '../../shared/account/rim.ts';

export class Rate {
  readonly #rim: Pick<Rim, 'now' | 'sleep'>;
  readonly #everyMs: number;
  #next = 0;

  constructor(rim: Pick<Rim, 'now' | 'sleep'>, perSecond: number) {
    this.#rim = rim;
    this.#everyMs = 1000 / perSecond;
  }

  /** Resolves when the next request may go. */
  async wait(): Promise<void> {
    const now = this.#rim.now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#everyMs;
    if (at > now) await this.#rim.sleep(at - now);
  }
}

/** A rim without waiting or chance: a clock that the test moves, and a seeded generator. */
import type { Rim } from '../../shared/account/rim.ts';
import { seededRandom } from './seeded-random.ts';

export class TestRim implements Rim {
  /** Milliseconds since the epoch. */
  time = Date.UTC(2026, 0, 1);
  readonly random: () => number;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  now(): number {
    return this.time;
  }

  randomHex(bytes: number): string {
    return Array.from({ length: bytes }, () =>
      Math.floor(this.random() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  }

  /** Time passes at once. */
  async sleep(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    await Promise.resolve();
  }
}

/** A rim without waiting or chance: a clock that the test moves, and a seeded generator. */
import type { Rim } from '../../shared/account/rim.ts';

/** Mulberry32: small, fast, and the same everywhere. 0 ≤ x < 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

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

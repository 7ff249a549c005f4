/** Chance from a seed, in the forms in which the hunts need it. */
import { seededRandom } from '../support/seeded-random.ts';

export class Draw {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** 0 ≤ x < `bound`, whole. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(list: readonly [T, ...T[]]): T;
  pick<T>(list: readonly T[]): T | undefined;
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }

  /** One of the keys, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.#random() * total;
    for (const [key, weight] of entries) if ((left -= weight) < 0) return key;
    throw new Error('nothing to draw from');
  }

  /** At most `count` of the list, in its order. */
  some<T>(list: readonly T[], count: number): T[] {
    const chosen = new Set<number>();
    for (let index = 0; index < count && list.length > 0; index++) chosen.add(this.below(list.length));
    return list.filter((_, index) => chosen.has(index));
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    const result: T[] = [];
    while (left.length > 0) result.push(...left.splice(this.below(left.length), 1));
    return result;
  }

  /** A generator of its own, so that what one part draws does not depend on the others' pace. */
  fork(): Draw {
    return new Draw(this.below(2 ** 32));
  }
}

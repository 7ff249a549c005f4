/**
 * How many rows the folds of one function hold in memory together. Most accounts are small and fold side by side; of large ones as
 * many as fit, the others wait until one has ended, in the order in which they came.
 */

/**
 * A row takes some 330 bytes at the height of a fold, what is read and not yet unpacked included: a million was measured at 330 MB
 * beside the 130 MB of the function itself (`npm run bench -- --only maintenance`). Lambda gives it 1,024 MiB.
 */
export const ROWS_AT_ONCE = 2_000_000;

export class Room {
  readonly #rows: number;
  #held = 0;
  readonly #waiting: { readonly rows: number; readonly enter: () => void }[] = [];

  constructor(rows = ROWS_AT_ONCE) {
    this.#rows = rows;
  }

  /** Does `work` as soon as there is room for `rows`; what is larger than all of it has it alone. */
  async holding<T>(rows: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(rows, this.#rows);
    if (this.#waiting.length > 0 || this.#held + taken > this.#rows)
      await new Promise<void>((enter) => this.#waiting.push({ rows: taken, enter }));
    else this.#held += taken;
    try {
      return await work();
    } finally {
      this.#held -= taken;
      this.#admit();
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#held + next.rows > this.#rows) return;
      this.#waiting.shift();
      this.#held += next.rows;
      next.enter();
    }
  }
}

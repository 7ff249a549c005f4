/**
 * A column of indices into a table: two bytes a row as long as the table is short, four once it is not. Hardly any mailbox
 * has 65,536 sets of keywords, or packs, or chunks of summaries.
 */
import { unpackNumbers } from './packed-numbers.ts';

const NARROW_LIMIT = 0xffff;

export class IndexArray {
  #cells: Uint16Array | Uint32Array;

  constructor(capacity: number, wide = false) {
    this.#cells = wide ? new Uint32Array(capacity) : new Uint16Array(capacity);
  }

  get cells(): ArrayLike<number> {
    return this.#cells;
  }
  get bytes(): number {
    return this.#cells.byteLength;
  }
  at(row: number): number {
    return this.#cells[row] as number;
  }

  /** Rows that were set before stay as they are, so that values which share the column see no difference. */
  set(row: number, index: number): void {
    if (index > NARROW_LIMIT && this.#cells instanceof Uint16Array)
      this.#cells = Uint32Array.from(this.#cells);
    this.#cells[row] = index;
  }

  /** Sets the rows from `row` on to what `packNumbers` has packed, as `indexOf` has it here. */
  unpack(row: number, packed: Uint8Array, indexOf = (value: number): number => value): void {
    unpackNumbers(packed).forEach((value, offset) => this.set(row + offset, indexOf(value)));
  }

  /** The first `count` rows, with room for `capacity`. */
  copy(count: number, capacity: number): IndexArray {
    const copy = new IndexArray(capacity, this.#cells instanceof Uint32Array);
    copy.#cells.set(this.#cells.subarray(0, count));
    return copy;
  }
}

/**
 * Sequence sets (RFC 9051 §9, `sequence-set`): as parsed, where `*` is still unknown, and as plain sets of numbers.
 * The same syntax serves message numbers and UIDs, so both are plain numbers here.
 */
import { ImapSyntaxError } from './syntax-error.ts';

/** The greatest message number or UID: both are 32 bits wide and never 0. */
export const MAX_NUMBER = 0xffff_ffff;

/** `*` in a parsed range: the greatest number in use, known only when the set is resolved. */
const STAR = 0;

/** A sequence set as the client wrote it. */
export class SequenceSet {
  /** `$`: the saved result of the last search (RFC 9051 §6.4.4.1); there are no ranges then. */
  readonly saved: boolean;
  /** Low and high end of each range in turn, as written; 0 is `*`. */
  readonly #ends: readonly number[];

  private constructor(ends: readonly number[], saved: boolean) {
    this.#ends = ends;
    this.saved = saved;
  }

  /** Parses a whole sequence set; throws `ImapSyntaxError` on anything else. */
  static parse(text: string): SequenceSet {
    if (text === '$') return new SequenceSet([], true);
    const ends: number[] = [];
    for (const part of text.split(',')) {
      const colon = part.indexOf(':');
      const low = parseEnd(colon === -1 ? part : part.slice(0, colon));
      ends.push(low, colon === -1 ? low : parseEnd(part.slice(colon + 1)));
    }
    return new SequenceSet(ends, false);
  }

  /**
   * The numbers that are meant when `max` is the greatest number in use (0 if there is none). `*` stands for `max`,
   * and ranges may be written in either order, so that `559:*` always contains `max` (RFC 9051 §9, `seq-range`). In an
   * empty mailbox a range with `*` means nothing. Numbers above `max` that are written out stay: a UID set may name
   * what is gone. `$` resolves to `saved`.
   */
  resolve(max: number, saved: NumberSet = NumberSet.EMPTY): NumberSet {
    if (this.saved) return saved;
    const ranges: NumberRange[] = [];
    for (let i = 0; i < this.#ends.length; i += 2) {
      const a = this.#ends[i] ?? STAR;
      const b = this.#ends[i + 1] ?? STAR;
      if (max === 0 && (a === STAR || b === STAR)) continue;
      const low = a === STAR ? max : a;
      const high = b === STAR ? max : b;
      ranges.push(low <= high ? { low, high } : { low: high, high: low });
    }
    return NumberSet.ofRanges(ranges);
  }

  /** `*` is part of it. */
  get usesStar(): boolean {
    return this.#ends.includes(STAR);
  }

  /** Every number above the one before it, as it was written; no `*` and no `$`. */
  get ascends(): boolean {
    if (this.saved || this.usesStar) return false;
    return this.#ends.every((end, index) => {
      const before = this.#ends[index - 1] ?? 0;
      return index % 2 === 0 ? end > before : end >= before;
    });
  }

  /** The set as the client may write it. */
  toString(): string {
    if (this.saved) return '$';
    const parts: string[] = [];
    for (let i = 0; i < this.#ends.length; i += 2) {
      const low = formatEnd(this.#ends[i]);
      const high = formatEnd(this.#ends[i + 1]);
      parts.push(low === high ? low : `${low}:${high}`);
    }
    return parts.join(',');
  }
}

function parseEnd(text: string): number {
  if (text === '*') return STAR;
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > MAX_NUMBER) {
    throw new ImapSyntaxError(
      'a sequence set holds numbers from 1 to 4294967295, ranges such as 2:4 or 5:*, and commas',
    );
  }
  return Number(text);
}

function formatEnd(end: number | undefined): string {
  return end === undefined || end === STAR ? '*' : String(end);
}

/** Both ends are included. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/** An immutable set of numbers from 1 to 2^32-1, kept as ascending ranges that neither touch nor overlap. */
export class NumberSet {
  static readonly EMPTY = new NumberSet(new Uint32Array(0));

  /** Low and high end of each range in turn. */
  readonly #bounds: Uint32Array;

  private constructor(bounds: Uint32Array) {
    this.#bounds = bounds;
  }

  /** The union of ranges in any order; `low` ≤ `high` in each. */
  static ofRanges(ranges: readonly NumberRange[]): NumberSet {
    const sorted = ranges.toSorted((a, b) => a.low - b.low);
    const bounds: number[] = [];
    for (const { low, high } of sorted) {
      const last = bounds.at(-1);
      if (last !== undefined && low <= last + 1) bounds[bounds.length - 1] = Math.max(last, high);
      else bounds.push(low, high);
    }
    return new NumberSet(Uint32Array.from(bounds));
  }

  /** The set of numbers given in ascending order (repeats allowed): an array, a typed array or a generator. */
  static ofSorted(numbers: Iterable<number>): NumberSet {
    const bounds: number[] = [];
    let high = -1;
    for (const number of numbers) {
      if (number <= high + 1 && high !== -1) {
        if (number < high) throw new RangeError(`numbers must ascend: ${number} after ${high}`);
        high = number;
        bounds[bounds.length - 1] = number;
      } else {
        bounds.push(number, number);
        high = number;
      }
    }
    return new NumberSet(Uint32Array.from(bounds));
  }

  /** The set of numbers given in any order. */
  static of(numbers: Iterable<number>): NumberSet {
    return NumberSet.ofSorted(Uint32Array.from(numbers).sort());
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  /** How many numbers there are. */
  get size(): number {
    let size = 0;
    for (const { low, high } of this.ranges()) size += high - low + 1;
    return size;
  }

  /** The least number, or undefined in an empty set. */
  get min(): number | undefined {
    return this.#bounds[0];
  }

  /** The greatest number, or undefined in an empty set. A message number above EXISTS is the client's error. */
  get max(): number | undefined {
    return this.#bounds.at(-1);
  }

  /** The ranges, ascending, never touching. */
  *ranges(): Generator<NumberRange> {
    for (let i = 0; i < this.#bounds.length; i += 2) {
      yield { low: this.#bounds[i] ?? 0, high: this.#bounds[i + 1] ?? 0 };
    }
  }

  /** Every number, ascending. Ranges may span 2^32 numbers: bound the set before you walk through it. */
  *[Symbol.iterator](): Generator<number> {
    for (const { low, high } of this.ranges()) for (let n = low; n <= high; n++) yield n;
  }

  /** By binary search over the ranges. */
  contains(number: number): boolean {
    // The last range that starts at or before `number`.
    let from = 0;
    let to = this.#bounds.length / 2;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#bounds[middle * 2] ?? 0) <= number) from = middle + 1;
      else to = middle;
    }
    return from > 0 && number <= (this.#bounds[from * 2 - 1] ?? 0);
  }

  /**
   * Where the members of this set stand in `sorted` (ascending, no repeats): calls `visit(start, end)` for each run of
   * places, end excluded, ascending. Costs a binary search a range, whatever the ranges span.
   */
  forEachRun(sorted: Uint32Array, visit: (start: number, end: number) => void): void {
    let place = 0;
    for (let i = 0; i < this.#bounds.length && place < sorted.length; i += 2) {
      const start = firstAtLeast(sorted, this.#bounds[i] ?? 0, place);
      const end = firstAtLeast(sorted, (this.#bounds[i + 1] ?? 0) + 1, start);
      if (end > start) visit(start, end);
      place = end;
    }
  }

  /** The members of `sorted` (ascending, no repeats) that are in this set, as a new array. */
  intersect(sorted: Uint32Array): Uint32Array {
    const runs: [number, number][] = [];
    let length = 0;
    this.forEachRun(sorted, (start, end) => {
      runs.push([start, end]);
      length += end - start;
    });
    const result = new Uint32Array(length);
    let at = 0;
    for (const [start, end] of runs) {
      result.set(sorted.subarray(start, end), at);
      at += end - start;
    }
    return result;
  }

  /** The numbers from `low` to `high` that are in this set. */
  clipped(low: number, high: number): NumberSet {
    return this.meet(NumberSet.ofRanges(low <= high ? [{ low, high }] : []));
  }

  /** The numbers that are in both sets. */
  meet(other: NumberSet): NumberSet {
    const a = this.#bounds;
    const b = other.#bounds;
    const bounds: number[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length && j < b.length) {
      const low = Math.max(a[i] ?? 0, b[j] ?? 0);
      const endA = a[i + 1] ?? 0;
      const endB = b[j + 1] ?? 0;
      if (low <= Math.min(endA, endB)) bounds.push(low, Math.min(endA, endB));
      if (endA < endB) i += 2;
      else j += 2;
    }
    return new NumberSet(Uint32Array.from(bounds));
  }

  /** Without the numbers of `sorted` (ascending, no repeats). Costs a step for each of them within the ranges. */
  without(sorted: Uint32Array): NumberSet {
    const bounds: number[] = [];
    let place = 0;
    for (const { low, high } of this.ranges()) {
      let from = low;
      place = firstAtLeast(sorted, low, place);
      for (; place < sorted.length && (sorted[place] ?? 0) <= high; place++) {
        const number = sorted[place] ?? 0;
        if (number > from) bounds.push(from, number - 1);
        from = number + 1;
      }
      if (from <= high) bounds.push(from, high);
    }
    return new NumberSet(Uint32Array.from(bounds));
  }

  /** The set cut into sets of at most so many ranges, ascending; none if it is empty. */
  inPieces(ranges: number): NumberSet[] {
    const pieces: NumberSet[] = [];
    for (let at = 0; at < this.#bounds.length; at += ranges * 2)
      pieces.push(new NumberSet(this.#bounds.subarray(at, at + ranges * 2)));
    return pieces;
  }

  /** As a sequence set, `1:3,7`; empty for the empty set, which IMAP cannot write: leave the whole item out then. */
  toString(): string {
    const parts: string[] = [];
    for (const { low, high } of this.ranges()) parts.push(formatRange(low, high));
    return parts.join(',');
  }
}

/** The first place from `from` on whose number is at least `bound`, or the length. */
function firstAtLeast(sorted: Uint32Array, bound: number, from: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function formatRange(low: number, high: number): string {
  return low === high ? String(low) : `${low}:${high}`;
}

/**
 * Numbers in the order given, runs that rise by one written as ranges. COPYUID needs the order: its two sets pair up
 * number by number (RFC 4315 §3).
 */
export function formatInOrder(numbers: Iterable<number>): string {
  const parts: string[] = [];
  let low = 0;
  let high = 0;
  for (const number of numbers) {
    if (low !== 0 && number === high + 1) {
      high = number;
      continue;
    }
    if (low !== 0) parts.push(formatRange(low, high));
    low = high = number;
  }
  if (low !== 0) parts.push(formatRange(low, high));
  return parts.join(',');
}

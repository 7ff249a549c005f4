/**
 * A session's view of its mailbox: the UIDs by message number, as its client last heard them. A value. While it equals
 * what the replica has loaded it shares the replica's array; at rest it is packed as runs of UIDs, so that an idle
 * session costs a few bytes a run and keeps no column alive.
 */
import type { SeqNum, Uid } from '../../../shared/account/ids.ts';
import { lowerBound, packRanges, runsOf, unpackRanges } from '../../../shared/account/uid-ranges.ts';
import { NumberSet, type SequenceSet } from '../wire/sequence-set.ts';
import { Bad } from './refusals.ts';

export class View {
  static readonly EMPTY = new View(new Uint32Array(0), 0, 1);

  /** How many messages the client knows of: EXISTS. */
  readonly count: number;
  /** UIDs below are known to the client, or were gone before it could hear of them. */
  readonly next: number;
  /** Ascending; the first `count` are this view's, what lies behind belongs to younger columns. */
  #uids: Uint32Array | WeakRef<Uint32Array>;
  /** A byte string: the smallest that V8 has, an array of bytes takes 200 more. */
  #packed: string | null = null;

  private constructor(uids: Uint32Array, count: number, next: number) {
    this.#uids = uids;
    this.count = count;
    this.next = next;
  }

  /** The first `count` of `uids`, which is kept and must not change there. */
  static of(uids: Uint32Array, count: number, next: number): View {
    return new View(uids, count, next);
  }

  /** The UIDs, ascending. */
  get uids(): Uint32Array {
    return this.#array().subarray(0, this.count);
  }

  /** Whether the UIDs are packed and nothing else keeps them in memory. */
  get isPacked(): boolean {
    return this.#packed !== null;
  }

  /** Bytes of memory that belong to this view alone while it rests. */
  get restingBytes(): number {
    return this.#packed?.length ?? 0;
  }

  /** Lets go of the shared array: the UIDs are kept packed, and found again in the array as long as it is there. */
  rest(): void {
    if (this.#packed !== null) return;
    this.#packed = Buffer.from(packRanges(runsOf(this.uids))).toString('latin1');
    this.#uids = new WeakRef(this.#array());
  }

  uidAt(number: SeqNum): Uid {
    return this.#array()[number - 1] as Uid;
  }

  /** The message number of `uid`, or 0 if the client does not know it. */
  numberOf(uid: number): SeqNum {
    const uids = this.#array();
    const place = lowerBound(uids, this.count, uid);
    return (place < this.count && uids[place] === uid ? place + 1 : 0) as SeqNum;
  }

  /** The UIDs that a set of message numbers means; throws `Bad` if one is above EXISTS (RFC 9051 §2.3.1.2). */
  resolveNumbers(set: SequenceSet, saved: Uint32Array): Uint32Array {
    if (set.saved) return this.#among(saved);
    const numbers = set.resolve(this.count);
    if ((numbers.max ?? 0) > this.count)
      throw new Bad(`there are ${this.count} messages: no message has the number ${numbers.max ?? 0}`);
    const uids = this.uids;
    if (numbers.size === this.count) return uids;
    const chosen = new Uint32Array(numbers.size);
    let at = 0;
    for (const { low, high } of numbers.ranges()) {
      chosen.set(uids.subarray(low - 1, high), at);
      at += high - low + 1;
    }
    return chosen;
  }

  /** Those UIDs of a set that the client knows; others are no error (RFC 9051 §6.4.9). */
  resolveUids(set: SequenceSet, saved: Uint32Array): Uint32Array {
    if (set.saved) return this.#among(saved);
    const { uids } = this;
    return set.resolve(uids[this.count - 1] ?? 0).intersect(uids);
  }

  /** With `more` messages, whose UIDs follow one another from `first`. */
  appended(first: number, more: number): View {
    const uids = new Uint32Array(this.count + more);
    uids.set(this.uids);
    for (let index = 0; index < more; index++) uids[this.count + index] = first + index;
    const view = new View(uids, uids.length, first + more);
    if (this.isPacked) view.rest();
    return view;
  }

  #among(uids: Uint32Array): Uint32Array {
    return NumberSet.ofSorted(uids).intersect(this.uids);
  }

  #array(): Uint32Array {
    if (this.#uids instanceof Uint32Array) return this.#uids;
    const shared = this.#uids.deref();
    if (shared !== undefined) return shared;
    const uids = expanded(unpackRanges(Buffer.from(this.#packed ?? '', 'latin1')), this.count);
    this.#uids = new WeakRef(uids);
    return uids;
  }
}

function expanded(runs: Uint32Array, count: number): Uint32Array {
  const uids = new Uint32Array(count);
  let at = 0;
  for (let index = 0; index < runs.length; index += 2)
    for (let uid = runs[index] ?? 0; uid <= (runs[index + 1] ?? 0); uid++) uids[at++] = uid;
  return uids;
}

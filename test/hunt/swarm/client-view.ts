/**
 * What a client knows of its mailbox if it believes every word that it is told, and nothing else: message numbers, UIDs,
 * flags, mod-sequences. Believing must never lead it astray.
 */
import type { Mailbox } from '../../../shared/account/state.ts';
import { flagsAt, flagsOf } from '../journal-replay.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import type { Kind } from './kinds.ts';

export interface Entry {
  /** Unknown until a FETCH response tells. */
  uid: number | null;
  /** In the form of `flagsAt`; null: never told, or told in parts. */
  flags: string | null;
  modSeq: number | null;
}

/** The view at one moment: entries go on being learned about, flags go on changing. */
export interface Snapshot {
  readonly entries: readonly Entry[];
  readonly flags: readonly (string | null)[];
  readonly modSeqs: readonly (number | null)[];
  /** The client goes by message numbers. */
  readonly numbered: boolean;
}

/** By which number a response names its message. */
export type Naming = Pick<Kind, 'vanished' | 'uidOnly'>;

export class ClientView {
  entries: Entry[] = [];
  readonly #naming: Naming;
  /** Entries whose flags were told since `forget` was called. */
  readonly #told = new Set<Entry>();

  constructor(naming: Naming) {
    this.#naming = naming;
  }

  get hasUnknown(): boolean {
    return this.entries.some(({ uid, flags }) => uid === null || flags === null);
  }

  /** UIDs that are known, ascending. */
  get uids(): number[] {
    return this.entries.flatMap(({ uid }) => (uid === null ? [] : [uid]));
  }

  entryOf(uid: number): Entry | undefined {
    return this.entries.find((entry) => entry.uid === uid);
  }

  snapshot(): Snapshot {
    return {
      entries: [...this.entries],
      flags: this.entries.map(({ flags }) => flags),
      modSeqs: this.entries.map(({ modSeq }) => modSeq),
      numbered: !this.#naming.uidOnly,
    };
  }

  /** From here on `wasTold` tells of what comes now. */
  forgetTold(): void {
    this.#told.clear();
  }

  wasTold(entry: Entry): boolean {
    return this.#told.has(entry);
  }

  /** A mailbox is selected: `known` of its messages, which are so many. */
  begin(count: number, known: readonly Entry[] = []): void {
    const more = Array.from({ length: count - known.length }, () => ({
      uid: null,
      flags: null,
      modSeq: null,
    }));
    this.entries = [...known, ...more];
  }

  /** Takes an untagged response that concerns the mailbox. `numbersMayMove`: EXPUNGE is allowed now. */
  take(text: string, numbersMayMove: boolean): void {
    const [, digits = '', word = ''] = /^\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH|UIDFETCH)/.exec(text) ?? [];
    const number = Number(digits);
    const { vanished, uidOnly } = this.#naming;
    const gone = /^\* VANISHED ([\d:,]+)$/.exec(text)?.[1];
    if (gone !== undefined) {
      ensure(vanished && numbersMayMove, () => `${text} came while it must not`);
      for (const uid of numbersOf(gone)) this.#vanished(uid);
    } else if (word === 'EXISTS') this.#exists(number);
    else if (word === 'EXPUNGE') {
      ensure(!vanished, () => `${text} came in place of VANISHED`);
      ensure(numbersMayMove, () => `${text} came while message numbers must not move`);
      ensure(
        number >= 1 && number <= this.entries.length,
        () => `${text}, but there are ${this.entries.length}`,
      );
      this.entries.splice(number - 1, 1);
    } else if (word === 'FETCH' || word === 'UIDFETCH') {
      ensure(
        uidOnly === (word === 'UIDFETCH'),
        () => `${text.slice(0, 80)} came to who ${uidOnly ? 'has' : 'has not'} enabled UIDONLY`,
      );
      this.#fetched(number, text);
    } else if (word === 'RECENT')
      ensure(number <= this.entries.length, () => `${text}, but there are ${this.entries.length}`);
  }

  #exists(count: number): void {
    ensure(
      count >= this.entries.length,
      () => `* ${count} EXISTS, but there were ${this.entries.length} and none was expunged`,
    );
    while (this.entries.length < count) this.entries.push({ uid: null, flags: null, modSeq: null });
  }

  #fetched(number: number, text: string): void {
    const entry = this.#naming.uidOnly ? this.#entryByUid(number) : this.entries[number - 1];
    ensure(entry !== undefined, () => `${text.slice(0, 80)}, but there are ${this.entries.length}`);
    const uid = /[( ]UID (\d+)/.exec(text)?.[1];
    if (this.#naming.uidOnly)
      ensure(uid === undefined || Number(uid) === number, () => `${text} names two UIDs`);
    else if (uid !== undefined) this.#learn(entry, number - 1, Number(uid));
    const flags = /[( ]FLAGS \(([^)]*)\)/.exec(text)?.[1];
    const modSeq = /[( ]MODSEQ \((\d+)\)/.exec(text)?.[1];
    if (flags !== undefined) {
      entry.flags = flagsOf(flags);
      entry.modSeq = null;
      this.#told.add(entry);
    }
    if (modSeq === undefined) return;
    entry.modSeq = Number(modSeq);
    // Flags that were told before were told of an older moment.
    if (flags === undefined) this.#told.delete(entry);
  }

  /** A UID that was never told is one of those that EXISTS spoke of. */
  #vanished(uid: number): void {
    const known = this.entries.findIndex((entry) => entry.uid === uid);
    // It stood between those that are known below it and above. Without message numbers there are no places.
    const above = this.#naming.uidOnly ? -1 : this.entries.findIndex((entry) => (entry.uid ?? 0) > uid);
    const end = above < 0 ? this.entries.length : above;
    const index =
      known >= 0 ? known : this.entries.findLastIndex((entry, place) => place < end && entry.uid === null);
    ensure(index >= 0, () => `UID ${uid} vanished, which was not there`);
    this.entries.splice(index, 1);
  }

  /** Without message numbers the order is that of UIDs, those that are unknown still at the end. */
  #entryByUid(uid: number): Entry | undefined {
    const known = this.entryOf(uid);
    if (known) return known;
    const entry = this.entries.find((each) => each.uid === null);
    if (entry) entry.uid = uid;
    this.entries.sort((a, b) => (a.uid ?? Infinity) - (b.uid ?? Infinity) || 0);
    return entry;
  }

  #learn(entry: Entry, place: number, uid: number): void {
    ensure(
      entry.uid === null || entry.uid === uid,
      () => `message ${place + 1} is UID ${uid}, but the client knows it as UID ${entry.uid ?? 0}`,
    );
    const below = this.entries.slice(0, place).findLast((other) => other.uid !== null)?.uid ?? 0;
    const above = this.entries.slice(place + 1).find((other) => other.uid !== null)?.uid ?? Infinity;
    ensure(below < uid && uid < above, () => `UID ${uid} stands between UIDs ${below} and ${above}`);
    entry.uid = uid;
  }
}

/**
 * Why the view is not that of `mailbox`; null if it may be. `whole`: the client has been told everything; else what is gone
 * may be there still.
 */
export function mismatch(view: Snapshot, mailbox: Mailbox | undefined, whole: boolean): string | null {
  const columns = mailbox?.columns;
  if (!columns) return 'the mailbox is gone';
  const known = new Map(view.entries.map((entry, index) => [entry.uid, index]));
  const last = view.entries.findLast(({ uid }) => uid !== null)?.uid ?? 0;
  if (whole && columns.count !== view.entries.length)
    return `the client knows ${view.entries.length} messages, there are ${columns.count}`;
  let unknown = 0;
  for (let row = 0; row < columns.count; row++) {
    const uid = columns.uidAt(row);
    const index = known.get(uid);
    if (index === undefined) {
      unknown++;
      if (uid < last && !view.entries.some((entry) => entry.uid === null))
        return `the client was not told of UID ${uid}`;
      continue;
    }
    if (whole && view.numbered && index !== row)
      return `UID ${uid} is message ${row + 1}, the client knows it as ${index + 1}`;
    const flags = view.flags[index] ?? null;
    if (flags !== null && flags !== flagsAt(columns, row))
      return `UID ${uid} has the flags "${flagsAt(columns, row)}", the client was told "${flags}"`;
    const modSeq = view.modSeqs[index] ?? null;
    if (modSeq !== null && modSeq !== columns.modSeqs[row])
      return `UID ${uid} has mod-sequence ${columns.modSeqs[row] ?? 0}, the client was told ${modSeq}`;
  }
  const open = view.entries.filter(({ uid }) => uid === null).length;
  return unknown > open ? `${unknown} messages are there that the client was not told of, not ${open}` : null;
}

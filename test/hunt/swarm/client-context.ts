/**
 * A search that is kept up to date (RFC 5267 §4.3): whoever follows ADDTO and REMOVEFROM has, whenever everything has been
 * told, just the messages that match, in the order that was asked for.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { flagsAt } from '../journal-replay.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import type { Entry } from './client-view.ts';

export class ClientContext {
  /** In the form of `Entry.flags`. */
  readonly flag: string;
  /** By size (SORT), or as they are in the mailbox. */
  readonly order: 'size' | 'mailbox';
  /** Of the command that made it; empty until it has answered. */
  tag = '';
  #uids: number[] = [];

  constructor(flag: string, order: 'size' | 'mailbox') {
    this.flag = flag;
    this.order = order;
  }

  /** Takes an ESEARCH response by UID, the first of which is the result that the rest begins with. */
  take(text: string): void {
    const [, tag = '', rest = ''] = /^\* ESEARCH \(TAG "([^"]+)"\) UID(.*)$/.exec(text) ?? [];
    if (tag === '' || (this.tag !== '' && tag !== this.tag)) return;
    if (this.tag === '') this.#begin(tag, rest);
    else
      for (const [, word = '', told = ''] of rest.matchAll(/(ADDTO|REMOVEFROM) \(([^)]*)\)/g))
        this.#change(word, told);
  }

  #begin(tag: string, rest: string): void {
    this.tag = tag;
    this.#uids = numbersOf(/ ALL ([\d:,]+)/.exec(rest)?.[1] ?? '');
  }

  /** Positions and sets in turns, each of which acts on what the ones before it have left (§4.3.3, §4.3.4). */
  #change(word: string, told: string): void {
    const words = told.split(' ');
    for (let index = 0; index < words.length; index += 2) {
      const position = Number(words[index]);
      const uids = numbersOf(words[index + 1] ?? '');
      ensure(
        position > 0 || this.order === 'mailbox',
        () => `${word} (${told}) names no place in a sorted result`,
      );
      if (word === 'ADDTO') this.#add(position, uids, told);
      else this.#remove(position, uids, told);
    }
  }

  #add(position: number, uids: readonly number[], told: string): void {
    const known = uids.filter((uid) => this.#uids.includes(uid));
    ensure(known.length === 0, () => `ADDTO (${told}), but ${known.join()} are in the context`);
    ensure(
      position <= this.#uids.length + 1,
      () => `ADDTO (${told}) leaves a gap behind ${this.#uids.join()}`,
    );
    if (position > 0) this.#uids.splice(position - 1, 0, ...uids);
    else this.#uids = [...this.#uids, ...uids].sort((a, b) => a - b);
  }

  #remove(position: number, uids: readonly number[], told: string): void {
    const there = position > 0 ? this.#uids.slice(position - 1, position - 1 + uids.length) : this.#uids;
    const missing = uids.filter((uid, index) => (position > 0 ? there[index] !== uid : !there.includes(uid)));
    ensure(missing.length === 0, () => `REMOVEFROM (${told}), but the context is ${this.#uids.join()}`);
    this.#uids = this.#uids.filter((uid) => !uids.includes(uid));
  }

  /**
   * Whether the context, as it is now, is that of a mailbox for the messages of a view: asked of the moment of that view or
   * of a later one, for changes of the context may run ahead of the news of the mailbox.
   */
  frozen(entries: readonly Entry[]): FrozenContext | null {
    if (this.tag === '') return null;
    const list = [...this.#uids];
    const uids = new Set(list);
    const matches = (columns: Columns): boolean =>
      entries.every(({ uid }) => {
        const row = uid === null ? -1 : columns.rowOf(uid);
        return (
          uid === null || row < 0 || flagsAt(columns, row).split(' ').includes(this.flag) === uids.has(uid)
        );
      });
    const fits = (columns: Columns): boolean => matches(columns) && this.#isOrdered(list, columns);
    return { fits, described: `${list.join()} as ${this.flag}, in the order of ${this.order}` };
  }

  /** Of those that are there: sizes never change. */
  #isOrdered(list: readonly number[], columns: Columns): boolean {
    const rows = list.map((uid) => columns.rowOf(uid)).filter((row) => row >= 0);
    const size = (row: number): number => (this.order === 'size' ? (columns.sizes[row] ?? 0) : 0);
    return rows.every((row, index) => {
      const before = rows[index - 1];
      return before === undefined || size(before) < size(row) || (size(before) === size(row) && before < row);
    });
  }
}

export interface FrozenContext {
  readonly fits: (columns: Columns) => boolean;
  readonly described: string;
}

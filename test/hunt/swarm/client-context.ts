/**
 * A search that is kept up to date (RFC 5267 §4.3): whoever follows ADDTO and REMOVEFROM has, whenever everything has been
 * told, just the messages that match.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { flagsAt } from '../journal-replay.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import type { Entry } from './client-view.ts';

export class ClientContext {
  /** In the form of `Entry.flags`. */
  readonly flag: string;
  /** Of the command that made it; empty until it has answered. */
  tag = '';
  #uids = new Set<number>();

  constructor(flag: string) {
    this.flag = flag;
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
    this.#uids = new Set(numbersOf(/ ALL ([\d:,]+)/.exec(rest)?.[1] ?? ''));
  }

  /** Positions and sets in turns; a search that is not sorted has position 0. */
  #change(word: string, told: string): void {
    const sets = told.split(' ').filter((_, index) => index % 2 === 1);
    for (const uid of sets.flatMap(numbersOf)) {
      ensure(
        this.#uids.has(uid) === (word === 'REMOVEFROM'),
        () => `${word} of UID ${uid}, which is ${this.#uids.has(uid) ? '' : 'not '}in the context`,
      );
      if (word === 'ADDTO') this.#uids.add(uid);
      else this.#uids.delete(uid);
    }
  }

  /**
   * Whether the context, as it is now, is that of a mailbox for the messages of a view: asked of the moment of that view or
   * of a later one, for changes of the context may run ahead of the news of the mailbox.
   */
  frozen(entries: readonly Entry[]): FrozenContext | null {
    if (this.tag === '') return null;
    const uids = new Set(this.#uids);
    const fits = (columns: Columns): boolean =>
      entries.every(({ uid }) => {
        const row = uid === null ? -1 : columns.rowOf(uid);
        return (
          uid === null || row < 0 || flagsAt(columns, row).split(' ').includes(this.flag) === uids.has(uid)
        );
      });
    return { fits, described: `${[...uids].join()} as ${this.flag}` };
  }
}

export interface FrozenContext {
  readonly fits: (columns: Columns) => boolean;
  readonly described: string;
}

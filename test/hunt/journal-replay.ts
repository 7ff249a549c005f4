/**
 * An account as its journal tells it, replayed from record 1 by the product's own `apply`: what every mailbox must be.
 * The state after each record is kept, so that what a client saw can be held to a moment, until the hunt says that nobody
 * can be held to it any more: a hunt of hours has as many records as memory would hold states.
 */
import { apply } from '../../shared/account/apply.ts';
import type { Columns } from '../../shared/account/columns.ts';
import {
  type AccountId,
  type BlobId,
  type MailboxId,
  type RecordNumber,
  recordOf,
} from '../../shared/account/ids.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import { type JournalRecord, isEmptied } from '../../shared/account/record.ts';
import { type AccountState, EMPTY_STATE, type Mailbox } from '../../shared/account/state.ts';
import { ensure } from './violation.ts';

/** Where a message came into a mailbox. */
export interface Arrived {
  readonly blob: BlobId;
  readonly record: number;
}

/** A message that is in no state from record `record` on. */
interface Departed {
  readonly message: string;
  readonly record: number;
}

export class JournalReplay {
  readonly account: AccountId;
  /** Called with each record as it is replayed. */
  onRecord: ((record: JournalRecord) => void) | undefined;
  #journal: JournalStore;
  /** By record number; the first, while nothing is forgotten, is the state before any record. */
  readonly #states = new NumberedFrom<AccountState>(0, [EMPTY_STATE]);
  readonly #records = new NumberedFrom<JournalRecord>(1);
  readonly #arrived = new Map<string, Arrived>();
  readonly #departed: Departed[] = [];
  #reading: Promise<void> | undefined;

  constructor(journal: JournalStore, account: AccountId) {
    this.#journal = journal;
    this.account = account;
  }

  /** Goes on with another way to the same journal: the store has moved. */
  readFrom(journal: JournalStore): void {
    this.#journal = journal;
  }

  /** Of the newest record. */
  get number(): number {
    return this.#states.end - 1;
  }

  get state(): AccountState {
    return this.stateAt(this.number);
  }

  stateAt(number: number): AccountState {
    const state = this.#states.at(number);
    if (!state)
      throw new Error(`the replay has the records ${this.#states.first} to ${this.number}, not ${number}`);
    return state;
  }

  /** The newest records, at most so many, of those that are not forgotten. */
  newest(count: number): readonly JournalRecord[] {
    return this.#records.last(count);
  }

  /** What is kept in memory. */
  get kept(): { readonly states: number; readonly messages: number } {
    return { states: this.#states.length, messages: this.#arrived.size };
  }

  /**
   * Nobody will ask for a moment before the state after record `number`, nor for a message that was gone by then: both are
   * forgotten.
   */
  forgetBefore(number: number): void {
    this.#states.dropBefore(number);
    this.#records.dropBefore(number + 1);
    let gone = 0;
    for (const { message, record } of this.#departed) {
      if (record > number) break;
      this.#arrived.delete(message);
      gone++;
    }
    this.#departed.splice(0, gone);
  }

  /**
   * The states from record `from` to record `to`, those between the ops of one record included: commands that came
   * together share a record, and each is decided on the state after the one before it.
   */
  *moments(from: number, to: number): Generator<AccountState> {
    yield this.stateAt(from);
    for (let number = from + 1; number <= to; number++) {
      const between: AccountState[] = [];
      const record = this.#records.at(number);
      if (record) apply(this.stateAt(number - 1), record, undefined, (before) => between.push(before));
      yield* between.slice(1);
      yield this.stateAt(number);
    }
  }

  /** How a message came into a mailbox, whether it is still there or not, unless it is forgotten. */
  arrived(mailbox: MailboxId, uid: number): Arrived | undefined {
    return this.#arrived.get(keyOf(mailbox, uid));
  }

  /** With every record that was in the journal when this was called. */
  async catchUp(): Promise<void> {
    // One that is under way may have begun too early.
    await this.#reading?.catch(() => undefined);
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  /** Reads all of the journal anew: no record may have changed since it was replayed. */
  async recheck(): Promise<void> {
    const entries = await this.#journal.after(this.account, 0 as RecordNumber, 'strong');
    ensure(
      entries.length === this.number,
      () => `the journal has ${entries.length} records instead of ${this.number}`,
    );
    for (const entry of entries) {
      const known = this.#records.at(entry.number);
      const same = known !== undefined && !isEmptied(entry) && entry.commit === known.commit;
      ensure(same, () => `record ${entry.number} is not what it was`);
    }
  }

  async #read(): Promise<void> {
    const entries = await this.#journal.after(this.account, this.number as RecordNumber, 'strong');
    for (const entry of entries) {
      ensure(
        entry.number === this.number + 1,
        () => `record ${this.number + 1} is missing below ${entry.number}`,
      );
      if (isEmptied(entry)) throw new Error(`record ${entry.number} was emptied before it was replayed`);
      this.#take(entry);
    }
  }

  #take(record: JournalRecord): void {
    const moments: AccountState[] = [];
    const after = apply(
      this.state,
      record,
      (divergence) => ensure(false, () => `record ${record.number} diverges: ${JSON.stringify(divergence)}`),
      (before) => moments.push(before),
    );
    let before = this.state;
    for (const moment of [...moments.slice(1), after]) {
      for (const mailbox of moment.mailboxes.values()) {
        const old = before.mailboxes.get(mailbox.id);
        const { nextMailbox } = before;
        ensure(
          old !== undefined || mailbox.id >= nextMailbox,
          () => `mailbox ${mailbox.id} was there before`,
        );
        this.#register(old, mailbox, record);
      }
      for (const mailbox of before.mailboxes.values())
        this.#noteDepartures(mailbox, moment.mailboxes.get(mailbox.id), record);
      before = moment;
    }
    this.#records.push(record);
    this.#states.push(after);
    this.onRecord?.(record);
  }

  #noteDepartures(before: Mailbox, after: Mailbox | undefined, { number }: JournalRecord): void {
    const { columns } = before;
    if (!columns || columns === after?.columns) return;
    for (let row = 0; row < columns.count; row++) {
      const uid = columns.uidAt(row);
      if ((after?.columns?.rowOf(uid) ?? -1) < 0)
        this.#departed.push({ message: keyOf(before.id, uid), record: number });
    }
  }

  #register(before: Mailbox | undefined, after: Mailbox, record: JournalRecord): void {
    const { columns } = after;
    if (!columns) throw new Error(`mailbox ${after.id} lost its columns in the replay`);
    if (before?.columns === columns) return;
    const counts = { messages: columns.count, unseen: 0, deleted: 0 };
    for (let row = 0; row < columns.count; row++) {
      const system = columns.system[row] ?? 0;
      if (!(system & 1)) counts.unseen++;
      if (system & 8) counts.deleted++;
      const uid = columns.uidAt(row);
      checkModSeq(before?.columns, columns, row, record.number);
      const blob = columns.blobAt(row);
      const known = before?.columns?.rowOf(uid) ?? -1;
      if (known >= 0) {
        ensure(
          before?.columns?.blobAt(known) === blob,
          () => `UID ${uid} of ${after.name} is another message`,
        );
        continue;
      }
      // Any UID that was ever used is below it.
      ensure(
        uid >= (before?.uidNext ?? 1),
        () => `UID ${uid} came into ${after.name} below UIDNEXT ${before?.uidNext ?? 1}`,
      );
      this.#arrived.set(keyOf(after.id, uid), { blob, record: record.number });
    }
    const { messages, unseen, deleted } = after;
    ensure(
      messages === counts.messages && unseen === counts.unseen && deleted === counts.deleted,
      () =>
        `the counters of ${after.name} after record ${record.number} are ${JSON.stringify({ messages, unseen, deleted })}, its messages say ${JSON.stringify(counts)}`,
    );
  }
}

const keyOf = (mailbox: MailboxId, uid: number): string => `${mailbox}/${uid}`;

/** A list by number, whose beginning may be dropped. */
class NumberedFrom<T> {
  #first: number;
  #items: T[];

  constructor(first: number, items: T[] = []) {
    this.#first = first;
    this.#items = items;
  }

  get first(): number {
    return this.#first;
  }

  /** Behind the last. */
  get end(): number {
    return this.#first + this.#items.length;
  }

  get length(): number {
    return this.#items.length;
  }

  at(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[number - this.#first];
  }

  last(count: number): readonly T[] {
    return this.#items.slice(-count);
  }

  push(item: T): void {
    this.#items.push(item);
  }

  dropBefore(number: number): void {
    const count = Math.min(Math.max(0, number - this.#first), this.#items.length);
    this.#items = this.#items.slice(count);
    this.#first += count;
  }
}

/** A message that has come or has changed has a mod-sequence of the record that did it (RFC 7162 §3.1). */
function checkModSeq(before: Columns | undefined, columns: Columns, row: number, record: RecordNumber): void {
  const uid = columns.uidAt(row);
  const old = before?.rowOf(uid) ?? -1;
  const same = before && old >= 0 && flagsAt(before, old) === flagsAt(columns, row);
  const modSeq = columns.row(row).modSeq;
  ensure(
    same ? modSeq === before.row(old).modSeq || recordOf(modSeq) === record : recordOf(modSeq) === record,
    () => `UID ${uid} has mod-sequence ${modSeq} after record ${record}`,
  );
}

/** Flags of a row as a client sees them, \Recent left out: sorted, small letters. */
export function flagsAt(columns: NonNullable<Mailbox['columns']>, row: number): string {
  const system = columns.system[row] ?? 0;
  const names = SYSTEM.filter((_, bit) => system & (1 << bit));
  return [...names, ...columns.keywordsAt(row).map((keyword) => keyword.toLowerCase())].sort().join(' ');
}

/** By bit. */
const SYSTEM = ['\\seen', '\\answered', '\\flagged', '\\deleted', '\\draft'];

/** A list of flags off the wire in the form of `flagsAt`. */
export function flagsOf(text: string): string {
  const words = text.split(' ').filter((word) => word !== '' && word.toLowerCase() !== '\\recent');
  return [...new Set(words.map((word) => word.toLowerCase()))].sort().join(' ');
}

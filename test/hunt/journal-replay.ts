/**
 * An account as its journal tells it, replayed from record 1 by the product's own `apply`: what every mailbox must be.
 * The state after each record is kept, so that what a client saw can be held to a moment.
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

export class JournalReplay {
  readonly account: AccountId;
  /** By record number; the first is the state before any record. */
  readonly states: AccountState[] = [EMPTY_STATE];
  readonly records: JournalRecord[] = [];
  #journal: JournalStore;
  readonly #arrived = new Map<string, Arrived>();
  #reading: Promise<void> | undefined;

  constructor(journal: JournalStore, account: AccountId) {
    this.#journal = journal;
    this.account = account;
  }

  /** Goes on with another way to the same journal: the store has moved. */
  readFrom(journal: JournalStore): void {
    this.#journal = journal;
  }

  get number(): number {
    return this.records.length;
  }

  get state(): AccountState {
    return this.states[this.number] as AccountState;
  }

  stateAt(number: number): AccountState {
    const state = this.states[number];
    if (!state) throw new Error(`the replay has no record ${number} yet`);
    return state;
  }

  /**
   * The states from record `from` to record `to`, those between the ops of one record included: commands that came
   * together share a record, and each is decided on the state after the one before it.
   */
  *moments(from: number, to: number): Generator<AccountState> {
    yield this.stateAt(from);
    for (let number = from + 1; number <= to; number++) {
      const between: AccountState[] = [];
      const record = this.records[number - 1];
      if (record) apply(this.stateAt(number - 1), record, undefined, (before) => between.push(before));
      yield* between.slice(1);
      yield this.stateAt(number);
    }
  }

  /** How a message came into a mailbox, whether it is still there or not. */
  arrived(mailbox: MailboxId, uid: number): Arrived | undefined {
    return this.#arrived.get(`${mailbox}/${uid}`);
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
    for (const [index, entry] of entries.entries()) {
      const known = this.records[index];
      const same = entry.number === known?.number && !isEmptied(entry) && entry.commit === known.commit;
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
      for (const mailbox of moment.mailboxes.values())
        this.#register(before.mailboxes.get(mailbox.id), mailbox, record);
      before = moment;
    }
    this.records.push(record);
    this.states.push(after);
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
      const known = this.#arrived.get(`${after.id}/${uid}`);
      checkModSeq(before?.columns, columns, row, record.number);
      const blob = columns.blobAt(row);
      ensure(!known || known.blob === blob, () => `UID ${uid} of ${after.name} was used twice`);
      if (known) continue;
      ensure(
        uid >= (before?.uidNext ?? 1),
        () => `UID ${uid} came into ${after.name} below UIDNEXT ${before?.uidNext ?? 1}`,
      );
      this.#arrived.set(`${after.id}/${uid}`, { blob, record: record.number });
    }
    const { messages, unseen, deleted } = after;
    ensure(
      messages === counts.messages && unseen === counts.unseen && deleted === counts.deleted,
      () =>
        `the counters of ${after.name} after record ${record.number} are ${JSON.stringify({ messages, unseen, deleted })}, its messages say ${JSON.stringify(counts)}`,
    );
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

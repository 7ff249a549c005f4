/**
 * Gathers the ops of a group commit into records. Usually there is one; a single decision that is too large for a
 * DynamoDB item is spread over several records, which are put in one transaction. An op that is too large by itself is
 * cut in two with the same meaning. Nothing is ever truncated.
 */
import { applyOp } from './apply.ts';
import { effectOfFlags, effectOfRemoval } from './effect.ts';
import { OPS_PER_RECORD, type RecordNumber } from './ids.ts';
import type { Op } from './ops.ts';
import { type JournalRecord, opBytes } from './record.ts';
import type { AccountState, Usage } from './state.ts';
import { halves } from './uid-ranges.ts';

/** Ops of one record before compression; an item of 400 KB holds it in any case. */
const RECORD_BYTES = 350_000;
/** TransactWriteItems takes 100 items and 4 MB; markers of deliveries share it. */
const MAX_RECORDS = 10;
/** A group of several commits closes here, so that one slow client's burst does not make others' records large. */
const GROUP_BYTES = 32_768;

/** The change does not fit into one transaction. */
export class TooLargeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TooLargeError';
  }
}

/** The account was closed for good: nothing can be done to it any more. */
export class AccountClosedError extends Error {
  constructor() {
    super('the account is closed');
    this.name = 'AccountClosedError';
  }
}

interface Draft {
  readonly number: RecordNumber;
  readonly ops: Op[];
  bytes: number;
  /** After the last of `ops`. */
  usage: Usage;
}

/** Ops of decisions, applied one after the other to a trial state. */
export class RecordBuilder {
  #trial: AccountState;
  readonly #saved: number;
  #drafts: Draft[] = [];
  readonly #base: AccountState;
  #bytes = 0;
  #ops = 0;

  /** `time`: of the records to be, milliseconds since the epoch. */
  constructor(base: AccountState, time: number) {
    this.#base = base;
    this.#trial = base;
    this.#saved = Math.floor(time / 1000);
  }

  /** The state after all ops so far. */
  get trial(): AccountState {
    return this.#trial;
  }
  get isEmpty(): boolean {
    return this.#ops === 0;
  }
  /** Whether the group is closed: the next decision belongs to another. */
  get isFull(): boolean {
    return this.#bytes >= GROUP_BYTES || this.#ops >= OPS_PER_RECORD - 1;
  }

  /** Whether `ops` may join what is already here. A first decision always may. */
  fits(ops: readonly Op[]): boolean {
    if (this.isEmpty) return true;
    const bytes = ops.reduce((sum, op) => sum + opBytes(op), 0);
    return this.#bytes + bytes <= GROUP_BYTES && this.#ops + ops.length < OPS_PER_RECORD;
  }

  /** Adds one decision, or throws `TooLargeError` or `AccountClosedError` and is as it was. */
  add(ops: readonly Op[]): void {
    if (ops.length > 0 && this.#trial.policy.closed) throw new AccountClosedError();
    const before = { trial: this.#trial, bytes: this.#bytes, ops: this.#ops };
    const drafts = this.#drafts.map((draft) => ({ ...draft, ops: [...draft.ops] }));
    try {
      for (const op of ops) this.#addOp(op);
    } catch (error) {
      this.#trial = before.trial;
      this.#bytes = before.bytes;
      this.#ops = before.ops;
      this.#drafts = drafts;
      throw error;
    }
  }

  #addOp(op: Op): void {
    const bytes = opBytes(op);
    if (bytes > RECORD_BYTES) {
      for (const half of cut(op, this.#trial, () => this.#trial)) this.#addOp(half());
      return;
    }
    const draft = this.#draftFor(bytes);
    this.#trial = applyOp(this.#trial, op, {
      record: draft.number,
      index: draft.ops.length,
      saved: this.#saved,
    });
    draft.ops.push(op);
    draft.bytes += bytes;
    draft.usage = this.#trial.usage;
    this.#bytes += bytes;
    this.#ops++;
  }

  #draftFor(bytes: number): Draft {
    const last = this.#drafts.at(-1);
    if (last && last.bytes + bytes <= RECORD_BYTES && last.ops.length < OPS_PER_RECORD) return last;
    if (this.#drafts.length === MAX_RECORDS)
      throw new TooLargeError(`the change is larger than ${MAX_RECORDS} records of ${RECORD_BYTES} bytes`);
    const number = (this.#base.number + this.#drafts.length + 1) as RecordNumber;
    const draft: Draft = { number, ops: [], bytes: 0, usage: this.#trial.usage };
    this.#drafts.push(draft);
    return draft;
  }

  /** The records, and the state after them. */
  finish(
    commit: string,
    time: number,
    journalBytes: number,
  ): { records: JournalRecord[]; state: AccountState } {
    let sum = journalBytes;
    const records = this.#drafts.map(({ number, ops, bytes, usage }) => {
      sum += bytes;
      return { number, commit, time, ops, usage, journalBytes: sum };
    });
    const number = (this.#base.number + records.length) as RecordNumber;
    return { records, state: { ...this.#trial, number } };
  }
}

/** The op in two halves; the second is worked out when the first has been applied. */
function cut(op: Op, before: AccountState, after: () => AccountState): readonly (() => Op)[] {
  // It touches no counter: nothing is to be worked out for the halves.
  if (op.op === 'seen') return halves(op.uids).map((uids) => () => ({ ...op, uids }));
  if (op.op !== 'flags' && op.op !== 'expunge' && op.op !== 'copy' && op.op !== 'move')
    throw new TooLargeError(`a single ${op.op} is larger than a record of ${RECORD_BYTES} bytes`);
  const source = op.op === 'flags' || op.op === 'expunge' ? op.mailbox : op.from;
  const columnsOf = (state: AccountState) => {
    const columns = state.mailboxes.get(source)?.columns;
    if (!columns)
      throw new TooLargeError('the messages of a large change must be loaded before it is decided');
    return columns;
  };
  return halves(op.uids).map((uids, index) => () => {
    const columns = columnsOf(index === 0 ? before : after());
    const effect =
      op.op === 'flags' ? effectOfFlags(columns, uids, op.mode, op.system) : effectOfRemoval(columns, uids);
    return { ...op, uids, effect };
  });
}

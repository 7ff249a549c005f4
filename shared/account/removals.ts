/**
 * What left a mailbox since a mod-sequence, for QRESYNC (RFC 7162 §3.2.5): told by the ops of the journal, as far back as
 * it reaches. Beyond that nothing is known of when a UID went, and the caller tells of every UID that is not there, which
 * is always right.
 */
import type { Checkpoint } from './checkpoint.ts';
import type { AccountId, MailboxId, ModSeq, RecordNumber } from './ids.ts';
import { OPS_PER_RECORD, modSeqOf, recordOf } from './ids.ts';
import type { JournalStore } from './journal-store.ts';
import type { Op } from './ops.ts';
import { type JournalRecord, isEmptied } from './record.ts';
import type { UidRanges } from './uid-ranges.ts';

/** First and last of the UIDs that one op took out. Gaps in which no message was are bridged: see `rangesOver`. */
export interface RemovedRange {
  readonly low: number;
  readonly high: number;
}

/**
 * Records that are read from the store for one answer, beside those in memory: what four folds cover. They cost some
 * hundred read units at most; the answer without them costs a range for each gap of the mailbox.
 */
const RECORDS_READ = 1024;

/** What a replica knows without reading: a checkpoint, and all records above it. */
export interface KnownJournal {
  readonly checkpoint: Checkpoint;
  readonly tail: readonly JournalRecord[];
}

/** What the ops of `records` above `modSeq` took out of `mailbox`, in their order. */
export function removedBy(
  records: readonly JournalRecord[],
  mailbox: MailboxId,
  modSeq: number,
): RemovedRange[] {
  const removed: RemovedRange[] = [];
  for (const { number, ops } of records) {
    // None of its ops can be above.
    if (modSeqOf(number, OPS_PER_RECORD - 1) <= modSeq) continue;
    ops.forEach((op, index) => {
      const uids = modSeqOf(number, index) > modSeq ? takenOut(op, mailbox) : null;
      for (let at = 0; uids && at < uids.length; at += 2)
        removed.push({ low: uids[at] ?? 0, high: uids[at + 1] ?? 0 });
    });
  }
  return removed;
}

function takenOut(op: Op, mailbox: MailboxId): UidRanges | null {
  if (op.op === 'expunge' && op.mailbox === mailbox) return op.uids;
  if (op.op === 'mend' && op.mailbox === mailbox) return op.gone;
  // One that goes nowhere else is void (see `apply`).
  return op.op === 'move' && op.from === mailbox && op.to !== mailbox ? op.uids : null;
}

/** As `removedBy`, by the journal from `modSeq` to the end of `known`; null if it does not reach back so far. */
export async function removedSince(
  store: JournalStore,
  account: AccountId,
  known: KnownJournal | null,
  mailbox: MailboxId,
  modSeq: number,
): Promise<readonly RemovedRange[] | null> {
  if (!known) return null;
  const { checkpoint } = known;
  // `known` grows while the store is read.
  const tail = [...known.tail];
  const folded = checkpoint.state.mailboxes.get(mailbox);
  // Nothing has happened to the mailbox between `modSeq` and the checkpoint, or it was made after that.
  if (!folded || folded.highestModSeq <= modSeq) return removedBy(tail, mailbox, modSeq);
  const first = recordOf(modSeq as ModSeq);
  const last = checkpoint.state.number;
  if (first <= checkpoint.emptiedTo || last - first >= RECORDS_READ) return null;
  // Old records do not change but by being emptied: an eventual read, at half the price, is as good.
  const entries = await store.after(account, Math.max(0, first - 1) as RecordNumber, 'eventual');
  const covered: JournalRecord[] = [];
  for (const entry of entries) {
    if (entry.number > last) break;
    if (isEmptied(entry)) return null;
    covered.push(entry);
  }
  if (covered.length !== last - Math.max(1, first) + 1) return null;
  return [...removedBy(covered, mailbox, modSeq), ...removedBy(tail, mailbox, modSeq)];
}

/** What a repair decides and gathers, for a record and for a checkpoint: shared by repairs and epochs. */
import type { FoldedItem } from '../../shared/account/checkpoint.ts';
import type { Examination } from '../../shared/account/examine.ts';
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import type { Op } from '../../shared/account/ops.ts';
import type { JournalEntry } from '../../shared/account/record.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { AccountState } from '../../shared/account/state.ts';
import type { StoredObject } from '../../shared/blob/message-store.ts';
import type { CheckedMessages, CheckedMessagesResult } from './check-messages.ts';
import { makeMailboxes } from './make-mailboxes.ts';
import { readSummaries } from './placed-rows.ts';
import { type RecoverDeps, keyMissing, mustKnowPacks, recoverMessages, restoring } from './recover.ts';

/** An object's clock and a fold's. */
const CLOCK_SKEW_MS = 60_000;

export interface Mending {
  readonly ops: readonly Op[];
  /** Messages that come back. */
  readonly recovered: number;
  /** Mailboxes whose counters are said. */
  readonly said: number;
}

export interface MendingOptions {
  readonly most?: number;
  readonly arrivedAfter?: number;
  readonly arrivedBefore?: number;
  /** What the ops are to be applied to, if it is not what is known. */
  readonly state?: AccountState;
}

/**
 * Ops that say what is lost, and name again what can be saved, at most `most` messages. What is lost is said last: until
 * then the account is as damaged as it was, and the next call goes on. `summaries` takes those that were read. Messages that
 * were stored after `arrivedAfter` and up to `arrivedBefore` (milliseconds since the epoch) came in a time of which the
 * table knows nothing. A mailbox whose name is known and which is not there is made again.
 */
export async function mendingOps(
  deps: RecoverDeps & { readonly rim: Pick<Rim, 'now'> },
  account: AccountId,
  entries: readonly JournalEntry[],
  known: Examination,
  messages: CheckedMessagesResult,
  summaries: Map<BlobId, Uint8Array>,
  {
    most = Infinity,
    arrivedAfter = Infinity,
    arrivedBefore = Infinity,
    state = known.replay.state,
  }: MendingOptions = {},
): Promise<Mending> {
  const isLate = ({ modified }: StoredObject): boolean =>
    modified > arrivedAfter && modified <= arrivedBefore;
  const candidates = candidatesIn(known, messages, isLate);
  const batch = candidates.slice(0, most);
  if (losesRows(known) && deps.leaveUnreadable !== true) mustKnowPacks(account, messages.damagedPacks);
  const { recovered, unreadable } = await recoverMessages(deps, account, batch, entries);
  if (unreadable.length > 0 && recovered.length === 0 && deps.leaveUnreadable !== true)
    throw keyMissing(account, unreadable.length, batch.length);
  for (const { row, summary } of recovered) summaries.set(row.blob, summary);
  const lossy = [...known.lost.keys()].filter((id) => state.mailboxes.has(id));
  // Of one lossy mailbox all messages go back into it.
  const made = makeMailboxes(lossy.length === 1 ? [] : recovered, state, deps.rim.now());
  const restores = restoring(recovered, made.state, lossy);
  const mends = candidates.length > batch.length ? [] : known.mends;
  return { ops: [...mends, ...made.ops, ...restores], recovered: recovered.length, said: mends.length };
}

/**
 * Messages that are in no row and should be: of lost segments, of records that stand where nobody reads, and of a time that
 * is lost.
 */
function candidatesIn(
  known: Examination,
  { unnamed }: CheckedMessagesResult,
  isLate: (object: StoredObject) => boolean,
): readonly StoredObject[] {
  const { standing, behind } = known.journal;
  const unread = [...standing, ...behind];
  const strays = new Set(
    unread.flatMap((entry) =>
      'emptied' in entry ? [] : entry.ops.flatMap((op) => (op.op === 'append' ? [op.blob] : [])),
    ),
  );
  const purged = new Set(known.replay.purges.ops.flatMap(({ blobs }) => blobs));
  const undeclared = losesRows(known);
  return unnamed.filter(
    (object) =>
      !purged.has(object.blob) &&
      (strays.has(object.blob) || isLate(object) || (undeclared && isOlder(object, known.base.time))),
  );
}

/** Whether rows are said to be gone, of which only the objects tell any more. */
function losesRows({ mends }: Examination): boolean {
  return mends.some(({ gone }) => gone.length > 0);
}

/** What is younger than a checkpoint may be named by a record that is just being put. */
export function isOlder({ modified }: StoredObject, time: number): boolean {
  return modified <= time + CLOCK_SKEW_MS;
}

/** Summaries that lie in records, which a new checkpoint covers, and what is left of those in damaged chunks. */
export async function unfoldedSummaries(
  messages: CheckedMessages,
  account: AccountId,
  entries: readonly JournalEntry[],
  { base }: Examination,
  { rows, damagedChunks }: CheckedMessagesResult,
): Promise<Map<BlobId, Uint8Array>> {
  const summaries = new Map<BlobId, Uint8Array>();
  const leaving = new Set([0, ...damagedChunks.map(({ number }) => number)]);
  const moving = rows.filter(({ row }) => leaving.has(row.summary.chunk));
  await readSummaries(messages, account, { base, entries }, moving, ({ row }, bytes) => {
    if (bytes) summaries.set(row.blob, bytes);
  });
  return summaries;
}

/** Objects of summaries, which lie in a chunk from now on. */
export function overflowOf({ replay }: Pick<Examination, 'replay'>): FoldedItem[] {
  return replay.arrivals.flatMap(({ place }): FoldedItem[] =>
    'object' in place ? [{ kind: 'overflow', object: place.object }] : [],
  );
}

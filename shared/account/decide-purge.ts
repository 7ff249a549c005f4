/**
 * What goes by itself: blobs whose grace is over, and messages whose retention is. Pure decisions on the whole state
 * (`whole-state.ts`), which is what makes them right beside everything else that happens to the account (I5).
 */
import type { Columns } from './columns.ts';
import { effectOfRemoval } from './effect.ts';
import type { BuriedRow } from './graveyard.ts';
import type { BlobId, RecordNumber } from './ids.ts';
import type { ExpungeOp } from './ops.ts';
import { DAY_SECONDS, type Policy, retentionOf } from './policy.ts';
import { doneUpTo } from './purges.ts';
import type { Decision } from './commit-request.ts';
import type { AccountState, Mailbox } from './state.ts';
import { rangesOver } from './uid-ranges.ts';
import type { WholeState } from './whole-state.ts';

/** Blobs that one purge names: 16 bytes each, so that its record is 128 write units at most. */
export const BLOBS_PER_PURGE = 8_192;

export interface PurgeRequest {
  /** Seconds since the epoch. */
  readonly now: number;
  /** How long what was expunged can be brought back, seconds. */
  readonly grace: number;
  /** Purges whose objects the caller has deleted. */
  readonly deleted: ReadonlySet<RecordNumber>;
  /** Blobs, `BLOBS_PER_PURGE` unless a test makes it small. */
  readonly most?: number;
}

export interface Purged {
  readonly blobs: readonly BlobId[];
  /** There is more to purge, at once. */
  readonly more: boolean;
}

/** Nothing is deleted while a hold stands; an account that is closed goes as a whole. */
export function mayDelete({ hold, closed }: Policy): boolean {
  return !hold && !closed;
}

/**
 * The blobs that no mailbox names any more: neither a message now, nor a row that was expunged within the grace. A blob
 * may be in several rows (COPY), and come back (undelete): every one of them counts. What was purged before is not in
 * `whole.buried`.
 */
export function decidePurge(whole: WholeState, request: PurgeRequest): Decision<Purged> {
  const { now, grace, deleted, most = BLOBS_PER_PURGE } = request;
  const none = { ops: [], value: { blobs: [], more: false } };
  if (!mayDelete(whole.state.policy)) return none;
  const before = now - grace;
  const isOver = ({ expunged }: BuriedRow): boolean => expunged < before;
  const due = whole.buried.filter(isOver);
  if (due.length === 0) return none;
  const candidates = new Set(due.map(({ row }) => row.blob));
  for (const buried of whole.buried) if (!isOver(buried)) candidates.delete(buried.row.blob);
  for (const { columns } of whole.state.mailboxes.values()) withoutNamed(candidates, columns);
  const blobs = [...candidates].slice(0, most);
  const more = blobs.length < candidates.size;
  // Rows are forgotten at last only, so that a function that dies between two purges leaves what is still to be purged.
  const done = doneUpTo(whole.purges, deleted);
  return { ops: [{ op: 'purge', blobs, before: more ? 0 : before, done }], value: { blobs, more } };
}

/** Says which purges are done with, if that is news. */
export function decidePurgesDone({ purges }: WholeState, deleted: ReadonlySet<RecordNumber>): Decision<null> {
  const done = doneUpTo(purges, deleted);
  return { ops: done === 0 ? [] : [{ op: 'purge', blobs: [], before: 0, done }], value: null };
}

function withoutNamed(candidates: Set<BlobId>, columns: Columns | undefined): void {
  if (!columns) throw new Error('every mailbox must be loaded before a purge is decided');
  for (let row = 0; row < columns.count && candidates.size > 0; row++) candidates.delete(columns.blobAt(row));
}

/** EXPUNGE of the messages that have been in their mailbox for as long as policy lets them. Value: how many. */
export function decideRetention({ state }: Pick<WholeState, 'state'>, now: number): Decision<number> {
  if (!mayDelete(state.policy)) return { ops: [], value: 0 };
  const ops = [...state.mailboxes.values()].flatMap((mailbox) => retired(state, mailbox, now));
  return { ops, value: ops.reduce((sum, { effect }) => sum + effect.messages, 0) };
}

function retired(state: AccountState, mailbox: Mailbox, now: number): ExpungeOp[] {
  const days = retentionOf(state.policy, mailbox);
  const { id, columns } = mailbox;
  if (days === null) return [];
  if (!columns) throw new Error('every mailbox must be loaded before its retention is decided');
  const limit = now - days * DAY_SECONDS;
  const gone: number[] = [];
  for (let row = 0; row < columns.count; row++)
    if ((columns.saved[row] as number) <= limit) gone.push(columns.uids[row] as number);
  if (gone.length === 0) return [];
  const uids = rangesOver(gone, columns.uids, columns.count);
  return [{ op: 'expunge', mailbox: id, uids, effect: effectOfRemoval(columns, uids) }];
}

/**
 * Deletes for good what was expunged and whose grace is over: first a record that names the blobs, then the objects (I5).
 *
 * Why no message is lost, whatever happens beside it:
 * - The record is decided on the whole state at record n and stands at n + 1, or not at all (`whole-state.ts`). At n no
 *   message of any mailbox has one of its blobs, and no row that left within the grace.
 * - A blob comes into an account by APPEND or a delivery, under a new random id, and from then on only rows lead to it. COPY
 *   and MOVE make rows of messages, undelete makes messages of buried rows. Each of them is decided on a state, and put
 *   on condition that nothing came after it. If it came first, the purge meets a conflict and is decided again: it sees
 *   the new row, and leaves the blob. If the purge came first, it is they who meet the conflict: COPY and MOVE find their
 *   messages as before, for they were in no purge; undelete finds that the buried row is gone.
 * - A delivery does not read the state; what it appends, no purge can have named. The same holds for every APPEND.
 * - A fold puts no record and changes no state. It may take the purge out of the tail, and deletes the objects itself
 *   before it does; to delete twice is to delete once. A pack that holds the blob loses a live one; its bytes go when it is
 *   written anew, which goes by rows, and there is none any more.
 * - A replica that has not seen the purge may still show none of its messages: they have been gone for the whole grace.
 * - A hold that came first is seen by the decision. One that comes later finds what was purged gone, as if it had been
 *   laid a moment too late; which of the two came first, the journal says.
 *
 * Why nothing is left behind: the record stands before the first deletion. Who dies after it leaves an open purge in the
 * tail, which the next run finds there, and the next fold. Only who has deleted all objects of a purge, and of those
 * before it, says in a record that it is done.
 */
import { decidePurge, decidePurgesDone } from '../../shared/account/decide-purge.ts';
import type { FoldSummaries } from '../../shared/account/fold-store.ts';
import type { AccountId, BlobId, RecordNumber } from '../../shared/account/ids.ts';
import {
  type WholeState,
  type WholeStateDeps,
  commitOnWholeState,
} from '../../shared/account/whole-state.ts';

/** One request of S3 deletes so many objects. */
const DELETED_AT_ONCE = 1_000;

export interface PurgeDeps extends WholeStateDeps {
  readonly summaries: Pick<FoldSummaries, 'deleteMessages'>;
  /** How long what was expunged can be brought back, seconds. */
  readonly graceSeconds: number;
  /** Blobs that one record names; a test makes it small. */
  readonly blobsPerPurge?: number;
}

/** How many blobs were purged, whether time was left to look for more, and the account after it. */
export interface PurgeResult {
  readonly purged: number;
  readonly finished: boolean;
  readonly whole: WholeState;
}

/**
 * Purges what is due. `opened`: the account as it was opened a moment ago. No batch is begun after `until` (milliseconds
 * since the epoch).
 */
export async function purgeAccount(
  deps: PurgeDeps,
  account: AccountId,
  opened: WholeState,
  until: number,
): Promise<PurgeResult> {
  const deleted = new Set<RecordNumber>();
  let whole = opened;
  for (const { record, blobs } of whole.purges.open) {
    if (!(await deleteObjects(deps, account, blobs, until))) return { purged: 0, finished: false, whole };
    deleted.add(record);
  }
  let purged = 0;
  let more = decidePurge(whole, requestOf(deps, deleted)).ops.length > 0;
  while (more) {
    if (deps.rim.now() >= until) return { purged, finished: false, whole };
    const decide = (current: WholeState) => decidePurge(current, requestOf(deps, deleted));
    const committed = await commitOnWholeState(deps, account, decide, whole);
    ({ whole } = committed);
    const { blobs } = committed.value;
    purged += blobs.length;
    if (!(await deleteObjects(deps, account, blobs, until))) return { purged, finished: false, whole };
    for (const { number } of committed.records) deleted.add(number);
    ({ more } = committed.value);
  }
  if (deleted.size > 0) {
    const decide = (current: WholeState) => decidePurgesDone(current, deleted);
    ({ whole } = await commitOnWholeState(deps, account, decide, whole));
  }
  return { purged, finished: true, whole };
}

function requestOf({ rim, graceSeconds, blobsPerPurge }: PurgeDeps, deleted: ReadonlySet<RecordNumber>) {
  return {
    now: Math.floor(rim.now() / 1000),
    grace: graceSeconds,
    deleted,
    ...(blobsPerPurge === undefined ? {} : { most: blobsPerPurge }),
  };
}

/** Whether all could be deleted before `until`. */
async function deleteObjects(
  { summaries, rim }: PurgeDeps,
  account: AccountId,
  blobs: readonly BlobId[],
  until: number,
): Promise<boolean> {
  for (let at = 0; at < blobs.length; at += DELETED_AT_ONCE) {
    if (rim.now() >= until) return false;
    await summaries.deleteMessages(account, blobs.slice(at, at + DELETED_AT_ONCE));
  }
  return true;
}

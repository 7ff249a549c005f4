/**
 * What becomes of an account whose closing is due: everything of it goes, but for a tombstone (`closing.ts`).
 *
 * The order makes a death between any two calls harmless:
 * 1. the record that says so. Before it, nothing has happened; after it, nobody commits to the account any more, and every
 *    run of this function does all of the rest again;
 * 2. the data key, with which all that is sealed is unreadable at once, wherever copies of it are;
 * 3. the tombstone takes the place of the checkpoint, so that no fold that is under way can write another one;
 * 4. objects, and what folds have put; records are emptied, not deleted, and their keys stay for a year (I4): a gateway
 *    that was away must meet them, not free numbers;
 * 5. address, credential and shares in the directory, and the work that was asked for.
 *
 * Two days later all of it is done once more, for what was being written while the account was closed: an upload that
 * nobody will name, the segments of a fold that died. Then the account's entry in the directory goes, and nothing is asked
 * for any more. What is left are tombstone and emptied records, and for 400 days the markers of its deliveries; none
 * tells anything of a message.
 */
import { decideClosed, isTombstone, tombstone } from '../../shared/account/closing.ts';
import type { FoldStore, FoldedItems } from '../../shared/account/fold-store.ts';
import type { AccountId, MailboxId, RecordNumber } from '../../shared/account/ids.ts';
import { mailboxIdsOf } from '../../shared/account/named.ts';
import { isEmptied } from '../../shared/account/record.ts';
import { type WholeStateDeps, commitOnWholeState, openWholeState } from '../../shared/account/whole-state.ts';
import type { DynamoDbWorkItems } from '../../shared/aws/work-items.ts';
import type { AccountObject, AccountObjects } from '../../shared/blob/account-objects.ts';
import type { SharingDirectory, UserDirectory } from '../../shared/directory/directory.ts';

/** An emptied key may go after so long: no process that knew the account before lives on (I4). */
const EMPTY_KEY_SECONDS = 365 * 86_400;
const FOLD_ID_BYTES = 12;
/** Folds are minutes apart, and each is beaten but once. */
const SWAP_ATTEMPTS = 5;
const BATCH = 1_000;

export interface CloseDeps extends WholeStateDeps {
  readonly folds: Pick<FoldStore, 'graveyard' | 'current' | 'swap' | 'empty' | 'delete'>;
  readonly folded: FoldedItems;
  readonly objects: Pick<AccountObjects, 'list' | 'delete'>;
  readonly users: Pick<UserDirectory, 'read' | 'remove' | 'forget'>;
  readonly sharing: Pick<SharingDirectory, 'withdraw' | 'forget'>;
  readonly work: Pick<DynamoDbWorkItems, 'drop'>;
  /** Deletes the account's data key; without, no account has one. */
  readonly deleteKey?: (account: AccountId) => Promise<void>;
}

/**
 * - `open`: the closing is not due, is held, or was taken back;
 * - `unfinished`: time was up;
 * - `closed`: all is gone that was there; to be done once more in two days;
 * - `gone`: that was the second time.
 */
export type CloseOutcome = 'open' | 'unfinished' | 'closed' | 'gone';

/** Closes the account if that is due. Begins with nothing after `until` (milliseconds since the epoch). */
export async function closeAccount(
  deps: CloseDeps,
  account: AccountId,
  until = Infinity,
): Promise<CloseOutcome> {
  const { rim } = deps;
  const { value: closed } = await commitOnWholeState(deps, account, (whole) =>
    decideClosed(whole, rim.now()),
  );
  if (!closed) return 'open';
  await deps.deleteKey?.(account);
  const { again, mailboxes } = await layTombstone(deps, account);
  if (!(await deleteObjects(deps, account, until))) return 'unfinished';
  if (!(await deleteItems(deps, account, mailboxes, until))) return 'unfinished';
  if (!(await emptyRecords(deps, account, until))) return 'unfinished';
  await leaveDirectory(deps, account, again);
  await deps.work.drop('compact', account);
  await deps.work.drop('pack', account);
  return again ? 'gone' : 'closed';
}

/** `again`: a tombstone had been laid before. */
async function layTombstone(
  { journal, folds, rim }: CloseDeps,
  account: AccountId,
): Promise<{ readonly again: boolean; readonly mailboxes: readonly MailboxId[] }> {
  for (let attempt = 1; attempt <= SWAP_ATTEMPTS; attempt++) {
    const whole = await openWholeState({ journal, folds, rim }, account);
    const { opening, state } = whole;
    const { base } = opening;
    const mailboxes = mailboxIdsOf(whole);
    if (isTombstone(base)) return { again: true, mailboxes };
    const { number } = state;
    const time = rim.now();
    const fold = rim.randomHex(FOLD_ID_BYTES);
    const next = { number, fold, root: tombstone(state, mailboxes, fold, time), time };
    const bundle = base.bundled ? ({ kind: 'delete' } as const) : ({ kind: 'none' } as const);
    const outcome = await folds.swap(account, base.fold === '' ? null : base.fold, next, bundle);
    if (outcome === 'swapped') return { again: false, mailboxes };
  }
  throw new Error(`account ${account} was folded again and again while it was closed; it is tried again`);
}

async function deleteObjects(
  { objects, rim }: CloseDeps,
  account: AccountId,
  until: number,
): Promise<boolean> {
  let batch: AccountObject[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await objects.delete(batch);
    batch = [];
  };
  for await (const object of objects.list(account)) {
    if (rim.now() >= until) return false;
    batch.push(object);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return true;
}

async function deleteItems(
  { folded, folds, rim }: CloseDeps,
  account: AccountId,
  mailboxes: readonly MailboxId[],
  until: number,
): Promise<boolean> {
  for await (const { item } of folded.items(account, mailboxes)) {
    if (rim.now() >= until) return false;
    await folds.delete(account, item);
  }
  return true;
}

async function emptyRecords(
  { journal, folds, rim }: CloseDeps,
  account: AccountId,
  until: number,
): Promise<boolean> {
  const expiresAt = Math.ceil(rim.now() / 1000) + EMPTY_KEY_SECONDS;
  for (const entry of await journal.after(account, 0 as RecordNumber, 'strong')) {
    if (isEmptied(entry)) continue;
    if (rim.now() >= until) return false;
    await folds.empty(account, entry.number, expiresAt);
  }
  return true;
}

/** First what leads to the account; at last, when nobody publishes anything of it any more, what tells that it was there. */
async function leaveDirectory(
  { users, sharing }: CloseDeps,
  account: AccountId,
  again: boolean,
): Promise<void> {
  const user = await users.read(account);
  const [address] = user?.addresses ?? [];
  if (user && address !== undefined) {
    if (user.state !== 'closed') await users.remove(address);
    await sharing.withdraw(account, address);
  }
  if (!again) return;
  await sharing.forget(account);
  await users.forget(account);
}

/**
 * What a fold does first: what the current checkpoint has done without for a day is deleted, and the records that it covers
 * are emptied (I4), while it still lists them. A fold that dies in between leaves the list as it was, and the next one does
 * the same again, to the same end.
 */
import type { Checkpoint, FoldedItem } from '../../shared/account/checkpoint.ts';
import { retirementOf } from '../../shared/account/fold.ts';
import type { FoldPacks, FoldStore, FoldSummaries } from '../../shared/account/fold-store.ts';
import type { AccountId, RecordNumber } from '../../shared/account/ids.ts';
import type { Opening } from '../../shared/account/opening.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { Pace } from './pace.ts';

/** How long a covered record, or a superseded item, is kept for those who still read by an older checkpoint. */
export const KEEP_MS = 86_400_000;
/** An emptied key may go after so long: no process that knew the account before lives on (I4). */
const EMPTY_KEY_SECONDS = 365 * 86_400;
export interface RetireDeps {
  readonly folds: FoldStore;
  readonly summaries: FoldSummaries;
  readonly packs: FoldPacks;
  readonly rim: Rim;
  /** Milliseconds, `KEEP_MS` unless a test shortens it: 0 empties records as early as I4 allows. */
  readonly keepMs?: number;
}

export interface Retired {
  readonly items: readonly FoldedItem[];
  readonly emptiedTo: RecordNumber;
}

/** Whether a fold would find anything to delete or to empty in an account that nobody has written to since. */
export function hasOld({ rim, keepMs = KEEP_MS }: RetireDeps, base: Checkpoint): boolean {
  const { items, emptyTo } = retirementOf(base, rim.now(), keepMs, false);
  return items.length > 0 || emptyTo > base.emptiedTo;
}

/** Null: this account has a younger checkpoint by now, whose list it is that counts. */
export async function retire(
  deps: RetireDeps,
  account: AccountId,
  { base, tail }: Opening,
  pace: Pace,
  until: number,
): Promise<Retired | null> {
  const { folds, rim, keepMs = KEEP_MS } = deps;
  const due = retirementOf(base, rim.now(), keepMs, tail.length > 0);
  if (due.items.length === 0 && due.emptyTo === base.emptiedTo)
    return { items: [], emptiedTo: base.emptiedTo };
  if ((await folds.current(account)) !== base.fold) return null;
  const items: FoldedItem[] = [];
  for (const item of due.items) {
    if (rim.now() >= until) break;
    await deleteItem(deps, account, item, pace);
    items.push(item);
  }
  const expiresAt = Math.ceil(rim.now() / 1000) + EMPTY_KEY_SECONDS;
  let { emptiedTo } = base;
  while (emptiedTo < due.emptyTo && rim.now() < until) {
    const number = (emptiedTo + 1) as RecordNumber;
    await pace.take(1);
    pace.owe((await folds.empty(account, number, expiresAt)) - 1);
    emptiedTo = number;
  }
  return { items, emptiedTo };
}

export async function deleteItem(
  { folds, summaries, packs }: RetireDeps,
  account: AccountId,
  item: FoldedItem,
  pace: Pace,
): Promise<void> {
  switch (item.kind) {
    case 'chunk':
      return summaries.deleteSummaries(account, [item.fold], []);
    case 'overflow':
      return summaries.deleteSummaries(account, [], [item.object]);
    case 'packed':
      return packs.deleteUnpacked(account, item.pack);
    case 'pack':
      return packs.delete(account, item.pack);
    case 'segment':
    case 'part':
    case 'graveyard':
      await pace.take(1);
      pace.owe((await folds.delete(account, item)) - 1);
  }
}

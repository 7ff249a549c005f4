/** Undeletes in one account, record by record: each is decided on the account as the one before it has left it. */
import {
  type UndeleteRequest,
  type Undeleted,
  decideUndelete,
} from '../../shared/account/decide-undelete.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import { type JournalRecord, isEmptied } from '../../shared/account/record.ts';
import {
  type WholeState,
  type WholeStateDeps,
  commitOnWholeState,
} from '../../shared/account/whole-state.ts';

/** What stands below the checkpoint and is not emptied, as far back as it runs without a gap. */
export async function coveredRecords(
  journal: JournalStore,
  account: AccountId,
  { opening: { base } }: WholeState,
): Promise<readonly JournalRecord[]> {
  const entries = await journal.after(account, base.emptiedTo, 'eventual');
  const covered: JournalRecord[] = [];
  for (const entry of entries) {
    if (entry.number > base.state.number) break;
    if (isEmptied(entry)) covered.length = 0;
    else covered.push(entry);
  }
  return covered;
}

/** Brings back what `request` asks for; what was purged meanwhile does not come back. `opened`: the account a moment ago. */
export async function undeleteAccount(
  deps: WholeStateDeps,
  account: AccountId,
  request: UndeleteRequest,
  opened: WholeState,
): Promise<Undeleted> {
  const decide = (now: WholeState) => decideUndelete(now, request);
  let { value: last, whole } = await commitOnWholeState(deps, account, decide, opened);
  let sum = last;
  while (last.more) {
    ({ value: last, whole } = await commitOnWholeState(deps, account, decide, whole));
    sum = {
      ...sum,
      restored: sum.restored + last.restored,
      bytes: sum.bytes + last.bytes,
      mailboxes: [...new Set([...sum.mailboxes, ...last.mailboxes])],
    };
  }
  return sum;
}

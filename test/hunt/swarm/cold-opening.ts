/** Whether whoever opens the account now, from checkpoint and tail, has what replaying every record gives. */
import { isDeepStrictEqual } from 'node:util';
import { apply } from '../../../shared/account/apply.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { JournalStore } from '../../../shared/account/journal-store.ts';
import { columnsAtCheckpoint, openAccount } from '../../../shared/account/opening.ts';
import { type AccountState, type Mailbox, withAllColumns } from '../../../shared/account/state.ts';
import { ensure } from '../violation.ts';

export async function compareColdOpening(
  journal: JournalStore,
  account: AccountId,
  replayed: AccountState,
): Promise<void> {
  const opening = await openAccount(journal, account);
  const { base, tail } = opening;
  const columns = await columnsAtCheckpoint(journal, account, opening, [...base.state.mailboxes.keys()]);
  ensure(columns !== null, () => 'the segments of the checkpoint are not there');
  let state = withAllColumns(base.state, columns);
  for (const record of tail)
    state = apply(state, record, (divergence) =>
      ensure(false, () => `the checkpoint diverges from the tail: ${JSON.stringify(divergence)}`),
    );
  ensure(
    isDeepStrictEqual(headOf(state), headOf(replayed)),
    () => `opened ${JSON.stringify(headOf(state))}\nreplayed ${JSON.stringify(headOf(replayed))}`,
  );
  for (const mailbox of replayed.mailboxes.values()) {
    const opened = rowsOf(state.mailboxes.get(mailbox.id));
    const wanted = rowsOf(mailbox);
    const at = wanted.findIndex((row, index) => row !== opened[index]);
    ensure(
      at < 0 && opened.length === wanted.length,
      () =>
        `${mailbox.name}: opened ${opened[at] ?? `${opened.length} rows`}, replayed ${wanted[at] ?? `${wanted.length} rows`}`,
    );
  }
}

/** All but the rows. */
function headOf({ mailboxes, subscriptions, ...rest }: AccountState) {
  const list = [...mailboxes.values()].map((mailbox) => ({ ...mailbox, columns: null }));
  return { ...rest, mailboxes: list, subscriptions: [...subscriptions].sort() };
}

/** Summaries lie elsewhere after a fold; everything else stays. */
function rowsOf(mailbox: Mailbox | undefined): string[] {
  const columns = mailbox?.columns;
  if (!columns) return ['not loaded'];
  return Array.from({ length: columns.count }, (_, row) =>
    JSON.stringify({ ...columns.row(row), summary: null }),
  );
}

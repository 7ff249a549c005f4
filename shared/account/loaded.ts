/** Which mailboxes' messages a replica holds, and which it needs. */
import type { MailboxId } from './ids.ts';
import type { Op } from './ops.ts';
import type { JournalRecord } from './record.ts';
import type { AccountState } from './state.ts';

/** Columns that were loaded are still right where the two states stand at the same record. */
export function keepingColumns(opened: AccountState, before: AccountState): AccountState {
  return opened.number === before.number ? before : opened;
}

/** Which of `mailboxes` exist and are not loaded. */
export function unloaded(state: AccountState, mailboxes: readonly MailboxId[]): readonly MailboxId[] {
  return mailboxes.filter((id) => state.mailboxes.has(id) && !state.mailboxes.get(id)?.columns);
}

/** The source of a copy into a loaded mailbox: without its rows, the target's would have to be loaded anew. */
export function sourceOfLoaded(state: AccountState, op: Op): readonly MailboxId[] {
  const copies = op.op === 'copy' || op.op === 'move';
  return copies && state.mailboxes.get(op.to)?.columns && !state.mailboxes.get(op.from)?.columns
    ? [op.from]
    : [];
}

/** `mailboxes`, and every mailbox from which rows came to them in `tail`, however indirectly. */
export function tiedTo(
  mailboxes: readonly MailboxId[],
  tail: readonly JournalRecord[],
): ReadonlySet<MailboxId> {
  const tied = new Set(mailboxes);
  for (let record = tail.length - 1; record >= 0; record--) {
    const ops = tail[record]?.ops ?? [];
    for (let index = ops.length - 1; index >= 0; index--) {
      const op = ops[index];
      if ((op?.op === 'copy' || op?.op === 'move') && tied.has(op.to)) tied.add(op.from);
    }
  }
  return tied;
}

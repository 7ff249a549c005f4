/** Which mailboxes must be loaded before records are applied. */
import { type Visit, apply } from './apply.ts';
import type { MailboxId } from './ids.ts';
import type { Op } from './ops.ts';
import type { JournalRecord } from './record.ts';
import { type AccountState, resolveTarget } from './state.ts';

/** The mailboxes of `state` whose messages `tail` reads or changes, however indirectly. */
export function touchedBy(state: AccountState, tail: readonly JournalRecord[]): readonly MailboxId[] {
  const touched = new Set<MailboxId | undefined>();
  const visit: Visit = (before, op) => {
    for (const id of mailboxesOf(before, op)) touched.add(id);
  };
  let next = state;
  for (const record of tail) next = apply(next, record, undefined, visit);
  return [...state.mailboxes.keys()].filter((id) => touched.has(id));
}

function mailboxesOf(state: AccountState, op: Op): readonly (MailboxId | undefined)[] {
  switch (op.op) {
    case 'append':
      return [resolveTarget(state, op.to)?.id];
    case 'flags':
    case 'expunge':
    case 'delete':
    case 'mend':
      return [op.mailbox];
    case 'pack':
      return op.mailboxes;
    case 'copy':
    case 'move':
      return [op.from, op.to];
    case 'restore':
      return [op.to];
    case 'create':
    case 'rename':
    case 'subscribe':
    case 'unsubscribe':
    case 'recent':
    case 'epoch':
    case 'annotate':
    case 'acl':
    case 'seen':
    case 'purge':
    case 'policy':
      return [];
  }
}

/** Mailboxes that recovered messages arrived in, and that are not there: they are made again, under their names. */
import { applyOp } from '../../shared/account/apply.ts';
import { decideCreate } from '../../shared/account/decide-mailboxes.ts';
import type { RecordNumber } from '../../shared/account/ids.ts';
import { MailboxRefusal } from '../../shared/account/mailbox-names.ts';
import type { Op } from '../../shared/account/ops.ts';
import { type AccountState, mailboxNamed } from '../../shared/account/state.ts';
import type { Recovered } from './recover.ts';

export interface Making {
  readonly ops: readonly Op[];
  /** After them. */
  readonly state: AccountState;
}

/** `now`: milliseconds since the epoch; no UIDVALIDITY is below it. */
export function makeMailboxes(
  recovered: readonly Pick<Recovered, 'name'>[],
  before: AccountState,
  now: number,
): Making {
  let state = before;
  const ops: Op[] = [];
  for (const { name } of recovered) {
    if (name === null || mailboxNamed(state, name)) continue;
    for (const op of creating(state, name, now)) {
      state = applyOp(state, op, {
        record: (before.number + 1) as RecordNumber,
        index: ops.length,
        saved: Math.floor(now / 1000),
      });
      ops.push(op);
    }
  }
  return { ops, state };
}

/** None for a name that no mailbox may have: its messages go to INBOX. */
function creating(state: AccountState, name: string, now: number): readonly Op[] {
  try {
    return decideCreate(state, name, now).ops;
  } catch (error) {
    if (error instanceof MailboxRefusal) return [];
    throw error;
  }
}

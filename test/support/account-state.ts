/** States of accounts for tests of decisions: what a record of ops makes of one. */
import { applyOp } from '../../shared/account/apply.ts';
import { firstOps } from '../../shared/account/decide-mailboxes.ts';
import type { RecordNumber } from '../../shared/account/ids.ts';
import type { Op } from '../../shared/account/ops.ts';
import { type AccountState, EMPTY_STATE, type Mailbox, mailboxNamed } from '../../shared/account/state.ts';

/** Milliseconds since the epoch. */
export const NOW = 1_700_000_000_000;

/** The state after one record that holds `ops`; a divergence is an error. */
export function after(state: AccountState, ops: readonly Op[]): AccountState {
  const number = (state.number + 1) as RecordNumber;
  let next = state;
  ops.forEach((op, index) => {
    next = applyOp(next, op, { record: number, index, saved: NOW / 1000 }, (divergence) => {
      throw new Error(`divergence: ${JSON.stringify(divergence)}`);
    });
  });
  return { ...next, number };
}

export const fresh = (): AccountState => after(EMPTY_STATE, firstOps(NOW));

export function mailboxOf(state: AccountState, name: string): Mailbox {
  const mailbox = mailboxNamed(state, name);
  if (!mailbox) throw new Error(`there is no mailbox ${name} in this state`);
  return mailbox;
}

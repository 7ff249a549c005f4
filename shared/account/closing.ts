/**
 * Closing an account for good. A record says that the delay is over, and is decided like any purge: a hold, or a change of
 * mind, that came first stops it; whatever comes after it finds the account closed. From then on nobody commits anything
 * to it, and what it has may go.
 *
 * What stays is a tombstone in the place of the checkpoint: the number of the last record, and that the account is closed.
 * Whoever still knows the account opens it, and finds no mailbox; its id is never used again.
 */
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts';
import type { MailboxId } from './ids.ts';
import { EMPTY_CHECKPOINT } from './opening.ts';
import type { Decision } from './commit-request.ts';
import { type AccountState, EMPTY_STATE } from './state.ts';
import type { Policy } from './policy.ts';
import type { WholeState } from './whole-state.ts';

/** `now`: milliseconds since the epoch. */
export function closingIsDue({ hold, closing, closed }: Policy, now: number): boolean {
  return !closed && !hold && closing !== null && closing <= now;
}

/** Value: whether the account is closed for good. */
export function decideClosed({ state }: WholeState, now: number): Decision<boolean> {
  if (state.policy.closed) return { ops: [], value: true };
  if (!closingIsDue(state.policy, now)) return { ops: [], value: false };
  return { ops: [{ op: 'policy', change: { closed: true } }], value: true };
}

/** Whether the checkpoint is a tombstone. */
export function isTombstone({ state }: Checkpoint): boolean {
  return state.policy.closed && state.mailboxes.size === 0;
}

/**
 * The bytes of the root that stands for a closed account. `state`: after its newest record; `mailboxes`: whose segments are
 * to be looked for once more.
 */
export function tombstone(
  state: AccountState,
  mailboxes: readonly MailboxId[],
  fold: string,
  time: number,
): Uint8Array {
  const { number, nextMailbox, lastUidValidity, policy, epochAt } = state;
  const left: AccountState = { ...EMPTY_STATE, number, nextMailbox, lastUidValidity, policy, epochAt };
  const segments = new Map(mailboxes.map((mailbox) => [mailbox, []]));
  return encodeCheckpoint({ ...EMPTY_CHECKPOINT, fold, time, state: left, segments, emptiedTo: number }).root;
}

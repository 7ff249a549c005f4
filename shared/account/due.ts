/**
 * When an account is to be looked at next, for what time alone makes due: the end of a grace, of a retention, of a
 * closing's delay, and now and then a sweep. Work is asked for by days, in UTC: what is due in the course of a day is
 * done on the next.
 *
 * Every account has a day in each period of 30 on which it is looked at in any case, and swept. It is the account's own,
 * so that all folds of a period ask for the same day, and accounts are spread over the days.
 */
import type { BuriedRow } from './graveyard.ts';
import type { AccountId } from './ids.ts';
import { DAY_SECONDS, retentionOf } from './policy.ts';
import type { AccountState } from './state.ts';

/** Days since 1 January 1970, UTC. */
export type Day = number;

/** What was expunged can be brought back for so long, unless the installation says otherwise. */
export const GRACE_DAYS = 7;
export const GRACE_SECONDS = GRACE_DAYS * DAY_SECONDS;

export const PERIOD_DAYS = 30;

export const dayOf = (seconds: number): Day => Math.floor(seconds / DAY_SECONDS);

/** Whether the account is swept on that day. */
export function isSweepDay(account: AccountId, day: Day): boolean {
  return day % PERIOD_DAYS === Number.parseInt(account.slice(0, 6), 16) % PERIOD_DAYS;
}

function nextSweepDay(account: AccountId, after: Day): Day {
  let day = after + 1;
  while (!isSweepDay(account, day)) day++;
  return day;
}

export interface Looked {
  readonly state: AccountState;
  /** Rows that have left and may be purged one day, as far as they are at hand. */
  readonly buried: readonly BuriedRow[];
  /** Seconds since the epoch. */
  readonly now: number;
  /** Seconds. */
  readonly grace: number;
}

/** The day on which the account is to be looked at next; always after today. */
export function nextDueDay(account: AccountId, looked: Looked): Day {
  const today = dayOf(looked.now);
  const sweep = nextSweepDay(account, today);
  const { policy } = looked.state;
  // A hold ends by a command, which asks for the work that has gathered.
  if (policy.hold) return sweep;
  let first = policy.closing === null ? Infinity : policy.closing / 1000;
  for (const { expunged } of looked.buried) first = Math.min(first, expunged + looked.grace);
  for (const mailbox of looked.state.mailboxes.values()) {
    const days = retentionOf(policy, mailbox);
    if (days === null) continue;
    // Into an empty mailbox a message may come at any moment.
    let oldest = looked.now;
    const { columns } = mailbox;
    for (let row = 0; columns && row < columns.count; row++)
      oldest = Math.min(oldest, columns.saved[row] as number);
    first = Math.min(first, oldest + days * DAY_SECONDS);
  }
  return Math.max(today + 1, Math.min(sweep, first === Infinity ? sweep : dayOf(first) + 1));
}

/**
 * One run of the expunge function: takes the accounts whose day has come, looks after each, and asks for the day on which
 * it is due next. It looks at no account that nothing is due for.
 *
 * The next day is asked for before this one is done with. A function may die anywhere: its lease runs out, and the next
 * run looks after the account again, which does the same to the same end.
 */
import { type Day, dayOf, isSweepDay } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { AccountMissingError } from '../../shared/account/opening.ts';
import type { DueAccount, DynamoDbCalendar } from '../../shared/aws/dynamodb-calendar.ts';
import type { DynamoDbWorkItems } from '../../shared/aws/work-items.ts';
import type { Log } from '../../shared/log.ts';
import { inParallel } from '../../shared/parallel.ts';
import type { CloseOutcome } from './close.ts';
import { type AccountReport, type ExpungeAccountDeps, expungeAccount } from './expunge-account.ts';

/** As long as a Lambda may run: nobody can take over the work of a function that lives. */
export const LEASE_MS = 900_000;
/** Each opens whole accounts, the large ones with some hundred megabytes. */
const CONCURRENT_ACCOUNTS = 2;

export interface ExpungeDeps extends ExpungeAccountDeps {
  readonly calendar: Pick<DynamoDbCalendar, 'leave' | 'due' | 'take' | 'finish' | 'release'>;
  /** Where work for the compaction is left. */
  readonly work: Pick<DynamoDbWorkItems, 'leave'>;
  readonly log: Log;
  /** Closes an account whose time has come; a test may do without. */
  readonly close?: (account: AccountId, until: number) => Promise<CloseOutcome>;
}

/** What was being written while an account was closed is done by then. */
const AGAIN_AFTER_DAYS = 2;

export interface ExpungeReport {
  /** Accounts that were looked after. */
  readonly accounts: number;
  readonly expired: number;
  readonly purged: number;
  readonly swept: number;
  /** Accounts of which everything went, because their closing was due. */
  readonly closed: number;
  /** Accounts at which something failed, to be tried again when the lease has run out. */
  readonly failed: number;
  /** Accounts that the time did not suffice for, or that another function is at. */
  readonly left: number;
}

/** Does what is due today or was due before; begins with no account after `until` (milliseconds since the epoch). */
export async function expunge(deps: ExpungeDeps, until: number): Promise<ExpungeReport> {
  const { calendar, rim } = deps;
  const today = dayOf(rim.now() / 1000);
  const report = { accounts: 0, expired: 0, purged: 0, swept: 0, closed: 0, failed: 0, left: 0 };
  // An account may have been asked for on several days: the first finds all that is due.
  await inParallel(byAccount(await calendar.due(today, rim.now())), CONCURRENT_ACCOUNTS, async (days) => {
    for (const due of days) {
      const outcome = await lookAfter(deps, due, today, until);
      if (typeof outcome === 'string') {
        report[outcome]++;
        continue;
      }
      report.accounts++;
      report.expired += outcome.expired;
      report.purged += outcome.purged;
      report.swept += outcome.swept;
      if (outcome.closed) report.closed++;
    }
  });
  return report;
}

function byAccount(due: readonly DueAccount[]): (readonly DueAccount[])[] {
  const days = new Map<AccountId, DueAccount[]>();
  for (const each of due) days.set(each.account, [...(days.get(each.account) ?? []), each]);
  return [...days.values()];
}

async function lookAfter(
  deps: ExpungeDeps,
  due: DueAccount,
  today: Day,
  until: number,
): Promise<Visited | 'failed' | 'left'> {
  const { calendar, rim, log } = deps;
  const { account } = due;
  const now = rim.now();
  if (now >= until) return 'left';
  try {
    const lease = { holder: rim.randomHex(12), now, until: now + LEASE_MS };
    const taken = await calendar.take(due, lease);
    if (!taken) return 'left';
    const report = await visitOrMissing(deps, due, today, until);
    await calendar.finish(taken);
    return report ?? 'left';
  } catch (error) {
    log.error({ account, err: error }, 'expunge failed; it is tried again when its lease has run out');
    return 'failed';
  }
}

export interface Visit {
  readonly sweep: boolean;
  /** The day that is asked for if time does not suffice. */
  readonly again: Day;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface Visited extends AccountReport {
  /** All that the account had is gone. */
  readonly closed: boolean;
}

/** Looks after one account, closes it if that is due, and asks for the day on which it is due next. */
export async function visitAccount(
  deps: ExpungeDeps,
  account: AccountId,
  { sweep, again, until }: Visit,
): Promise<Visited> {
  const { calendar, log } = deps;
  const report = await expungeAccount(deps, account, { sweep, until });
  log.info({ account, ...report }, 'expunge');
  const closing = report.closing ? await closed(deps, account, until) : undefined;
  if (closing === undefined && report.rested) await deps.work.leave('pack', account);
  const next = closing === undefined ? (report.finished ? report.next : again) : closing.next;
  if (next !== null) await calendar.leave(account, next);
  return { ...report, closed: closing?.done ?? false };
}

/** Whether all is gone, and the day on which the closing goes on; null: never. Undefined: it is none. */
async function closed(
  deps: ExpungeDeps,
  account: AccountId,
  until: number,
): Promise<{ readonly done: boolean; readonly next: Day | null } | undefined> {
  const outcome = await deps.close?.(account, until);
  const today = dayOf(deps.rim.now() / 1000);
  if (outcome !== undefined) deps.log.info({ account, outcome }, 'closing');
  switch (outcome) {
    case 'unfinished':
      return { done: false, next: today };
    case 'closed':
      return { done: true, next: today + AGAIN_AFTER_DAYS };
    case 'gone':
      return { done: true, next: null };
    case 'open':
    case undefined:
      return undefined;
  }
}

/** Null, and no further day: work for an account that is not there would come up in every run for ever. */
async function visitOrMissing(
  deps: ExpungeDeps,
  { account, day }: DueAccount,
  today: Day,
  until: number,
): Promise<Visited | null> {
  const sweep = isSweepDay(account, day);
  try {
    // What was not finished goes on in the next run, a sweep under its own day.
    return await visitAccount(deps, account, { sweep, again: sweep ? day : today, until });
  } catch (error) {
    if (!(error instanceof AccountMissingError)) throw error;
    deps.log.error({ account, err: error }, 'a day of an account that is missing; dropped');
    return null;
  }
}

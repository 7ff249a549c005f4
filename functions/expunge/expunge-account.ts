/**
 * Looks after one account: what policy does not keep any longer is expunged, what was expunged and whose grace is over is
 * purged. Each step is decided anew on the newest state, so a death between any two calls leaves what is still to be
 * done to the next run, which finds it.
 */
import { closingIsDue } from '../../shared/account/closing.ts';
import { decideRetention, mayDelete } from '../../shared/account/decide-purge.ts';
import { type Day, nextDueDay } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { hasRested } from '../../shared/account/pack-plan.ts';
import { commitOnWholeState, openWholeState } from '../../shared/account/whole-state.ts';
import { KEEP_MS } from '../compact/retire.ts';
import { type PurgeDeps, purgeAccount } from './purge.ts';
import { type SweepDeps, sweepAccount } from './sweep.ts';

export type ExpungeAccountDeps = PurgeDeps & SweepDeps;

export interface AccountReport {
  /** Messages that went by retention. */
  readonly expired: number;
  /** Messages that went for good. */
  readonly purged: number;
  /** Objects and items that nothing named. */
  readonly swept: number;
  /** A legal hold stands: nothing was touched. */
  readonly held: boolean;
  /** False: time was up, and there may be more to do now. */
  readonly finished: boolean;
  /** Whether it has lain there long enough for the compaction to have work, though nobody writes to it. */
  readonly rested: boolean;
  /** The account is closed, or is to be: the rest is `close.ts`'s. */
  readonly closing: boolean;
  /** When the account is to be looked at next. */
  readonly next: Day;
}

export interface LookingAfter {
  /** It is the day of the account's sweep. */
  readonly sweep?: boolean;
  /** No step is begun after that, milliseconds since the epoch. */
  readonly until?: number;
}

/** Does what is due. */
export async function expungeAccount(
  deps: ExpungeAccountDeps,
  account: AccountId,
  { sweep = false, until = Infinity }: LookingAfter = {},
): Promise<AccountReport> {
  const { rim } = deps;
  const now = (): number => Math.floor(rim.now() / 1000);
  let whole = await openWholeState(deps, account);
  const held = !mayDelete(whole.state.policy);
  let expired = 0;
  if (decideRetention(whole, now()).ops.length > 0) {
    const decide = (current: typeof whole) => decideRetention(current, now());
    const committed = await commitOnWholeState(deps, account, decide, whole);
    expired = committed.value;
    ({ whole } = committed);
  }
  const purge = await purgeAccount(deps, account, whole, until);
  const { purged, finished: done } = purge;
  ({ whole } = purge);
  const { swept, finished } =
    sweep && done && !held ? await sweepAccount(deps, account, whole, until) : { swept: 0, finished: done };
  const looked = { state: whole.state, buried: whole.buried, now: now(), grace: deps.graceSeconds };
  const rested = hasRested(whole, rim.now(), KEEP_MS);
  const { policy } = whole.state;
  const closing = policy.closed || closingIsDue(policy, rim.now());
  const next = nextDueDay(account, looked);
  return { expired, purged, swept, held, finished, rested, closing, next };
}

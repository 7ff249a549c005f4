/**
 * Looks after one account: what policy does not keep any longer is expunged, what was expunged and whose grace is over is
 * purged. Each step is decided anew on the newest state, so a death between any two calls leaves what is still to be
 * done to the next run, which finds it.
 */
import { decideRetention, mayDelete } from '../../shared/account/decide-purge.ts';
import { type Day, nextDueDay } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { hasRested } from '../../shared/account/pack-plan.ts';
import { commitOnWholeState, openWholeState } from '../../shared/account/whole-state.ts';
import { KEEP_MS } from '../compact/retire.ts';
import { type PurgeDeps, purgeAccount } from './purge.ts';

export type ExpungeAccountDeps = PurgeDeps;

export interface AccountReport {
  /** Messages that went by retention. */
  readonly expired: number;
  /** Messages that went for good. */
  readonly purged: number;
  /** A legal hold stands: nothing was touched. */
  readonly held: boolean;
  /** False: time was up, and there may be more to do now. */
  readonly finished: boolean;
  /** Whether it has lain there long enough for the compaction to have work, though nobody writes to it. */
  readonly rested: boolean;
  /** When the account is to be looked at next. */
  readonly next: Day;
}

/** Does what is due. No step is begun after `until` (milliseconds since the epoch). */
export async function expungeAccount(
  deps: ExpungeAccountDeps,
  account: AccountId,
  until = Infinity,
): Promise<AccountReport> {
  const { rim } = deps;
  const now = (): number => Math.floor(rim.now() / 1000);
  let whole = await openWholeState(deps, account);
  const held = !mayDelete(whole.state.policy);
  let expired = 0;
  if (decideRetention(whole, now()).ops.length > 0) {
    const decide = (current: typeof whole) => decideRetention(current, now());
    expired = (await commitOnWholeState(deps, account, decide)).value;
    whole = await openWholeState(deps, account);
  }
  const { purged, finished } = await purgeAccount(deps, account, whole, until);
  if (purged > 0) whole = await openWholeState(deps, account);
  const looked = { state: whole.state, buried: whole.buried, now: now(), grace: deps.graceSeconds };
  const rested = hasRested(whole, rim.now(), KEEP_MS);
  return { expired, purged, held, finished, rested, next: nextDueDay(account, looked) };
}

/** Everything that the compaction does for one account: fold it and merge old summaries, look through it for what is to be packed, fold that. */
import type { AccountId } from '../../shared/account/ids.ts';
import { type FoldDeps, type FoldResult, foldAccount } from './fold-account.ts';
import { type PackDeps, type PackReport, packAccount } from './pack-account.ts';

export type CompactAccountDeps = FoldDeps & PackDeps;

export interface CompactedAccount {
  /** What was above the checkpoint, or old enough to go. */
  readonly fold: FoldResult;
  readonly pack: PackReport;
}

/**
 * Begins nothing after `until` (milliseconds since the epoch). It may die between any two calls: each step leaves an
 * account that is whole, and the next run goes on from there.
 */
export async function compactAccount(
  deps: CompactAccountDeps,
  account: AccountId,
  until = Infinity,
): Promise<CompactedAccount> {
  const fold = await foldAccount(deps, account, until, { idle: true, merge: true });
  const pack = await packAccount(deps, account, until);
  // Soon, for the old objects go a day after that.
  if (pack.packs + pack.replaced > 0) await foldAccount(deps, account, until);
  return { fold, pack };
}

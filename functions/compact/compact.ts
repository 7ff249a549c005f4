/**
 * One run of the compaction: takes the work items that commits have left, folds their accounts, and is done. It looks at
 * no account that has no work.
 *
 * A function may die anywhere: its lease runs out, and the next run does the work again.
 */
import { AccountMissingError } from '../../shared/account/opening.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { DynamoDbWorkItems } from '../../shared/aws/work-items.ts';
import type { Log } from '../../shared/log.ts';
import { inParallel } from '../../shared/parallel.ts';
import { type FoldDeps, type FoldResult, foldAccount } from './fold-account.ts';

/** As long as a Lambda may run: nobody can take over the work of a function that lives. */
export const LEASE_MS = 900_000;
/** Folds mostly wait for DynamoDB, and each paces its own writes. */
const CONCURRENT_FOLDS = 4;

export interface CompactDeps extends FoldDeps {
  readonly work: Pick<DynamoDbWorkItems, 'list' | 'take' | 'finish' | 'release'>;
  readonly log: Log;
}

export interface CompactReport {
  readonly folded: number;
  /** Accounts that had nothing to fold any more, or whose fold another came before. */
  readonly idle: number;
  /** Accounts whose fold failed, to be tried again when the lease has run out. */
  readonly failed: number;
  /** Accounts that the time did not suffice for, or that another function is at. */
  readonly left: number;
}

/** Folds what is due; begins no fold after `until` (milliseconds since the epoch). */
export async function compact(deps: CompactDeps, until: number): Promise<CompactReport> {
  const { work, rim } = deps;
  const accounts = await work.list('compact', rim.now());
  const counts = { folded: 0, idle: 0, failed: 0, left: 0 };
  await inParallel(accounts, CONCURRENT_FOLDS, async (account) => {
    counts[await compactOne(deps, account, until)]++;
  });
  return counts;
}

async function compactOne(
  deps: CompactDeps,
  account: AccountId,
  until: number,
): Promise<keyof CompactReport> {
  const { work, rim, log } = deps;
  const now = rim.now();
  if (now >= until) return 'left';
  try {
    const holder = rim.randomHex(12);
    const taken = await work.take('compact', account, { holder, now, until: now + LEASE_MS });
    if (!taken) return 'left';
    const result = await foldOrMissing(deps, account, until);
    log.info({ account, ...result }, 'fold');
    // Who lost to another fold cannot know that it reached as far.
    if (result.kind === 'lost') await work.release(taken);
    else await work.finish(taken);
    return result.kind === 'folded' ? 'folded' : 'idle';
  } catch (error) {
    log.error({ account, err: error }, 'fold failed; it is tried again when its lease has run out');
    return 'failed';
  }
}

/** Work for an account that is not there would come up in every run for ever. */
async function foldOrMissing(deps: CompactDeps, account: AccountId, until: number): Promise<FoldResult> {
  try {
    return await foldAccount(deps, account, until);
  } catch (error) {
    if (!(error instanceof AccountMissingError)) throw error;
    deps.log.error({ account, err: error }, 'work for an account that is missing; dropped');
    return { kind: 'nothing' };
  }
}

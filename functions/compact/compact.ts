/**
 * One run of the compaction: takes the work items that commits and folds have left, folds and packs their accounts, and is
 * done. It looks at no account that has no work.
 *
 * A function may die anywhere: its lease runs out, and the next run does the work again.
 */
import { dayOf } from '../../shared/account/due.ts';
import { AccountMissingError } from '../../shared/account/opening.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { WorkKind } from '../../shared/aws/keys.ts';
import type { DynamoDbWorkItems } from '../../shared/aws/work-items.ts';
import type { Log } from '../../shared/log.ts';
import { inParallel } from '../../shared/parallel.ts';
import { type CompactAccountDeps, compactAccount } from './compact-account.ts';
import { foldAccount } from './fold-account.ts';
import { Room } from './room.ts';

/** As long as a Lambda may run: nobody can take over the work of a function that lives. */
export const LEASE_MS = 900_000;
/** Folds mostly wait for DynamoDB, and each paces its own writes. Of large accounts as many as there is room for. */
const CONCURRENT_FOLDS = 4;
/** Each holds some packs of 16 MB, and every message's row of an account. */
const CONCURRENT_PACKINGS = 1;

export interface CompactDeps extends CompactAccountDeps {
  readonly work: Pick<DynamoDbWorkItems, 'list' | 'take' | 'finish' | 'release' | 'leave'>;
  readonly log: Log;
}

export interface CompactReport {
  readonly folded: number;
  /** Accounts that were looked through for what may be packed. */
  readonly packed: number;
  /** Accounts that had nothing to fold any more, or whose fold another came before. */
  readonly idle: number;
  /** Accounts whose fold or packing failed, to be tried again when the lease has run out. */
  readonly failed: number;
  /** Accounts that the time did not suffice for, or that another function is at. */
  readonly left: number;
}

/** What became of one item of work; `again`: it stays, free to be taken. */
interface Done {
  readonly counts: keyof CompactReport;
  readonly again: boolean;
}

/** Does what is due; begins nothing after `until` (milliseconds since the epoch). */
export async function compact(deps: CompactDeps, until: number): Promise<CompactReport> {
  const { work, rim } = deps;
  const counts = { folded: 0, packed: 0, idle: 0, failed: 0, left: 0 };
  const sharing = { ...deps, room: deps.room ?? new Room() };
  const run = async (kind: WorkKind, width: number, job: typeof fold): Promise<void> => {
    await inParallel(await work.list(kind, rim.now()), width, async (account) => {
      counts[await doOne(sharing, kind, account, until, job)]++;
    });
  };
  await run('compact', CONCURRENT_FOLDS, fold);
  await run('pack', CONCURRENT_PACKINGS, pack);
  return counts;
}

async function doOne(
  deps: CompactDeps,
  kind: WorkKind,
  account: AccountId,
  until: number,
  job: (deps: CompactDeps, account: AccountId, until: number) => Promise<Done>,
): Promise<keyof CompactReport> {
  const { work, rim, log } = deps;
  const now = rim.now();
  if (now >= until) return 'left';
  try {
    const holder = rim.randomHex(12);
    const taken = await work.take(kind, account, { holder, now, until: now + LEASE_MS });
    if (!taken) return 'left';
    const { counts, again } = await orMissing(deps, account, () => job(deps, account, until));
    if (again) await work.release(taken);
    else await work.finish(taken);
    return counts;
  } catch (error) {
    log.error(
      { account, kind, err: error },
      'compaction failed; it is tried again when its lease has run out',
    );
    return 'failed';
  }
}

async function fold(deps: CompactDeps, account: AccountId, until: number): Promise<Done> {
  const result = await foldAccount(deps, account, until);
  deps.log.info({ account, ...result }, 'fold');
  if (result.kind === 'folded' && result.packing) await deps.work.leave('pack', account);
  // Who lost to another fold cannot know that it reached as far.
  return { counts: result.kind === 'folded' ? 'folded' : 'idle', again: result.kind === 'lost' };
}

async function pack(deps: CompactDeps, account: AccountId, until: number): Promise<Done> {
  const result = await compactAccount(deps, account, until);
  deps.log.info({ account, ...result.pack }, 'packing');
  // What that superseded may go in a day, whether or not anybody writes until then.
  if (result.pack.packs + result.pack.replaced > 0)
    await deps.calendar?.leave(account, dayOf(deps.rim.now() / 1000) + 2);
  return { counts: 'packed', again: result.pack.more };
}

/** Work for an account that is not there would come up in every run for ever. */
async function orMissing(deps: CompactDeps, account: AccountId, job: () => Promise<Done>): Promise<Done> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof AccountMissingError)) throw error;
    deps.log.error({ account, err: error }, 'work for an account that is missing; dropped');
    return { counts: 'idle', again: false };
  }
}

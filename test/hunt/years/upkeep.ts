/** The scheduled functions, and what the stores do by themselves. */
import { compact } from '../../../functions/compact/compact.ts';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import type { FoldLimits } from '../../../shared/account/fold.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { SILENT } from './gateway.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** What Lambda gives a function. */
const RUN_MS = 840_000;

/** What the compaction works with in `process`. */
function foldDeps(world: World, process: SimulatedProcess, limits: FoldLimits) {
  const { client, retry, rim } = process;
  const summaries = world.messages(process);
  return {
    journal: new DynamoDbJournalStore(client, 'mail', retry),
    folds: new DynamoDbFoldStore(client, 'mail', retry),
    summaries,
    packs: summaries.packs,
    rim,
    limits,
    report: (account: AccountId, what: object) => {
      throw new Violation(`I8: a record of account ${account} diverges in a fold: ${JSON.stringify(what)}`);
    },
  };
}

/** A run of the compaction: what commits have asked for. */
export async function runCompaction(
  world: World,
  process: SimulatedProcess,
  limits: FoldLimits,
): Promise<string> {
  const { client, retry, rim } = process;
  const work = new DynamoDbWorkItems(client, 'mail', retry);
  const deps = { ...foldDeps(world, process, limits), work, log: SILENT };
  return JSON.stringify(await compact(deps, rim.now() + RUN_MS));
}

/** A fold by hand, of an account that may have little to fold: most are younger than what makes one due. */
export async function foldByHand(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
  limits: FoldLimits,
): Promise<string> {
  const result = await foldAccount(foldDeps(world, process, limits), account, process.rim.now() + RUN_MS);
  return `${account.slice(0, 4)}: ${JSON.stringify(result)}`;
}

/** TTL takes some of what has expired, in any order. */
export function takeExpired(world: World, draw: Draw): string {
  const expired = world.table.expired(world.turns.now);
  const taken = draw.some(expired, 1 + draw.below(expired.length + 1));
  for (const key of draw.shuffled(taken)) world.table.expire(key);
  return `TTL takes ${taken.length} of ${expired.length}`;
}

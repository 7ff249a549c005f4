/**
 * The table is lost, and put back as it was some time ago, as the operator does it: what writes is stopped, objects that were
 * deleted since come back, and in each account a new epoch begins before anybody is served (`functions/check/begin-epoch.ts`).
 * Some gateways are not stopped: they know a time that never was, as far as the fence reaches.
 */
import { beginEpoch } from '../../../functions/check/begin-epoch.ts';
import { mendAccount } from '../../../functions/check/mend-account.ts';
import type { FoldLimits } from '../../../shared/account/fold.ts';
import { dayOf } from '../../../shared/account/due.ts';
import type { AccountId, BlobId, RecordNumber } from '../../../shared/account/ids.ts';
import { accountKeys } from '../../../shared/aws/keys.ts';
import { collected } from '../../../shared/blob/collected.ts';
import type { Draw } from '../draw.ts';
import { Violation, ensure } from '../violation.ts';
import { BAD, FAIR, type SimulatedProcess } from './process.ts';
import type { Stage } from './stage.ts';
import { repairDeps } from './upkeep.ts';
import type { Mark, World } from './world.ts';

const MINUTE_MS = 60_000;
/** Of calls of an epoch that is to die. */
const CALLS_TO_DEATH = 60;
/** Runs that may fail, before the day is good. */
const BAD_RUNS = 5;

/** How long it takes until somebody notices, and has put the table back. */
const RESTORING_MINUTES = 600;

/** So much longer than the second that DynamoDB's own page tells of. */
const BLURRED_MS = 60_000;

/** Resolves with what was done, in words. */
export async function restore(stage: Stage, draw: Draw, limits: FoldLimits): Promise<string> {
  const { world } = stage;
  const { table, turns, witness, post } = world;
  const mark = draw.pick(world.marks);
  if (!mark) return 'there is no backup';
  const lostDays = (turns.now - mark.at) / (1440 * MINUTE_MS);
  const stale = world.gateways.filter(() => draw.chance(0.4));
  for (const gateway of [...world.gateways]) if (!stale.includes(gateway)) world.restart(gateway);
  turns.now += MINUTE_MS * (1 + draw.below(RESTORING_MINUTES));
  table.restore(mark.moment, (pk) => pk.startsWith('key#'));
  witness.restoring = true;
  witness.restored(mark.moment, loseSome(world, draw, mark));
  // A folder has no versions. What was purged in the lost time is gone then, which a check tells, and is no matter of this.
  if (draw.chance(0.6) || hasLostPurges(world))
    world.blobs.putBackSince(mark.at - BLURRED_MS, world.accounts);
  post.restored();
  await learnTexts(stage);
  const asOf = Math.floor(mark.at / 1000) * 1000 - (draw.chance(0.3) ? draw.below(60) * MINUTE_MS : 0);
  for (const account of world.accounts) {
    await begin(stage, draw, account, { asOf, limits });
    ensure(witness.account(account).epoch?.number != null, () => `no epoch has begun in account ${account}`);
  }
  witness.restoring = false;
  for (const gateway of stale) if (!isFenced(world, gateway.replicas)) world.restart(gateway);
  world.marks.splice(0);
  return `the table is as it was ${lostDays.toFixed(2)} days before`;
}

function hasLostPurges({ accounts, witness }: World): boolean {
  const lost = accounts.flatMap((account) => witness.account(account).epoch?.lost ?? []);
  return lost.some(({ ops }) => ops.some((op) => op.op === 'purge' && op.blobs.length > 0));
}

/** A backup is not of one moment to the last item: of what came in its last seconds, some may be missing. */
function loseSome(world: World, draw: Draw, mark: Mark): ReadonlyMap<AccountId, ReadonlySet<number>> {
  const missing = new Map<AccountId, ReadonlySet<number>>();
  for (const account of world.accounts) {
    const { records, checkpoints } = world.witness.account(account);
    const folded = checkpoints.findLast(({ moment }) => moment <= mark.moment)?.number ?? 0;
    const newest = records.filter(({ record, moment, at }) => {
      const isIn = moment <= mark.moment && record.number > Math.max(folded, 1);
      return isIn && at >= mark.at - BLURRED_MS && draw.chance(0.5);
    });
    for (const { record } of newest) {
      const { pk, sk } = accountKeys.record(account, record.number);
      world.table.lose(pk, sk);
    }
    missing.set(account, new Set(newest.map(({ record }) => record.number)));
  }
  return missing;
}

/** An epoch in one account; then what a check finds is mended, as after a death between the epoch's record and its checkpoint. */
async function begin(
  stage: Stage,
  draw: Draw,
  account: AccountId,
  { asOf, limits }: { readonly asOf: number; readonly limits: FoldLimits },
): Promise<void> {
  const { world } = stage;
  await untilDone(stage, draw, async (process) => {
    const deps = repairDeps(world, process, limits);
    const result = await beginEpoch(deps, account, { asOf });
    world.tell(`${process.name} ${account.slice(0, 4)}: ${JSON.stringify(result).slice(0, 200)}`);
    if (result.kind === 'impossible')
      throw new Violation(`no epoch can begin in account ${account}: ${JSON.stringify(result.findings)}`);
    await deps.calendar.leave(account, dayOf(process.rim.now() / 1000));
  });
  await untilDone(stage, draw, async (process) => {
    const { left, done } = await mendAccount(repairDeps(world, process, limits), account);
    world.tell(`${process.name} ${account.slice(0, 4)}: ${done.join('; ')}`);
    const [finding] = left.findings;
    if (finding) throw new Violation(`after a restore and a repair a check finds ${JSON.stringify(finding)}`);
  });
}

/** Again and again, on days that are bad at first, until it has come to its end. */
async function untilDone(
  stage: Stage,
  draw: Draw,
  work: (process: SimulatedProcess) => Promise<void>,
): Promise<void> {
  const end = { reached: false };
  for (let run = 0; !end.reached; run++) {
    const process = stage.world.process('restore');
    const good = run >= BAD_RUNS;
    process.weather = good || draw.chance(0.5) ? FAIR : BAD;
    const when = draw.chance(0.5) ? 'before' : 'after';
    if (!good && draw.chance(0.4)) process.doom({ at: draw.below(CALLS_TO_DEATH), when });
    const working = work(process).then(() => {
      end.reached = true;
    });
    if (good) await stage.whole(working);
    else {
      stage.begin(working);
      await stage.quiet();
    }
  }
}

/** Whether what a gateway knows is no further ahead than the fence reaches: else it would write behind it. */
function isFenced(world: World, replicas: World['gateways'][number]['replicas']): boolean {
  return replicas.every(({ account, current }) => {
    const { last = 0 } = world.witness.account(account).epoch ?? {};
    const number = current?.number ?? 0;
    if (number <= last || !world.accounts.includes(account)) return true;
    const { pk, sk } = accountKeys.record(account, (number + 1) as RecordNumber);
    return world.table.has(pk, sk);
  });
}

/** Of an object whose put was never answered nobody has noted what is in it. */
async function learnTexts(stage: Stage): Promise<void> {
  const { world } = stage;
  const messages = world.messages(world.process('reader'));
  const learn = async (): Promise<void> => {
    for (const account of world.accounts)
      for (const key of world.blobs.objects.keys()) {
        const [kind, id, blob] = key.split('/');
        if (kind !== 'blobs' || id !== account || world.witness.texts.has(blob as BlobId)) continue;
        const place = { blob: blob as BlobId, pack: null };
        world.witness.learn(account, place.blob, await collected(await messages.get(account, place)));
      }
  };
  await stage.whole(learn());
}

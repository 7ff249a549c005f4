/** A good day at the end of a schedule: whatever waits is done, and everything is looked at. */
import type { FoldLimits } from '../../../shared/account/fold.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Draw } from '../draw.ts';
import { ensure } from '../violation.ts';
import { audit, auditClosed, unnamedObjects } from './audit.ts';
import { FAIR } from './process.ts';
import type { Stage } from './stage.ts';
import { expungeByHand, foldByHand, layDown, runExpunge } from './upkeep.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export async function settleAll(stage: Stage, draw: Draw, limits: FoldLimits): Promise<void> {
  const { world } = stage;
  world.turns.drawFrom(draw.fork());
  await settlePost(stage, draw);
  everythingArrived(world);
  // What was put in vain is older than the sweep wants it, and nothing is held any more.
  world.turns.now += 3 * DAY_MS;
  for (const account of world.accounts) await cleanUp(stage, account, limits);
  // A closing is done a second time two days later; a lease of who died meanwhile is over as well.
  for (let round = 0; round < 3; round++) {
    await stage.whole(runExpunge(world, world.process('expunge')));
    world.turns.now += 3 * DAY_MS;
  }
  for (const account of world.closed) await stage.whole(auditClosed(world, account));
  for (const account of world.accounts) await stage.whole(audit(world, account));
  for (const gateway of world.gateways) {
    gateway.process.weather = FAIR;
    gateway.process.doom(null);
    for (const replica of gateway.replicas)
      if (world.accounts.includes(replica.account)) await stage.whole(replica.sync());
  }
}

async function settlePost(stage: Stage, draw: Draw): Promise<void> {
  const { world } = stage;
  const { post, turns } = world;
  for (let round = 0; post.waiting + post.dead.length > 0; round++) {
    ensure(round < 10_000, () => `I7: ${post.waiting} messages are never settled`);
    post.redrive(draw, turns.now);
    turns.now += HOUR_MS;
    post.hurry(turns.now);
    const process = world.process('deliver');
    stage.begin(post.deliver(process, world.messages(process), world.sender, draw, turns.now));
    await stage.quiet();
  }
}

/** Purges and sweeps: what is left then is named. */
async function cleanUp(stage: Stage, account: AccountId, limits: FoldLimits): Promise<void> {
  const { world } = stage;
  const work = async (): Promise<void> => {
    const administrator = world.process('administrator');
    await layDown(world, administrator, account, { hold: false });
    await layDown(world, administrator, account, { closing: null });
    await expungeByHand(world, world.process('expunge'), account);
    await foldByHand(world, world.process('fold'), account, limits);
  };
  await stage.whole(work());
  const { purged, epoch } = world.witness.account(account);
  // What was put back with a backup, because it was deleted just before, is older than the epoch: a sweep leaves it alone.
  const left = [...purged]
    .map((blob) => `blobs/${account}/${blob}`)
    .filter((key) => world.blobs.objects.has(key) && world.blobs.modified(key) >= (epoch?.begun ?? 0));
  ensure(left.length === 0, () => `I5: purged, and never deleted: ${left.join(', ')}`);
  const unnamed = unnamedObjects(world, account);
  ensure(unnamed.length === 0, () => `a sweep has left ${unnamed.join(', ')}`);
}

/**
 * Whoever a message was sent to has it, and inbound is empty (I7), but for what nobody could take and is kept aside; that
 * nobody has it twice was seen before (I6).
 */
function everythingArrived(world: World): void {
  for (const { subject, to } of world.post.sent)
    for (const account of to) {
      const arrived = world.witness.account(account).has(subject);
      const refused = world.post.refused.has(`${subject} ${account}`) && world.post.isAside(subject);
      ensure(arrived || refused, () => `I7: ${subject} never came to ${account}`);
    }
  const left = [...world.inbound.objects.keys()].filter((key) => !key.startsWith('aside/'));
  ensure(left.length === 0, () => `I7: settled, and still in inbound: ${left.join(', ')}`);
}

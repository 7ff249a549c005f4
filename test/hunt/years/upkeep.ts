/** The scheduled functions, and what the stores do by themselves. */
import { compactAccount } from '../../../functions/compact/compact-account.ts';
import { compact } from '../../../functions/compact/compact.ts';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import { closeAccount } from '../../../functions/expunge/close.ts';
import { type ExpungeDeps, expunge, visitAccount } from '../../../functions/expunge/expunge.ts';
import { RESTORED, decideUndelete } from '../../../shared/account/decide-undelete.ts';
import { GRACE_SECONDS, dayOf } from '../../../shared/account/due.ts';
import type { FoldLimits } from '../../../shared/account/fold.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { PolicyOp } from '../../../shared/account/ops.ts';
import type { PackLimits } from '../../../shared/account/pack-plan.ts';
import type { PolicyChange } from '../../../shared/account/policy.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';
import { commitOnWholeState } from '../../../shared/account/whole-state.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import { DynamoDbCalendar } from '../../../shared/aws/dynamodb-calendar.ts';
import { AccountObjects } from '../../../shared/blob/account-objects.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { SILENT } from './gateway.ts';
import { ProcessBlobs, type SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** What Lambda gives a function. */
const RUN_MS = 840_000;

const DAY_MS = 86_400_000;
const LONGEST_CLOSING_DAYS = 30;

/** Small packs of what lies unread for a week, as at the real sizes. */
const PACKS: PackLimits = {
  packBytes: 3_000,
  packBlobs: 6,
  smallBytes: 380,
  storedShare: 1,
  restSeconds: 7 * 86_400,
};

/** The stores of `process`, and what is told of it. */
function storesOf(world: World, process: SimulatedProcess) {
  const { client, retry, rim } = process;
  const summaries = world.messages(process);
  const folds = new DynamoDbFoldStore(client, 'mail', retry);
  return {
    journal: new DynamoDbJournalStore(client, 'mail', retry),
    folds,
    folded: folds,
    objects: new AccountObjects(new ProcessBlobs(process, world.blobs)),
    calendar: new DynamoDbCalendar(client, 'mail', retry),
    work: new DynamoDbWorkItems(client, 'mail', retry),
    summaries,
    packs: summaries.packs,
    rim,
    log: SILENT,
    report: (account: AccountId, what: object) => {
      throw new Violation(`I8: a record of account ${account} diverges: ${JSON.stringify(what)}`);
    },
  };
}

/** What the compaction works with. */
function foldDeps(world: World, process: SimulatedProcess, limits: FoldLimits) {
  return { ...storesOf(world, process), limits, packLimits: PACKS };
}

/** What the expunge function works with. */
function expungeDeps(world: World, process: SimulatedProcess): ExpungeDeps {
  const stores = storesOf(world, process);
  const { ring } = stores.summaries;
  const deps = {
    ...stores,
    ...world.directory.closing(process),
    deleteKey: async (account: AccountId) => {
      await ring.delete(account);
    },
    folded: stores.folds,
    objects: new AccountObjects(new ProcessBlobs(process, world.blobs)),
    graceSeconds: GRACE_SECONDS,
    // Small, so that a purge takes several records and may die between any two.
    blobsPerPurge: 5,
    onCommit: async (account: AccountId, records: readonly JournalRecord[], journalBytesBefore: number) => {
      await stores.work.leaveIfDue(account, records, journalBytesBefore).catch(() => undefined);
    },
  };
  return { ...deps, close: (account, until) => closeAccount(deps, account, until) };
}

/** What checks, repairs and restores work with. */
export function repairDeps(world: World, process: SimulatedProcess, limits: FoldLimits) {
  const { summaries: messages, ...stores } = storesOf(world, process);
  return { ...stores, messages, limits, digests: 'all' as const };
}

/** A run of the compaction: what commits have asked for. */
export async function runCompaction(
  world: World,
  process: SimulatedProcess,
  limits: FoldLimits,
): Promise<string> {
  return JSON.stringify(await compact(foldDeps(world, process, limits), process.rim.now() + RUN_MS));
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

/** A run of the expunge function: the accounts whose day has come. */
export async function runExpunge(world: World, process: SimulatedProcess): Promise<string> {
  return JSON.stringify(await expunge(expungeDeps(world, process), process.rim.now() + RUN_MS));
}

/** The expunge function by hand, on one account. */
export async function expungeByHand(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
): Promise<string> {
  const today = dayOf(process.rim.now() / 1000);
  const report = await visitAccount(expungeDeps(world, process), account, {
    sweep: true,
    again: today,
    until: process.rim.now() + RUN_MS,
  });
  return `${account.slice(0, 4)}: ${JSON.stringify(report)}`;
}

/** Something that was expunged comes back, or the account as it was at some time. */
export async function undelete(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
  draw: Draw,
): Promise<string> {
  const now = process.rim.now();
  const time = Math.floor(now / 1000) - draw.below(20 * 86_400);
  const mailbox = draw.pick([null, null, 'INBOX', 'Work', 'Trash'] as const);
  const lost = draw.chance(0.3) ? { asOf: time } : { since: time, mailbox };
  const into = draw.chance(0.5) ? null : RESTORED;
  // Some only: else accounts would hold all that they ever held.
  const most = 1 + draw.below(6);
  const { value } = await commitOnWholeState(expungeDeps(world, process), account, (whole) =>
    decideUndelete(whole, { lost, into, now, most }),
  );
  return `${account.slice(0, 4)}: ${JSON.stringify({ ...lost, into, ...value })}`;
}

/** A hold, which is soon taken back, or how long messages are kept. */
export function drawPolicy(held: boolean, draw: Draw): PolicyChange {
  const [inbox, own] = [1 as MailboxId, 7 as MailboxId];
  const scope = draw.pick([
    { mailbox: inbox },
    { mailbox: own },
    { use: 'Archive' },
    { account: true },
  ] as const);
  const days = draw.pick([undefined, null, 3, 30, 90] as const);
  return held || draw.chance(0.3) ? { hold: !held } : { scope, days };
}

/** An administrator lays something down, and has the account looked after by it in the next run. */
export async function layDown(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
  change: PolicyChange,
): Promise<string> {
  const op: PolicyOp = { op: 'policy', change };
  const deps = expungeDeps(world, process);
  await commitOnWholeState(deps, account, () => ({ ops: [op], value: null }));
  await deps.calendar.leave(account, dayOf(process.rim.now() / 1000));
  return `${account.slice(0, 4)}: ${JSON.stringify(change)}`;
}

/** `quire user close`: nobody may use the account any more, and everything of it goes when a delay is over. */
export async function close(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
  draw: Draw,
): Promise<string> {
  await world.directory.setDisabled(process, account, true);
  const closing = process.rim.now() + (1 + draw.below(LONGEST_CLOSING_DAYS)) * DAY_MS;
  return layDown(world, process, account, { closing });
}

/** `quire user reopen`, and `quire user enable` where no closing is under way. */
export async function reopen(world: World, process: SimulatedProcess, account: AccountId): Promise<string> {
  const { value: closed } = await commitOnWholeState(expungeDeps(world, process), account, ({ state }) => {
    const { closing, closed } = state.policy;
    const op: PolicyOp = { op: 'policy', change: { closing: null } };
    return { ops: closed || closing === null ? [] : [op], value: closed };
  });
  if (closed) return `${account.slice(0, 4)} is closed for good`;
  await world.directory.setDisabled(process, account, false);
  return `${account.slice(0, 4)} is open again`;
}

/** The compaction by hand: the fold, and the packing of what lies unread. */
export async function compactByHand(
  world: World,
  process: SimulatedProcess,
  account: AccountId,
  limits: FoldLimits,
): Promise<string> {
  const deps = foldDeps(world, process, limits);
  const result = await compactAccount(deps, account, process.rim.now() + RUN_MS);
  return `${account.slice(0, 4)}: ${JSON.stringify(result)}`;
}

/** TTL takes some of what has expired, in any order. */
export function takeExpired(world: World, draw: Draw): string {
  const expired = world.table.expired(world.turns.now);
  const taken = draw.some(expired, 1 + draw.below(expired.length + 1));
  for (const key of draw.shuffled(taken)) world.table.expire(key);
  return `TTL takes ${taken.length} of ${expired.length}`;
}

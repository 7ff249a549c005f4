/** What the stores hold when nobody is at them, against what the witness has seen. */
import type { BlobPlace } from '../../../shared/account/columns.ts';
import { isTombstone } from '../../../shared/account/closing.ts';
import type { AccountId, BlobId, RecordNumber } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { openWholeState } from '../../../shared/account/whole-state.ts';
import { checkAccount } from '../../../functions/check/check-account.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { accountKeys, mailKeyPrefixes } from '../../../shared/aws/keys.ts';
import { Violation, ensure } from '../violation.ts';
import { ensureSame } from './pictures.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** Opens the account as a process that has just started does, and holds everything that it can read to be right. */
export async function audit(world: World, account: AccountId): Promise<void> {
  const process = world.process('auditor');
  const journal = new DynamoDbJournalStore(process.client, 'mail', process.retry);
  const messages = world.messages(process);
  const { plain } = world.witness.account(account);
  const replica = new Replica(account, journal, process.rim, {
    onDivergence: (_, what) =>
      ensure(false, () => `I8: a record diverges when it is replayed: ${JSON.stringify(what)}`),
  });
  const opened = await replica.sync();
  const state = await replica.load([...opened.mailboxes.keys()]);
  ensure(
    state.number === plain.number,
    () => `I4: the account opens at record ${state.number} of ${plain.number}`,
  );
  ensureSame(plain, state, 'a process that has just started');
  const source = {
    ready: messages.ready.bind(messages),
    inline: messages.inline.bind(messages),
    frameOpener: messages.frameOpener.bind(messages),
    chunk: messages.chunk.bind(messages),
    overflow: messages.overflow.bind(messages),
    recompute: (_: AccountId, { blob }: BlobPlace) =>
      Promise.reject(new Violation(`the summary of ${blob} is neither in a record nor in a chunk`)),
  };
  const reader = new SummaryReader(journal, source, 1_000_000);
  for (const { id, columns } of state.mailboxes.values()) {
    if (!columns) continue;
    const rows = Array.from({ length: columns.count }, (_, row) => row);
    const summaries = await reader.read(replica, id, columns, rows);
    for (const row of rows) {
      const blob = columns.blobAt(row);
      const found = summaries[row] ?? Buffer.alloc(0);
      const right = world.witness.summaryOf(blob);
      ensure(Buffer.compare(found, right) === 0, () => `the summary of ${blob} is not its own`);
      await ensureReadable(world, account, messages, columns.placeAt(row));
    }
  }
  await ensureBuried(world, account);
  await ensureUnblemished(world, account);
}

/** All of a closing is done once more after so long. */
const CLOSED_AGAIN_MS = 2 * 86_400_000;

/** Of an account that is closed for good only a tombstone is left, and keys that nobody uses again (I4). */
export async function auditClosed(world: World, account: AccountId): Promise<void> {
  const { client, retry } = world.process('auditor');
  const journal = new DynamoDbJournalStore(client, 'mail', retry);
  const { base, tail } = await openAccount(journal, account);
  const { plain, records } = world.witness.account(account);
  ensure(
    isTombstone(base) && base.state.number === plain.number && tail.length === 0,
    () => `I4: account ${account} is closed, and opens at record ${base.state.number} of ${plain.number}`,
  );
  const whole = (await journal.after(account, 0 as RecordNumber, 'strong')).find(
    (entry) => !isEmptied(entry),
  );
  ensure(!whole, () => `account ${account} is closed, and record ${whole?.number ?? 0} still tells of it`);
  // What a gateway that has not heard of it puts after the second look, and dies before it takes it back, nobody finds.
  const closed = (records.at(-1)?.at ?? 0) + CLOSED_AGAIN_MS;
  const objects = [...world.blobs.objects.keys()].filter(
    (key) => key.split('/')[1] === account && world.blobs.modified(key) < closed,
  );
  ensure(
    objects.length === 0,
    () => `account ${account} is closed, and these are left: ${objects.join(', ')}`,
  );
  const items = world.table.keys().filter(({ pk, sk }) => tellsOf(account, pk, sk));
  ensure(
    items.length === 0,
    () =>
      `account ${account} is closed, and these are left: ${items.map(({ pk, sk }) => `${pk} ${sk}`).join(', ')}`,
  );
  ensure(
    !world.directory.states.has(account),
    () => `account ${account} is closed, and still in the directory`,
  );
}

/** Whether an item holds something of the account, or asks for work on it. */
function tellsOf(account: AccountId, pk: string, sk: string): boolean {
  if (pk === accountKeys.partition(account)) return sk === accountKeys.bundle(account).sk;
  if (pk.startsWith(mailKeyPrefixes.segment) || pk.startsWith(mailKeyPrefixes.part))
    return pk.includes(account);
  if (pk.startsWith(mailKeyPrefixes.work) || pk.startsWith(mailKeyPrefixes.garbage))
    return sk.includes(account);
  return false;
}

/** As a process that has just started opens the account while others are at it. What it is told may be its failure. */
export async function visit(world: World, process: SimulatedProcess, account: AccountId): Promise<string> {
  const journal = new DynamoDbJournalStore(process.client, 'mail', process.retry);
  const replica = new Replica(account, journal, process.rim, {
    onDivergence: (_, what) =>
      ensure(false, () => `I8: a record diverges when it is opened: ${JSON.stringify(what)}`),
  });
  const opened = await replica.sync();
  const state = await replica.load([...opened.mailboxes.keys()]);
  ensureSame(world.witness.account(account).plain, state, process.name);
  return `${account.slice(0, 4)} at record ${state.number}`;
}

async function ensureReadable(
  world: World,
  account: AccountId,
  messages: ReturnType<World['messages']>,
  place: BlobPlace,
): Promise<void> {
  const { blob } = place;
  const chunks: Uint8Array[] = [];
  for await (const chunk of await messages.get(account, place)) chunks.push(chunk);
  const right = world.witness.texts.get(blob)?.text ?? Buffer.alloc(0);
  ensure(
    Buffer.compare(Buffer.concat(chunks), right) === 0,
    () => `I2: blob ${blob} is not the message that was put`,
  );
}

/** What has left the account and is not purged is what the graveyards and the tail say together, and its bytes are there. */
async function ensureBuried(world: World, account: AccountId): Promise<void> {
  const { client, retry, rim } = world.process('auditor');
  const journal = new DynamoDbJournalStore(client, 'mail', retry);
  const folds = new DynamoDbFoldStore(client, 'mail', retry);
  const whole = await openWholeState({ journal, folds, rim }, account);
  const { departed } = world.witness.account(account).plain;
  const found = whole.buried.map(
    ({ mailbox, name, expunged, row }) => `${mailbox} "${name}" ${expunged} ${row.uid} ${row.blob}`,
  );
  const right = departed.map(
    ({ mailbox, name, expunged, message }) =>
      `${mailbox} "${name}" ${expunged} ${message.uid} ${message.blob}`,
  );
  const without = (all: readonly string[], some: readonly string[]): string => {
    const known = new Set(some);
    return all.filter((each) => !known.has(each)).join(', ');
  };
  ensure(
    found.sort().join() === right.sort().join(),
    () =>
      `I5: of what has left, these are not buried: ${without(right, found)}; these never left or are purged: ${without(found, right)}; ${found.length} instead of ${right.length}`,
  );
  for (const { message } of departed)
    ensure(world.witness.holds(account, message.blob), () => `I5: blob ${message.blob}, expunged, is gone`);
}

/** `quire check` finds nothing wrong. */
async function ensureUnblemished(world: World, account: AccountId): Promise<void> {
  const process = world.process('auditor');
  const journal = new DynamoDbJournalStore(process.client, 'mail', process.retry);
  const folds = new DynamoDbFoldStore(process.client, 'mail', process.retry);
  const deps = { journal, folds, messages: world.messages(process), digests: 'all' as const };
  const { report } = await checkAccount(deps, account);
  ensure(
    report.findings.length === 0,
    () => `a check finds: ${report.findings.map(({ kind, what }) => `${kind}: ${what}`).join('; ')}`,
  );
}

/** Objects of messages and packs that nothing leads to. */
export function unnamedObjects(world: World, account: AccountId): readonly string[] {
  const { plain, packed, replaced, epoch } = world.witness.account(account);
  const known = new Set([...plain.blobs(), ...plain.departed.map(({ message }) => message.blob)]);
  const found: string[] = [];
  for (const key of world.blobs.objects.keys()) {
    const [kind, id, name = ''] = key.split('/');
    if (id !== account) continue;
    // What was there before a restore is left to repairs: its record may be what was lost.
    if (world.blobs.modified(key) < (epoch?.begun ?? 0)) continue;
    // An object whose message has gone into a pack goes a day after that is folded.
    if (kind === 'blobs' && !known.has(name as BlobId) && !packed.has(name as BlobId)) found.push(key);
    if (kind === 'packs' && !replaced.has(name) && ![...packed.values()].some(({ pack }) => pack === name))
      found.push(key);
  }
  return found;
}

/** What the stores hold when nobody is at them, against what the witness has seen. */
import { decodeGraveyard } from '../../../shared/account/graveyard.ts';
import type { BlobPlace } from '../../../shared/account/columns.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
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
    chunk: messages.chunk.bind(messages),
    overflow: messages.overflow.bind(messages),
    recompute: () => Promise.reject(new Violation('a summary is neither in a record nor in a chunk')),
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

/** Every message that has left the account lies in a graveyard, or has left it in the tail; and its blob is there. */
async function ensureBuried(world: World, account: AccountId): Promise<void> {
  const process = world.process('auditor');
  const { client, retry } = process;
  const folds = new DynamoDbFoldStore(client, 'mail', retry);
  const { base } = await openAccount(new DynamoDbJournalStore(client, 'mail', retry), account);
  const { departed } = world.witness.account(account).plain;
  const buried = new Map<string, number>();
  for (const { part, fold, count } of base.graveyards) {
    const data = await folds.graveyard(account, part, fold);
    ensure(data !== null, () => `I5: graveyard ${part} of fold ${fold} is gone`);
    const rows = decodeGraveyard(data);
    ensure(
      rows.length === count,
      () => `graveyard ${part} of fold ${fold} has ${rows.length} rows, not ${count}`,
    );
    for (const { mailbox, name, expunged, row } of rows) {
      const key = `${mailbox} "${name}" ${expunged} ${row.uid} ${row.blob}`;
      buried.set(key, (buried.get(key) ?? 0) + 1);
    }
  }
  for (const { mailbox, name, record, expunged, message } of departed) {
    const { uid, blob } = message;
    ensure(world.witness.holds(account, blob), () => `I5: blob ${blob}, expunged, is gone`);
    const key = `${mailbox} "${name}" ${expunged} ${uid} ${blob}`;
    const count = buried.get(key) ?? 0;
    ensure(count > 0 || record > base.state.number, () => `I5: no graveyard holds ${key}`);
    buried.set(key, Math.max(0, count - 1));
  }
  const strange = [...buried].filter(([, count]) => count > 0);
  ensure(
    strange.length === 0,
    () => `I5: graveyards hold what never left: ${strange.map(([key]) => key).join(', ')}`,
  );
}

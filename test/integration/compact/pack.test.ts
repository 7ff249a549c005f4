/** What packing takes, on the real stores' code: requests, units, and what is left afterwards. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compact } from '../../../functions/compact/compact.ts';
import { compactAccount } from '../../../functions/compact/compact-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { beginAccount } from '../../../shared/account/new-account.ts';
import type { AppendOp, Op } from '../../../shared/account/ops.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbCalendar } from '../../../shared/aws/dynamodb-calendar.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import { MessageStore } from '../../../shared/blob/message-store.ts';
import { createLog } from '../../../shared/log.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { below } from '../../support/random-ops.ts';
import { RequestLog } from '../../support/request-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { TestRim } from '../../support/rim.ts';

const DAY = 86_400_000;
const MESSAGES = 552;
/** A sixteenth of the real ones. */
const PACKS = {
  packBytes: 1024 * 1024,
  packBlobs: 256,
  smallBytes: 128 * 1024,
  storedShare: 1,
  restSeconds: 7 * 86_400,
};

class CountingBlobs extends MemoryBlobStore {
  gets = 0;
  puts = 0;
  override get(...args: Parameters<MemoryBlobStore['get']>) {
    this.gets++;
    return super.get(...args);
  }
  override put(...args: Parameters<MemoryBlobStore['put']>) {
    this.puts++;
    return super.put(...args);
  }
}

let store: TestDynoxide;
beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
});
afterAll(() => store.stop());

let seeds = 5;
async function setUp() {
  const requests = new RequestLog();
  const client = dynamoDbClient(store.settings, { wrapTransport: (inner) => requests.wrap(inner) });
  const rim = new TestRim(++seeds);
  const journal = new DynamoDbJournalStore(client, 'mail');
  const folds = new DynamoDbFoldStore(client, 'mail');
  const work = new DynamoDbWorkItems(client, 'mail');
  const calendar = new DynamoDbCalendar(client, 'mail');
  const blobs = new CountingBlobs(() => rim.time);
  const messages = new MessageStore(blobs, rim);
  const log = createLog({ level: 'silent', pretty: false });
  const deps = {
    journal,
    folds,
    summaries: messages,
    packs: messages.packs,
    packLimits: PACKS,
    rim,
    work,
    calendar,
    log,
  };
  const account = await beginAccount(journal, rim);
  const replica = new Replica(account, journal, new TestRim(6));
  const ops: Op[] = [];
  for (let number = 0; number < MESSAGES; number++) ops.push(await arrival(messages, account, number));
  for (let at = 0; at < MESSAGES; at += 20)
    await replica.commit({ decide: () => ({ ops: ops.slice(at, at + 20), value: null }) });
  await compactAccount(deps, account);
  rim.time += 7 * DAY;
  requests.reset();
  blobs.gets = blobs.puts = 0;
  return { account, replica, journal, messages, blobs, rim, deps, work, calendar, requests };
}

const random = seededRandom(3);
/** What does not compress to nothing. */
const noise = (length: number): string =>
  Array.from({ length }, () => below(random, 36).toString(36)).join('');

async function arrival(messages: MessageStore, account: AccountId, number: number): Promise<AppendOp> {
  const text = Buffer.from(`Subject: ${number}\r\n\r\nline of message ${number}\r\n${noise(2500)}`);
  const { blob, size, summary } = await messages.put(account, text, text.length);
  const rest = { system: 0, keywords: [], date: 1_700_000_000 + number, zone: 0 };
  return { op: 'append', to: { inbox: true }, blob, size, summary, ...rest };
}

test('a GET a message, a PUT a pack, and one record of a few units, in time for the next run', async () => {
  const { account, journal, blobs, rim, deps, work, calendar, requests, messages } = await setUp();
  await work.leave('pack', account);
  expect(await compact(deps, Infinity)).toMatchObject({ packed: 1, failed: 0 });
  // The last forty are no pack, and are not read for nothing.
  expect(blobs.gets).toBe(MESSAGES - 40);
  // The packs; and the fold has nothing else to put.
  expect(blobs.puts).toBe(2);
  const records = requests.calls.filter(({ name }) => name === 'dynamodb.PutItem');
  // 18 bytes of ids and lengths a message, in one record for both packs; the rest is the fold of it.
  expect(records[0]?.writeUnits).toBeLessThanOrEqual(Math.ceil((MESSAGES * 18) / 1024) + 2);
  expect(await work.list('pack', rim.time)).toEqual([]);
  // The old objects go two days later, though nobody writes.
  const [due] = await calendar.due(Math.floor(rim.time / DAY) + 2, rim.time);
  expect(due?.account).toBe(account);
  rim.time += DAY;
  await compactAccount(deps, account);
  const keys = [...blobs.objects.keys()];
  expect(keys.filter((key) => key.startsWith('blobs/'))).toHaveLength(40);
  expect(keys.filter((key) => key.startsWith('packs/'))).toHaveLength(2);
  const reader = new Replica(account, journal, new TestRim(7));
  await reader.sync();
  const columns = (await reader.load([INBOX_ID])).mailboxes.get(INBOX_ID)?.columns;
  for (const row of [0, 300, 551]) {
    const chunks: Uint8Array[] = [];
    const place = columns?.placeAt(row);
    if (!place) throw new Error('a message is gone');
    for await (const chunk of await messages.get(account, place)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toContain(`line of message ${row}\r\n`);
  }
});

test('a run that has no time left leaves the work to the next one', async () => {
  const { account, deps, work, rim, blobs } = await setUp();
  await work.leave('pack', account);
  expect(await compact(deps, rim.time)).toMatchObject({ packed: 0, left: 1 });
  expect(await work.list('pack', rim.time)).toEqual([account]);
  expect(blobs.puts).toBe(0);
  expect(await compact(deps, Infinity)).toMatchObject({ packed: 1 });
});

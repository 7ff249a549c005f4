import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId, RecordNumber } from '../../../shared/account/ids.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { WORK_SHARDS, workKeys } from '../../../shared/aws/keys.ts';
import { DynamoDbWorkItems } from '../../../shared/aws/work-items.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { FaultTransport } from '../../support/fault-transport.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let store: TestDynoxide;
let tables = 0;
beforeAll(async () => {
  store = await startTestDynoxide(Array.from({ length: 12 }, (_, index) => `mail${index}`));
});
afterAll(() => store.stop());

const NOW = 1_000_000;
const A = 'a0'.repeat(10) as AccountId;

/** Each test has a table of its own. */
function setUp() {
  const faults = new FaultTransport({ rules: [], random: seededRandom(1) });
  const client = dynamoDbClient(store.settings, { wrapTransport: faults.wrap });
  const clock = { sleep: () => Promise.resolve(), random: () => 0 };
  const items = new DynamoDbWorkItems(client, `mail${tables++}`, { clock });
  const take = (holder: string, now = NOW, until = now + 1000) =>
    items.take('compact', A, { holder, now, until });
  return { items, take, faults };
}

const record = (number: number, journalBytes: number) => ({
  number: number as RecordNumber,
  commit: 'c',
  time: 0,
  ops: [],
  usage: { messages: 0, bytes: 0 },
  journalBytes,
});

describe('work items', () => {
  test('accounts are spread over all shards, and each has one key', () => {
    const random = seededRandom(9);
    const digit = () => Math.floor(random() * 16).toString(16);
    const accounts = Array.from(
      { length: 400 },
      () => Array.from({ length: 20 }, digit).join('') as AccountId,
    );
    const shards = new Set(accounts.map((account) => workKeys.item('compact', account).pk));
    expect([...shards].sort()).toEqual(
      Array.from({ length: WORK_SHARDS }, (_, shard) => workKeys.shard('compact', shard)),
    );
  });

  test('are listed to the last page', async () => {
    const { items, faults } = setUp();
    const accounts = Array.from(
      { length: 60 },
      (_, index) => index.toString(16).padStart(20, '0') as AccountId,
    );
    for (const account of accounts) await items.leave('compact', account);
    faults.setRules([
      { fault: 'empty-page', operations: ['Query'], probability: 0.3 },
      { fault: 'short-page', operations: ['Query'], probability: 0.5 },
    ]);
    expect([...(await items.list('compact', NOW))].sort()).toEqual(accounts);
  });

  test('only the commit that makes a fold due leaves one', async () => {
    const { items } = setUp();
    await items.leaveIfDue(A, [record(254, 100)], 90);
    await items.leaveIfDue(A, [record(255, 110)], 100);
    await items.leaveIfDue(A, [], 100);
    expect(await items.list('compact', NOW)).toEqual([]);
    await items.leaveIfDue(A, [record(256, 120)], 110);
    expect(await items.list('compact', NOW)).toEqual([A]);
  });

  test('one is taken by one function at a time', async () => {
    const { items, take } = setUp();
    expect(await take('nobody')).toBeNull();
    await items.leave('compact', A);
    const taken = await Promise.all(['one', 'two', 'three'].map((holder) => take(holder)));
    expect(taken.filter((work) => work !== null)).toHaveLength(1);
    expect(await items.list('compact', NOW)).toEqual([]);
  });

  test('a function that died is forgotten when its lease has run out', async () => {
    const { items, take } = setUp();
    await items.leave('compact', A);
    await take('dead', NOW, NOW + 1000);
    expect(await take('next', NOW + 999)).toBeNull();
    expect(await items.list('compact', NOW + 1000)).toEqual([A]);
    expect(await take('next', NOW + 1000)).toMatchObject({ holder: 'next', asked: 1 });
  });

  test('work that is done is gone', async () => {
    const { items, take } = setUp();
    await items.leave('compact', A);
    const work = await take('one');
    if (!work) throw new Error('not taken');
    expect(await items.finish(work)).toBe('done');
    expect(await items.list('compact', NOW + 10_000)).toEqual([]);
  });

  test('a commit during the fold leaves new work, free to be taken at once', async () => {
    const { items, take } = setUp();
    await items.leave('compact', A);
    const work = await take('one');
    if (!work) throw new Error('not taken');
    await items.leave('compact', A);
    expect(await take('two')).toBeNull();
    expect(await items.finish(work)).toBe('more');
    expect(await items.list('compact', NOW)).toEqual([A]);
    expect(await take('two')).toMatchObject({ asked: 2 });
  });

  test('who has outlived its lease finishes nothing of another', async () => {
    const { items, take } = setUp();
    await items.leave('compact', A);
    const late = await take('late', NOW, NOW + 10);
    const next = await take('next', NOW + 10, NOW + 1000);
    if (!late || !next) throw new Error('not taken');
    expect(await items.finish(late)).toBe('more');
    // The lease of the other stands.
    expect(await take('third', NOW + 20)).toBeNull();
    expect(await items.finish(next)).toBe('done');
    // The item is made anew, with the same count: it is not the one that was taken.
    await items.leave('compact', A);
    expect(await items.finish(late)).toBe('more');
    expect(await items.list('compact', NOW)).toEqual([A]);
  });

  test('an answer that was lost is asked for again, to the same end', async () => {
    const { items, take, faults } = setUp();
    await items.leave('compact', A);
    faults.setRules([{ fault: 'reset-after-effect', operations: ['UpdateItem'], times: 1 }]);
    const work = await take('one');
    expect(work).toMatchObject({ holder: 'one' });
    if (!work) return;
    faults.setRules([{ fault: 'reset-after-effect', operations: ['DeleteItem'], times: 1 }]);
    await items.finish(work);
    expect(await items.list('compact', NOW + 10_000)).toEqual([]);
  });
});

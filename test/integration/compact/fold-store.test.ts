import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { FoldedTableItem } from '../../../shared/account/fold-store.ts';
import type { AccountId, MailboxId, RecordNumber, Uid } from '../../../shared/account/ids.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { accountKeys } from '../../../shared/aws/keys.ts';
import { createInbox } from '../../support/random-ops.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { type Fault, FaultTransport } from '../../support/fault-transport.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let store: TestDynoxide;
beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
});
afterAll(() => store.stop());

let accounts = 0;
function setUp() {
  const faults = new FaultTransport({ rules: [], random: seededRandom(1) });
  const client = dynamoDbClient(store.settings, { wrapTransport: faults.wrap });
  const clock = { sleep: () => Promise.resolve(), random: () => 0 };
  const account = (++accounts).toString(16).padStart(20, '0') as AccountId;
  return {
    account,
    client,
    folds: new DynamoDbFoldStore(client, 'mail', { clock }),
    journal: new DynamoDbJournalStore(client, 'mail', { clock }),
    /** Strikes the next fitting call. */
    strike: (fault: Fault, operations: string[]) => faults.setRules([{ fault, operations, times: 1 }]),
    letLateLand: () => faults.releaseLate(),
  };
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const SEGMENT: FoldedTableItem = {
  kind: 'segment',
  mailbox: 1 as MailboxId,
  firstUid: 7 as Uid,
  fold: 'f1',
};
const root = (number: number, fold: string) => ({
  number: number as RecordNumber,
  fold,
  root: Buffer.from(`root of ${fold}`),
  time: 1000,
});
const NONE = { kind: 'none' } as const;

describe('items of folds', () => {
  test('are listed with the time at which they were put, to the last page', async () => {
    const { account, folds, client } = setUp();
    const put: FoldedTableItem[] = [
      SEGMENT,
      { kind: 'segment', mailbox: 2 as MailboxId, firstUid: 4_294_967_295 as Uid, fold: 'f2' },
      { kind: 'graveyard', part: 2, fold: 'f1' },
      { kind: 'part', name: 'root-0', fold: 'f2' },
    ];
    for (const [index, item] of put.entries()) await folds.put(account, item, bytes(1), 1000 + index);
    const faults = new FaultTransport({
      rules: [{ fault: 'short-page', operations: ['Query'], probability: 0.7 }],
      random: seededRandom(3),
    });
    const paged = new DynamoDbFoldStore(
      dynamoDbClient(store.settings, { wrapTransport: faults.wrap }),
      'mail',
    );
    const listed: unknown[] = [];
    for await (const each of paged.items(account, [1, 2, 3] as MailboxId[])) listed.push(each);
    expect(listed).toEqual(put.map((item, index) => ({ item, time: 1000 + index })));
    client.destroy();
  });

  test.each<FoldedTableItem>([
    SEGMENT,
    { kind: 'part', name: 'root-0', fold: 'f1' },
    { kind: 'graveyard', part: 2, fold: 'f1' },
  ])('a $kind is put once, read, and deleted', async (item) => {
    const { account, folds, journal } = setUp();
    const read = async () => {
      if (item.kind === 'segment') return (await journal.segments(account, [item]))[0];
      if (item.kind === 'part') return journal.part(account, item.name, item.fold);
      return folds.graveyard(account, item.part, item.fold);
    };
    expect(await read()).toBeNull();
    await folds.put(account, item, bytes(1, 2, 3), 5);
    expect(await read()).toEqual(bytes(1, 2, 3));
    await expect(folds.put(account, item, bytes(4), 6)).rejects.toThrow('already');
    expect(await read()).toEqual(bytes(1, 2, 3));
    expect(await folds.delete(account, item)).toBeGreaterThanOrEqual(1);
    expect(await read()).toBeNull();
    await folds.delete(account, item);
  });

  test.each<Fault>(['reset-after-effect', 'server-error-after-effect', 'throttle', 'transaction-conflict'])(
    'a put that meets %s is done once',
    async (fault) => {
      const { account, folds, journal, strike } = setUp();
      strike(fault, ['PutItem']);
      await folds.put(account, SEGMENT, bytes(9), 5);
      expect(await journal.segments(account, [SEGMENT])).toEqual([bytes(9)]);
    },
  );
});

describe('swapping the root', () => {
  test('the first is put where there is none, and only there', async () => {
    const { account, folds, journal } = setUp();
    expect(await folds.current(account)).toBeNull();
    expect(await folds.swap(account, null, root(3, 'a'), NONE)).toBe('swapped');
    expect(await folds.swap(account, null, root(4, 'b'), NONE)).toBe('lost');
    expect(await folds.current(account)).toBe('a');
    const { checkpoint } = await journal.open(account);
    expect(checkpoint).toEqual({ number: 3, fold: 'a', root: bytes(...Buffer.from('root of a')) });
  });

  test('a root replaces exactly the one that it was folded from', async () => {
    const { account, folds } = setUp();
    await folds.swap(account, null, root(3, 'a'), NONE);
    expect(await folds.swap(account, 'other', root(4, 'b'), NONE)).toBe('lost');
    expect(await folds.swap(account, 'a', root(4, 'c'), NONE)).toBe('swapped');
    expect(await folds.swap(account, 'a', root(5, 'd'), NONE)).toBe('lost');
    expect(await folds.current(account)).toBe('c');
  });

  test('the bundle comes and goes with the root, and stays when the swap is lost', async () => {
    const { account, folds, journal } = setUp();
    const bundle = async () => (await journal.open(account)).bundle;
    await folds.swap(account, null, root(3, 'a'), { kind: 'put', data: bytes(1) });
    expect(await bundle()).toEqual({ fold: 'a', data: bytes(1) });
    expect(await folds.swap(account, 'x', root(4, 'b'), { kind: 'put', data: bytes(2) })).toBe('lost');
    expect(await folds.swap(account, 'x', root(4, 'b'), { kind: 'delete' })).toBe('lost');
    expect(await bundle()).toEqual({ fold: 'a', data: bytes(1) });
    expect(await folds.swap(account, 'a', root(4, 'c'), { kind: 'put', data: bytes(3) })).toBe('swapped');
    expect(await bundle()).toEqual({ fold: 'c', data: bytes(3) });
    expect(await folds.swap(account, 'c', root(5, 'd'), { kind: 'delete' })).toBe('swapped');
    expect(await bundle()).toBeNull();
  });

  test('of ten at once one wins', async () => {
    const { account, folds } = setUp();
    await folds.swap(account, null, root(3, 'a'), NONE);
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const bundle = { kind: 'put', data: bytes(1) } as const;
    const outcomes = await Promise.all(names.map((fold) => folds.swap(account, 'a', root(4, fold), bundle)));
    expect(outcomes.filter((outcome) => outcome === 'swapped')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(9);
    expect(await folds.current(account)).toBe(names[outcomes.indexOf('swapped')]);
  });

  const changes = [
    { what: 'a root alone', operation: 'PutItem', change: NONE },
    {
      what: 'root and bundle',
      operation: 'TransactWriteItems',
      change: { kind: 'put', data: bytes(1) } as const,
    },
  ];
  describe.each(changes)('$what', ({ operation, change }) => {
    test.each<Fault>([
      'reset-after-effect',
      'server-error-after-effect',
      'reset-before-effect',
      'server-error',
      'throttle',
      'transaction-conflict',
    ])('that meets %s is swapped once, and known to be', async (fault) => {
      const { account, folds, strike } = setUp();
      await folds.swap(account, null, root(3, 'a'), NONE);
      strike(fault, [operation]);
      expect(await folds.swap(account, 'a', root(4, 'b'), change)).toBe('swapped');
      expect(await folds.current(account)).toBe('b');
    });

    test('that lands late, after its repetition, changes nothing', async () => {
      const { account, folds, strike, letLateLand } = setUp();
      await folds.swap(account, null, root(3, 'a'), NONE);
      strike('late-effect', [operation]);
      expect(await folds.swap(account, 'a', root(4, 'b'), change)).toBe('swapped');
      expect(await folds.swap(account, 'b', root(5, 'c'), NONE)).toBe('swapped');
      await letLateLand();
      expect(await folds.current(account)).toBe('c');
    });

    test('whose answer was lost, and on which another fold went on, is not taken for lost', async () => {
      const { account, client, journal, strike } = setUp();
      let swaps = 0;
      // Between the two attempts another function folds from the root that the first has put.
      const other = new DynamoDbFoldStore(client, 'mail');
      const sleep = async () => {
        if (swaps++ === 0) expect(await other.swap(account, 'b', root(9, 'c'), NONE)).toBe('swapped');
      };
      const folds = new DynamoDbFoldStore(client, 'mail', { clock: { sleep, random: () => 0 } });
      await folds.swap(account, null, root(3, 'a'), NONE);
      strike('reset-after-effect', [operation]);
      expect(await folds.swap(account, 'a', root(4, 'b'), change)).toBe('unsettled');
      expect((await journal.open(account)).checkpoint?.fold).toBe('c');
    });
  });
});

describe('emptying a record', () => {
  const record = {
    number: 1 as RecordNumber,
    commit: 'c1',
    time: 5,
    ops: [createInbox()],
    usage: { messages: 3, bytes: 99 },
    journalBytes: 42,
  };

  test('takes ops, commit and time, and nothing else; the key stays taken', async () => {
    const { account, client, folds, journal } = setUp();
    await journal.put(account, [record]);
    await folds.empty(account, record.number, 1_800_000_000);
    expect(await journal.entry(account, record.number)).toEqual({
      number: 1,
      usage: { messages: 3, bytes: 99 },
      journalBytes: 42,
      emptied: true,
    });
    const { pk, sk } = accountKeys.record(account, record.number);
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'mail', Key: { pk: { S: pk }, sk: { S: sk } } }),
    );
    expect(Object.keys(Item ?? {}).sort()).toEqual([
      'bytes',
      'expiresAt',
      'journal',
      'messages',
      'pk',
      'sk',
      'v',
    ]);
    expect(Item?.expiresAt).toEqual({ N: '1800000000' });
    expect(await journal.put(account, [{ ...record, commit: 'c2' }])).toMatchObject({ kind: 'conflict' });
  });

  test('a key that is free is taken, and what stands at another is left alone', async () => {
    const { account, folds, journal, strike } = setUp();
    await journal.put(account, [record]);
    const fence = { usage: { messages: 3, bytes: 99 }, journalBytes: 42, emptied: true } as const;
    strike('reset-after-effect', ['PutItem']);
    for (const number of [1, 2] as RecordNumber[])
      await folds.occupy(account, { ...fence, number }, 1_800_000_000);
    const [first, second] = await journal.after(account, 0 as RecordNumber, 'strong');
    expect(first).toEqual(record);
    expect(second).toEqual({ ...fence, number: 2 });
    const next = { ...record, number: 2 as RecordNumber };
    expect(await journal.put(account, [next])).toMatchObject({ kind: 'conflict', first: { emptied: true } });
  });

  test('a second time changes nothing, and one that is not there is not made', async () => {
    const { account, folds, journal } = setUp();
    await journal.put(account, [record]);
    await folds.empty(account, record.number, 1_800_000_000);
    await folds.empty(account, record.number, 1_900_000_000);
    await folds.empty(account, 2 as RecordNumber, 1_800_000_000);
    expect(await journal.after(account, 0 as RecordNumber, 'strong')).toHaveLength(1);
  });

  test('one that is of a newer version is emptied like any other: only its ops go', async () => {
    const { account, client, folds, journal } = setUp();
    await journal.put(account, [record]);
    const { pk, sk } = accountKeys.record(account, record.number);
    const Key = { pk: { S: pk }, sk: { S: sk } };
    const newer = { ':v': { N: '99' } };
    const command = {
      TableName: 'mail',
      Key,
      UpdateExpression: 'SET v = :v',
      ExpressionAttributeValues: newer,
    };
    await client.send(new UpdateItemCommand(command));
    await folds.empty(account, record.number, 1_800_000_000);
    const { Item } = await client.send(new GetItemCommand({ TableName: 'mail', Key }));
    expect(Item).toMatchObject({ v: { N: '99' } });
  });
});

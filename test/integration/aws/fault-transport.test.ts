/** Each fault by its name: a real SDK client, the wrapper, and a real store behind it. */
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { dynamoDbClient, s3Client } from '../../../shared/aws/clients.ts';
import { classifyFailure, outcomeUnknown } from '../../../shared/aws/retry.ts';
import { S3BlobStore } from '../../../shared/blob/s3-blob-store.ts';
import { listed, read } from '../../support/blob-store-contract.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import type { Fault, FaultRule } from '../../support/fault-transport.ts';
import { FaultTransport } from '../../support/fault-transport.ts';
import type { LoopbackS3 } from '../../support/loopback-s3.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { StaleReads } from '../../support/stale-reads.ts';

const TABLE = 'mail';

let store: TestDynoxide;
let s3: LoopbackS3;
let plain: DynamoDBClient;
const opened: { destroy(): void }[] = [];

beforeAll(async () => {
  store = await startTestDynoxide();
  s3 = await startLoopbackS3();
  plain = dynamoDbClient(store.settings);
});
afterEach(() => {
  for (const client of opened.splice(0)) client.destroy();
});
afterAll(async () => {
  plain.destroy();
  await store.stop();
  await s3.stop();
});

interface Faulty {
  readonly client: DynamoDBClient;
  readonly s3: S3Client;
  readonly faults: FaultTransport;
}

function faulty(rules: readonly FaultRule[], seed = 1): Faulty {
  const faults = new FaultTransport({ rules, random: seededRandom(seed), staleReads: new StaleReads() });
  const client = dynamoDbClient(store.settings, { wrapTransport: faults.wrap });
  const blobs = s3Client(
    { region: 'us-east-1', endpoints: { s3: s3.endpoint } },
    { wrapTransport: faults.wrap },
  );
  opened.push(client, blobs);
  return { client, s3: blobs, faults };
}

const once = (fault: Fault, more: Partial<FaultRule> = {}): FaultRule[] => [{ fault, times: 1, ...more }];
let partitions = 0;
const freshPartition = (): string => `p${++partitions}`;
const item = (pk: string, sk: string, value = 'v'): Record<string, AttributeValue> => ({
  pk: { S: pk },
  sk: { S: sk },
  value: { S: value },
});
const put = (pk: string, sk: string, value?: string): PutItemCommand =>
  new PutItemCommand({
    TableName: TABLE,
    Item: item(pk, sk, value),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
const transact = (pk: string, ...sks: string[]): TransactWriteItemsCommand =>
  new TransactWriteItemsCommand({
    TransactItems: sks.map((sk) => ({ Put: { TableName: TABLE, Item: item(pk, sk) } })),
  });

async function sortKeys(client: DynamoDBClient, pk: string, more: Partial<QueryCommand['input']> = {}) {
  const found: string[] = [];
  let pages = 0;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: TABLE,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ConsistentRead: true,
        ...(from ? { ExclusiveStartKey: from } : {}),
        ...more,
      }),
    );
    pages++;
    found.push(...(page.Items ?? []).map((one) => one.sk?.S ?? '?'));
    from = page.LastEvaluatedKey;
  } while (from);
  return { found, pages };
}

async function fails(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  if (!outcome) throw new Error('it succeeded');
  return outcome;
}

describe('DynamoDB', () => {
  test('transaction-conflict: a single put is refused, without effect', async () => {
    const pk = freshPartition();
    const { client, faults } = faulty(once('transaction-conflict'));
    const error = await fails(client.send(put(pk, '1')));
    expect(error.name).toBe('TransactionConflictException');
    expect([classifyFailure(error), outcomeUnknown(error)]).toEqual(['conflict', false]);
    expect((await sortKeys(plain, pk)).found).toEqual([]);
    await client.send(put(pk, '1'));
    expect((await sortKeys(plain, pk)).found).toEqual(['1']);
    expect(faults.injected.get('transaction-conflict')).toBe(1);
  });

  test('transaction-conflict: a transaction is cancelled, with a reason an item', async () => {
    const pk = freshPartition();
    const { client } = faulty(once('transaction-conflict'));
    const error = await fails(client.send(transact(pk, '1', '2', '3')));
    expect(error.name).toBe('TransactionCanceledException');
    expect(classifyFailure(error)).toBe('conflict');
    const codes = (error as unknown as { CancellationReasons: { Code: string }[] }).CancellationReasons.map(
      (reason) => reason.Code,
    );
    expect([...codes].sort()).toEqual(['None', 'None', 'TransactionConflict']);
    expect((await sortKeys(plain, pk)).found).toEqual([]);
  });

  test('throttle: both of DynamoDB’s exceptions come, without effect', async () => {
    const pk = freshPartition();
    const { client } = faulty([{ fault: 'throttle', times: 20 }]);
    const names = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const error = await fails(client.send(put(pk, '1')));
      names.add(error.name);
      expect([classifyFailure(error), outcomeUnknown(error)]).toEqual(['throttle', false]);
    }
    expect([...names].sort()).toEqual(['ProvisionedThroughputExceededException', 'ThrottlingException']);
    expect((await sortKeys(plain, pk)).found).toEqual([]);
  });

  test.each([
    ['server-error', []],
    ['server-error-after-effect', ['1']],
    ['reset-before-effect', []],
    ['reset-after-effect', ['1']],
  ] as const)('%s: the caller cannot know, the table has %j', async (fault, expected) => {
    const pk = freshPartition();
    const { client } = faulty(once(fault));
    const error = await fails(client.send(put(pk, '1')));
    expect([classifyFailure(error), outcomeUnknown(error)]).toEqual(['transient', true]);
    expect((await sortKeys(plain, pk)).found).toEqual(expected);
  });

  test('server-error: both 500 and 503 come', async () => {
    const { client } = faulty([{ fault: 'server-error', times: 20 }]);
    const statuses = new Set<number | undefined>();
    for (let i = 0; i < 20; i++) {
      const error = await fails(client.send(put(freshPartition(), '1')));
      statuses.add((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode);
    }
    expect([...statuses].sort()).toEqual([500, 503]);
  });

  test('late-effect: the put lands after its caller gave up', async () => {
    const pk = freshPartition();
    const { client, faults } = faulty(once('late-effect'));
    const error = await fails(client.send(put(pk, '1', 'late')));
    expect(error.name).toBe('TimeoutError');
    expect([classifyFailure(error), outcomeUnknown(error)]).toEqual(['transient', true]);
    expect((await sortKeys(plain, pk)).found).toEqual([]);
    expect(faults.held).toBe(1);
    await faults.releaseLate();
    expect(faults.held).toBe(0);
    const refused = await fails(client.send(put(pk, '1', 'mine')));
    expect(refused).toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { value: { S: 'late' } },
    });
  });

  test('late-effect: it lands by itself within so many requests, and then meets who was faster', async () => {
    const pk = freshPartition();
    const { client, faults } = faulty(once('late-effect'));
    await fails(client.send(put(pk, '1', 'late')));
    await client.send(put(pk, '2'));
    for (let i = 0; i < 5; i++)
      await client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: pk }, sk: { S: '9' } } }));
    expect(faults.held).toBe(0);
    expect((await sortKeys(plain, pk)).found).toEqual(['1', '2']);
  });

  test('unprocessed: a batch read leaves keys, which can be asked for again', async () => {
    const pk = freshPartition();
    const keys = Array.from({ length: 10 }, (_, i) => ({ pk: { S: pk }, sk: { S: String(i) } }));
    for (const key of keys) await plain.send(put(pk, key.sk.S));
    const { client } = faulty(once('unprocessed'));
    const request = { [TABLE]: { Keys: keys, ConsistentRead: true, ProjectionExpression: 'sk' } };
    const first = await client.send(new BatchGetItemCommand({ RequestItems: request }));
    const left = first.UnprocessedKeys?.[TABLE];
    expect(left?.Keys?.length).toBeGreaterThan(0);
    expect(left).toMatchObject({ ConsistentRead: true, ProjectionExpression: 'sk' });
    expect(first.Responses?.[TABLE]?.length).toBe(10 - (left?.Keys?.length ?? 0));
    const second = await client.send(new BatchGetItemCommand({ RequestItems: first.UnprocessedKeys }));
    const all = [...(first.Responses?.[TABLE] ?? []), ...(second.Responses?.[TABLE] ?? [])];
    expect(all.map((one) => one.sk?.S).sort()).toEqual(keys.map((key) => key.sk.S));
    expect(second.UnprocessedKeys ?? {}).toEqual({});
  });

  test('unprocessed: a batch write does some and returns the rest; a batch of one is done', async () => {
    const pk = freshPartition();
    const { client } = faulty([{ fault: 'unprocessed' }]);
    let left = {
      [TABLE]: Array.from({ length: 8 }, (_, i) => ({ PutRequest: { Item: item(pk, String(i)) } })),
    };
    let rounds = 0;
    while (Object.keys(left).length > 0) {
      const answer = await client.send(new BatchWriteItemCommand({ RequestItems: left }));
      left = (answer.UnprocessedItems ?? {}) as typeof left;
      rounds++;
      const undone = Object.values(left).flat();
      expect((await sortKeys(plain, pk)).found).toHaveLength(8 - undone.length);
    }
    expect(rounds).toBeGreaterThan(1);
  });

  test.each([
    ['short-page', true],
    ['short-page', false],
    ['empty-page', true],
    ['empty-page', false],
  ] as const)(
    '%s: a reader that follows the keys gets all items (ascending: %j)',
    async (fault, ascending) => {
      const pk = freshPartition();
      for (const sk of ['a', 'a#', 'b', 'c']) await plain.send(put(pk, sk));
      // Every second page, else empty pages would go on for ever.
      const turn = { count: 0 };
      const { client, faults } = faulty([{ fault, when: () => turn.count++ % 2 === 0 }]);
      const { found, pages } = await sortKeys(client, pk, { ScanIndexForward: ascending });
      expect(found).toEqual(ascending ? ['a', 'a#', 'b', 'c'] : ['c', 'b', 'a#', 'a']);
      expect(pages).toBeGreaterThan(1);
      expect(faults.injected.get(fault)).toBeGreaterThan(0);
    },
  );

  test('empty-page: a page has no items and a key to go on from, also between two bounds', async () => {
    const pk = freshPartition();
    for (const sk of ['1', '2']) await plain.send(put(pk, sk));
    const { client } = faulty(once('empty-page'));
    const bounds = {
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: '1' }, ':to': { S: '2' } },
    };
    const query = { TableName: TABLE, ConsistentRead: true, ...bounds };
    const page = await client.send(new QueryCommand(query));
    expect([page.Items, page.Count]).toEqual([[], 0]);
    expect(page.LastEvaluatedKey).toBeDefined();
    expect((await sortKeys(client, pk, bounds)).found).toEqual(['1', '2']);
  });

  test('stale-read: eventual reads lag behind writes, strong ones never', async () => {
    const pk = freshPartition();
    const { client, faults } = faulty([{ fault: 'stale-read' }]);
    const key = { pk: { S: pk }, sk: { S: '1' } };
    const get = async (ConsistentRead: boolean): Promise<string | undefined> => {
      const command = new GetItemCommand({
        ...{ TableName: TABLE, Key: key, ConsistentRead },
        ...{ ProjectionExpression: '#v', ExpressionAttributeNames: { '#v': 'value' } },
      });
      const { Item: found } = await client.send(command);
      expect(Object.keys(found ?? {})).toEqual(found ? ['value'] : []);
      return found?.value?.S;
    };
    const unconditional = (value: string): PutItemCommand =>
      new PutItemCommand({ TableName: TABLE, Item: item(pk, '1', value) });
    await client.send(unconditional('old'));
    expect([await get(false), await get(true)]).toEqual([undefined, 'old']);
    await client.send(unconditional('new'));
    const answers = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) answers.add(await get(false));
    expect([...answers].sort()).toEqual(['old', undefined]);
    expect(await get(true)).toBe('new');
    faults.setRules([]);
    expect(await get(false)).toBe('new');
  });

  test('stale-read: the newest items are missing from a Query and from a batch, the oldest are not', async () => {
    const pk = freshPartition();
    const { client } = faulty([{ fault: 'stale-read' }]);
    const all = ['1', '2', '3', '4', '5', '6', '7', '8'];
    for (const sk of all) await client.send(put(pk, sk));
    expect((await sortKeys(client, pk)).found).toEqual(all);
    const lengths = new Set<number>();
    for (let i = 0; i < 30; i++) {
      const { found } = await sortKeys(client, pk, { ConsistentRead: false, ProjectionExpression: 'sk' });
      expect(found).toEqual(all.slice(0, found.length));
      lengths.add(found.length);
    }
    expect(Math.min(...lengths)).toBe(2);
    expect(Math.max(...lengths)).toBe(7);
    const keys = all.map((sk) => ({ pk: { S: pk }, sk: { S: sk } }));
    const batch = await client.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: keys } } }));
    expect(batch.Responses?.[TABLE]?.length).toBeLessThan(8);
  });

  test('stale-read: what another process wrote is missing the first time', async () => {
    const pk = freshPartition();
    await plain.send(put(pk, '1'));
    const { client } = faulty([{ fault: 'stale-read' }]);
    const lengths: number[] = [];
    for (let i = 0; i < 2; i++)
      lengths.push((await sortKeys(client, pk, { ConsistentRead: false })).found.length);
    expect(lengths).toEqual([0, 1]);
  });

  test('rules: operations, skip, times and probability are kept', async () => {
    const pk = freshPartition();
    const { client, faults } = faulty([
      { fault: 'throttle', operations: ['GetItem'] },
      { fault: 'reset-before-effect', operations: ['PutItem'], skip: 2, times: 1 },
    ]);
    const outcomes: string[] = [];
    for (let i = 0; i < 5; i++) {
      outcomes.push(
        await client.send(put(pk, String(i))).then(
          () => 'ok',
          (error: unknown) => String((error as { code?: string }).code),
        ),
      );
    }
    expect(outcomes).toEqual(['ok', 'ok', 'ECONNRESET', 'ok', 'ok']);
    faults.setRules([{ fault: 'throttle', probability: 0.25 }]);
    let struck = 0;
    for (let i = 0; i < 200; i++) await sortKeys(client, pk).catch(() => struck++);
    expect(struck).toBeGreaterThan(25);
    expect(struck).toBeLessThan(75);
  });

  test('the same seed gives the same faults', async () => {
    const run = async (seed: number): Promise<string[]> => {
      const { client } = faulty([{ fault: 'throttle', probability: 0.5 }], seed);
      const pk = freshPartition();
      const names: string[] = [];
      for (let i = 0; i < 20; i++)
        names.push(
          await client.send(put(pk, String(i))).then(
            () => 'ok',
            (e: unknown) => (e as Error).name,
          ),
        );
      return names;
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });
});

describe('S3', () => {
  const BUCKET = 'mail';
  const bytes = Buffer.alloc(400_000, 'mail');
  let keys = 0;
  const freshKey = (): string => `faults/${++keys}`;
  const clock = { sleep: () => Promise.resolve(), random: () => 0.5 };

  test('throttle: SlowDown, as an XML error', async () => {
    const client = faulty(once('throttle')).s3;
    const error = await fails(client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'x' })));
    expect(error).toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    expect(classifyFailure(error)).toBe('throttle');
  });

  test.each(['truncated-body', 'broken-body'] as const)('%s: what comes is not all of it', async (fault) => {
    const key = freshKey();
    const client = faulty(once(fault)).s3;
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
    const answer = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(answer.ContentLength).toBe(bytes.length);
    const collected = answer.Body?.transformToByteArray();
    if (fault === 'broken-body') await expect(collected).rejects.toThrow('socket hang up');
    else expect((await collected)?.length).toBeLessThan(bytes.length);
  });

  test.each(['truncated-body', 'broken-body', 'reset-before-effect', 'server-error', 'throttle'] as const)(
    'the blob store reads on through %s, from the byte where it broke',
    async (fault) => {
      const { s3: client, faults } = faulty([]);
      const blobs = new S3BlobStore(client, BUCKET, { clock });
      const key = freshKey();
      await blobs.put(key, bytes, bytes.length);
      faults.setRules([{ fault, times: 3, operations: ['GetObject'] }]);
      expect(bytes.equals(await read(blobs, key))).toBe(true);
      faults.setRules([{ fault, times: 3, operations: ['GetObject'] }]);
      expect(bytes.subarray(17, 300_001).equals(await read(blobs, key, { start: 17, end: 300_001 }))).toBe(
        true,
      );
      expect(faults.injected.get(fault)).toBe(6);
    },
  );

  test('a read that never gets further is given up with a clear error', async () => {
    const key = freshKey();
    s3.objects.set(`${BUCKET}/${key}`, { bytes, modified: new Date() });
    const zero = new FaultTransport({ rules: [{ fault: 'truncated-body' }], random: () => 0 });
    const cut = s3Client(
      { region: 'us-east-1', endpoints: { s3: s3.endpoint } },
      { wrapTransport: zero.wrap },
    );
    opened.push(cut);
    await expect(read(new S3BlobStore(cut, BUCKET, { clock }), key)).rejects.toThrow(
      `reading ${key} from S3 broke off`,
    );
    expect(zero.injected.get('truncated-body')).toBe(5);
  });

  test.each(['reset-before-effect', 'reset-after-effect', 'server-error-after-effect', 'throttle'] as const)(
    'the blob store repeats a small put through %s',
    async (fault) => {
      const { s3: client } = faulty([{ fault, times: 2, operations: ['PutObject'] }]);
      const blobs = new S3BlobStore(client, BUCKET, { clock });
      const key = freshKey();
      await blobs.put(key, bytes, bytes.length);
      expect(bytes.equals(await read(blobs, key))).toBe(true);
    },
  );

  test('a repeated put that finds a stranger’s object in its place is told so', async () => {
    const key = freshKey();
    const { s3: client } = faulty([{ fault: 'reset-before-effect', times: 1, operations: ['PutObject'] }]);
    const blobs = new S3BlobStore(client, BUCKET, { clock });
    s3.objects.set(`${BUCKET}/${key}`, { bytes: Buffer.from('stranger'), modified: new Date() });
    await expect(blobs.put(key, bytes, bytes.length)).rejects.toThrow('already');
  });

  test('late-effect: an object appears after its put was given up', async () => {
    const { s3: client, faults } = faulty(once('late-effect'));
    const key = freshKey();
    const error = await fails(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes })));
    expect(outcomeUnknown(error)).toBe(true);
    expect(s3.objects.has(`${BUCKET}/${key}`)).toBe(false);
    await faults.releaseLate();
    expect(s3.objects.get(`${BUCKET}/${key}`)?.bytes.equals(bytes)).toBe(true);
  });

  test('unprocessed: the blob store deletes what S3 left the first time', async () => {
    const { s3: client, faults } = faulty([{ fault: 'unprocessed', times: 3 }]);
    const blobs = new S3BlobStore(client, BUCKET, { clock });
    const prefix = `${freshKey()}/`;
    const many = Array.from({ length: 30 }, (_, i) => `${prefix}${i}&<>`);
    for (const key of many) await blobs.put(key, Buffer.from('x'), 1);
    await blobs.delete(many);
    expect(await listed(blobs, prefix)).toEqual([]);
    expect(faults.injected.get('unprocessed')).toBeGreaterThan(1);
  });

  test('a delete that S3 keeps refusing in part fails, and says how much is left', async () => {
    const { s3: client } = faulty([{ fault: 'unprocessed' }]);
    const blobs = new S3BlobStore(client, BUCKET, { clock });
    const many = Array.from({ length: 1_000 }, (_, i) => `${freshKey()}/${i}`);
    await expect(blobs.delete(many)).rejects.toThrow(/S3 did not delete \d+ objects \(InternalError\)/);
  });
});

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dynamoDbClient, s3Client } from '../../../shared/aws/clients.ts';
import { S3BlobStore } from '../../../shared/blob/s3-blob-store.ts';
import { itemSize } from '../../support/dynamodb-items.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { startLoopbackS3 } from '../../support/loopback-s3.ts';
import { RequestLog } from '../../support/request-log.ts';

const TableName = 'mail';

let store: TestDynoxide;
let client: DynamoDBClient;
const log = new RequestLog();

beforeAll(async () => {
  store = await startTestDynoxide();
  client = dynamoDbClient(store.settings, { wrapTransport: log.wrap });
});
afterAll(async () => {
  client.destroy();
  await store.stop();
});

let partitions = 0;
const freshPartition = (): string => `log${++partitions}`;
const key = (pk: string, sk: string): Record<string, AttributeValue> => ({ pk: { S: pk }, sk: { S: sk } });
/** An item of exactly `size` bytes, as AWS counts them. */
function item(pk: string, sk: string, size: number): Record<string, AttributeValue> {
  const bare = { ...key(pk, sk), v: { B: new Uint8Array(0) } };
  const overhead = 2 + pk.length + 2 + sk.length + 1;
  return { ...bare, v: { B: new Uint8Array(size - overhead) } };
}
const put = (pk: string, sk: string, size: number): PutItemCommand =>
  new PutItemCommand({ TableName, Item: item(pk, sk, size) });

async function costOf(work: () => Promise<unknown>): Promise<[read: number, write: number]> {
  const { report } = await log.measure(work);
  return [report.readUnits, report.writeUnits];
}

describe('request units are those of AWS', () => {
  test.each([
    [50, 1],
    [1024, 1],
    [1025, 2],
    [10_240, 10],
    [399_000, 390],
  ])('a put of %d bytes costs %d write units', async (size, units) => {
    expect(await costOf(() => client.send(put(freshPartition(), '1', size)))).toEqual([0, units]);
  });

  test.each([
    [50, 1],
    [4096, 1],
    [4097, 2],
    [40_960, 10],
  ])('a strong read of %d bytes costs %d read units, an eventual one half', async (size, units) => {
    const pk = freshPartition();
    await client.send(put(pk, '1', size));
    const get = { TableName, Key: key(pk, '1') };
    expect(await costOf(() => client.send(new GetItemCommand({ ...get, ConsistentRead: true })))).toEqual([
      units,
      0,
    ]);
    expect(await costOf(() => client.send(new GetItemCommand(get)))).toEqual([units / 2, 0]);
  });

  test('a read costs what the item weighs, not what its projection does', async () => {
    const pk = freshPartition();
    await client.send(put(pk, '1', 9_000));
    const get = { TableName, Key: key(pk, '1'), ConsistentRead: true, ProjectionExpression: 'pk' };
    const { result, report } = await log.measure(() => client.send(new GetItemCommand(get)));
    expect(result.Item).toEqual({ pk: { S: pk } });
    expect(report).toEqual({ calls: { 'dynamodb.GetItem': 1 }, readUnits: 3, writeUnits: 0, roundTrips: 1 });
  });

  test('a read that finds nothing costs one unit, or half of one', async () => {
    const get = { TableName, Key: key(freshPartition(), '1') };
    expect(await costOf(() => client.send(new GetItemCommand({ ...get, ConsistentRead: true })))).toEqual([
      1, 0,
    ]);
    expect(await costOf(() => client.send(new GetItemCommand(get)))).toEqual([0.5, 0]);
  });

  test('a Query rounds up the sum, a batch each item', async () => {
    const pk = freshPartition();
    for (const sk of ['1', '2', '3']) await client.send(put(pk, sk, 3_000));
    const query = {
      TableName,
      ...{ KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: pk } } },
    };
    const strong = { ...query, ConsistentRead: true };
    expect(await costOf(() => client.send(new QueryCommand(strong)))).toEqual([3, 0]);
    expect(
      await costOf(() => client.send(new QueryCommand({ ...strong, ProjectionExpression: 'sk' }))),
    ).toEqual([3, 0]);
    expect(await costOf(() => client.send(new QueryCommand(query)))).toEqual([1.5, 0]);
    expect(await costOf(() => client.send(new QueryCommand({ ...strong, Limit: 1 })))).toEqual([1, 0]);
    const Keys = ['1', '2', '3', '4'].map((sk) => key(pk, sk));
    const batch = { [TableName]: { Keys, ConsistentRead: true } };
    expect(await costOf(() => client.send(new BatchGetItemCommand({ RequestItems: batch })))).toEqual([4, 0]);
  });

  test('update and delete cost the larger of what was and what is', async () => {
    const pk = freshPartition();
    await client.send(put(pk, '1', 5_000));
    const update = new UpdateItemCommand({ TableName, Key: key(pk, '1'), UpdateExpression: 'REMOVE v' });
    expect(await costOf(() => client.send(update))).toEqual([0, 5]);
    await client.send(put(pk, '1', 3_000));
    expect(await costOf(() => client.send(new DeleteItemCommand({ TableName, Key: key(pk, '1') })))).toEqual([
      0, 3,
    ]);
  });

  test('a batch of writes costs their sum', async () => {
    const pk = freshPartition();
    const puts = [1_500, 2_500].map((size, i) => ({ PutRequest: { Item: item(pk, String(i), size) } }));
    expect(
      await costOf(() => client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }))),
    ).toEqual([0, 5]);
  });

  test('transactions cost double', async () => {
    const pk = freshPartition();
    const TransactItems = [1_500, 100].map((size, i) => ({
      Put: { TableName, Item: item(pk, String(i), size) },
    }));
    expect(await costOf(() => client.send(new TransactWriteItemsCommand({ TransactItems })))).toEqual([0, 6]);
    const gets = { TransactItems: [{ Get: { TableName, Key: key(pk, '0') } }] };
    expect(await costOf(() => client.send(new TransactGetItemsCommand(gets)))).toEqual([2, 0]);
  });

  test('a refused condition costs the larger item, asked for or not, and shows the old one only if asked for', async () => {
    const pk = freshPartition();
    await client.send(put(pk, '1', 7_000));
    const again = { TableName, Item: item(pk, '1', 100), ConditionExpression: 'attribute_not_exists(pk)' };
    for (const more of [{}, { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }]) {
      let old: unknown;
      const refused = () =>
        client.send(new PutItemCommand({ ...again, ...more })).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'ConditionalCheckFailedException' });
          old = (error as { Item?: unknown }).Item;
        });
      expect(await costOf(refused)).toEqual([0, 7]);
      expect(old === undefined).toBe(Object.keys(more).length === 0);
    }
    const TransactItems = [
      { Put: { ...again, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const } },
      { Put: { TableName, Item: item(pk, '2', 2_000) } },
    ];
    const cancelled = () =>
      client.send(new TransactWriteItemsCommand({ TransactItems })).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'TransactionCanceledException' });
      });
    expect(await costOf(cancelled)).toEqual([0, 2 * 7 + 2 * 2]);
  });

  test('an item’s size is names and values, as the developer guide counts them', () => {
    expect(itemSize({ pk: { S: 'é' } })).toBe(4);
    expect(itemSize({ a: { N: '123456' } })).toBe(1 + 4);
    expect(itemSize({ a: { N: '-0.00120' } })).toBe(1 + 2);
    expect(itemSize({ a: { B: Buffer.alloc(10).toString('base64') } })).toBe(11);
    expect(itemSize({ a: { BOOL: true }, b: { NULL: true } })).toBe(4);
    expect(itemSize({ a: { L: [{ S: 'xy' }, { BOOL: true }] } })).toBe(1 + 3 + 1 + 2 + 1 + 1);
    expect(itemSize({ a: { M: { bc: { S: 'x' } } } })).toBe(1 + 3 + 1 + 2 + 1);
    expect(itemSize({ a: { SS: ['x', 'yz'] }, b: { NS: ['1'] } })).toBe(1 + 3 + 1 + 2);
    expect(itemSize(undefined)).toBe(0);
  });
});

describe('round trips are counted, not calls', () => {
  const get = (): Promise<unknown> =>
    client.send(new GetItemCommand({ TableName, Key: key('none', '1'), ConsistentRead: true }));

  test('one after the other', async () => {
    const { report } = await log.measure(async () => {
      for (let i = 0; i < 3; i++) await get();
    });
    expect(report).toMatchObject({ calls: { 'dynamodb.GetItem': 3 }, roundTrips: 3, readUnits: 3 });
  });

  test('side by side', async () => {
    const { report } = await log.measure(() => Promise.all([get(), get(), get()]));
    expect(report).toMatchObject({ calls: { 'dynamodb.GetItem': 3 }, roundTrips: 1 });
  });

  test('side by side, then one more', async () => {
    const { report } = await log.measure(async () => {
      await Promise.all([get(), get()]);
      await get();
    });
    expect(report.roundTrips).toBe(2);
  });

  test('nothing at all', async () => {
    const { report } = await log.measure(() => Promise.resolve());
    expect(report).toEqual({ calls: {}, readUnits: 0, writeUnits: 0, roundTrips: 0 });
  });

  test('across services, failed calls included', async () => {
    const s3 = await startLoopbackS3();
    const blobClient = s3Client(
      { region: 'us-east-1', endpoints: { s3: s3.endpoint } },
      { wrapTransport: log.wrap },
    );
    try {
      const blobs = new S3BlobStore(blobClient, 'mail');
      const { report } = await log.measure(async () => {
        await Promise.all([blobs.put('a/b', Buffer.from('x'), 1), get()]);
        await blobs.get('a/none').catch(() => undefined);
        await blobs.delete(['a/b']);
      });
      expect(report.calls).toEqual({
        'dynamodb.GetItem': 1,
        's3.DeleteObjects': 1,
        's3.GetObject': 1,
        's3.PutObject': 1,
      });
      expect(report.roundTrips).toBe(3);
      expect(log.calls.find((call) => call.name === 's3.GetObject')?.outcome).toBe(404);
    } finally {
      blobClient.destroy();
      await s3.stop();
    }
    const broken = await log.measure(() => blobsGone(s3.endpoint));
    expect(broken.report.calls).toEqual({ 's3.HeadObject': 1 });
    expect(log.calls[0]?.outcome).toBe('ECONNREFUSED');
  });

  async function blobsGone(endpoint: string): Promise<void> {
    const gone = s3Client({ region: 'us-east-1', endpoints: { s3: endpoint } }, { wrapTransport: log.wrap });
    const clock = { sleep: () => Promise.reject(new Error('no second attempt here')), random: () => 0 };
    const blobs = new S3BlobStore(gone, 'mail', { clock });
    await expect(blobs.get('x', { start: 1, end: 1 })).rejects.toThrow('no second attempt here');
    gone.destroy();
  }
});

/** What a request is counted as: by what DynamoDB tells, by the request for S3 and SQS; refused and failed ones too. */
import { describe, expect, test } from '@jest/globals';
import { type MeteredService, meterRequests } from '../../../shared/aws/request-meter.ts';
import { actingFor } from '../../../shared/metrics/activity.ts';
import { type Measured, MetricRegistry } from '../../../shared/metrics/metrics.ts';

interface Args {
  readonly input: object;
}
type Next = (args: Args) => Promise<{ output: object }>;
type Middleware = (next: Next, context: { commandName?: string }) => Next;

/** A client with nothing but its middlewares; `answer` is the service. */
function client(service: MeteredService, operation: string, answer: Next) {
  let measured: readonly Measured[] = [];
  const metrics = new MetricRegistry(
    (all) => (measured = all),
    () => 0,
  );
  let send: Next = answer;
  const middlewareStack = {
    add: (middleware: Middleware) => (send = middleware(answer, { commandName: `${operation}Command` })),
  };
  meterRequests({ middlewareStack }, service, metrics);
  return {
    send,
    told: () => {
      metrics.flush();
      return measured.map(({ name, of, value }) => [`${name} ${of ?? ''}`.trim(), value]);
    },
  };
}

const failing = (name: string, more: object = {}): Next => {
  return () => Promise.reject(Object.assign(new Error('no'), { name, ...more }));
};

describe('DynamoDB', () => {
  test('is asked what a read consumed, and counted for who asked', async () => {
    const asked: object[] = [];
    const { send, told } = client('dynamodb', 'Query', (args) => {
      asked.push(args.input);
      return Promise.resolve({ output: { ConsumedCapacity: { CapacityUnits: 2.5 } } });
    });
    await actingFor('search', () => send({ input: { TableName: 'mail' } }));
    expect(asked).toEqual([{ TableName: 'mail', ReturnConsumedCapacity: 'TOTAL' }]);
    expect(told()).toEqual([
      ['ReadUnits search', 2.5],
      ['RequestUnits dynamodb.Query', 2.5],
    ]);
  });

  test('a transaction over tables is the sum of them; one repeated with its token is a read', async () => {
    const ConsumedCapacity = [{ CapacityUnits: 6 }, { CapacityUnits: 4, ReadCapacityUnits: 4 }];
    const answer: Next = () => Promise.resolve({ output: { ConsumedCapacity } });
    const { send, told } = client('dynamodb', 'TransactWriteItems', answer);
    await actingFor('deliver', () => send({ input: {} }));
    expect(told()).toEqual([
      ['ReadUnits deliver', 4],
      ['WriteUnits deliver', 6],
      ['RequestUnits dynamodb.TransactWriteItems', 10],
    ]);
  });

  test.each([
    ['a condition that was false', failing('ConditionalCheckFailedException'), 1],
    [
      'a transaction of two that a condition cancelled',
      failing('TransactionCanceledException', {
        CancellationReasons: [{ Code: 'ConditionalCheckFailed' }, { Code: 'None' }],
      }),
      4,
    ],
    ['a throttle', failing('ThrottlingException'), 0],
    [
      'a transaction that met another',
      failing('TransactionCanceledException', { CancellationReasons: [{ Code: 'TransactionConflict' }] }),
      0,
    ],
  ])('%s is billed as so many units, and fails as it did', async (_, answer, units) => {
    const { send, told } = client('dynamodb', 'PutItem', answer);
    await expect(send({ input: {} })).rejects.toThrow('no');
    const [written] = told().filter(([name]) => name === 'WriteUnits idle');
    expect(written?.[1] ?? 0).toBe(units);
  });

  test('what has no units is let through as it is', async () => {
    const asked: object[] = [];
    const { send, told } = client('dynamodb', 'DescribeTable', (args) => {
      asked.push(args.input);
      return Promise.resolve({ output: {} });
    });
    await send({ input: { TableName: 'mail' } });
    expect({ asked, told: told() }).toEqual({ asked: [{ TableName: 'mail' }], told: [] });
  });
});

describe('S3 and SQS', () => {
  test.each([
    ['s3', 'PutObject', 'ObjectPuts'],
    ['s3', 'ListObjectsV2', 'ObjectPuts'],
    ['s3', 'GetObject', 'ObjectGets'],
    ['s3', 'HeadObject', 'ObjectGets'],
    ['sqs', 'ReceiveMessage', 'QueueRequests'],
  ] as const)('%s %s is one of %s, answered or not', async (service, operation, name) => {
    const { send, told } = client(service, operation, failing('TimeoutError'));
    await expect(send({ input: {} })).rejects.toThrow('no');
    expect(told()).toEqual([
      [`${name} idle`, 1],
      [`RequestUnits ${service}.${operation}`, 1],
      ['StoreFaults', 1],
    ]);
  });

  test('what is put is counted by its bytes as well', async () => {
    const { send, told } = client('s3', 'UploadPart', () => Promise.resolve({ output: {} }));
    for (const ContentLength of [5_000, 0, 300]) await send({ input: { ContentLength } });
    expect(told()).toContainEqual(['BytesStored', 5_300]);
  });

  test('deletions of objects cost nothing', async () => {
    const { send, told } = client('s3', 'DeleteObjects', () => Promise.resolve({ output: {} }));
    await send({ input: {} });
    expect(told()).toEqual([]);
  });
});

describe('what fails', () => {
  test.each([
    ['SlowDown', ['StoreThrottles', 1]],
    ['ProvisionedThroughputExceededException', ['StoreThrottles', 1]],
    ['TimeoutError', ['StoreFaults', 1]],
    ['AccessDenied', undefined],
    ['NoSuchKey', undefined],
    ['PreconditionFailed', undefined],
  ] as const)('%s is counted as %j', async (name, counted) => {
    const { send, told } = client('s3', 'DeleteObjects', failing(name));
    await expect(send({ input: {} })).rejects.toThrow('no');
    expect(told()).toEqual(counted ? [counted] : []);
  });
});

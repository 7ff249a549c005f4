/** What the tally asks of AWS, page by page, against clients that answer as the API does. */
import type { GetMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import type { ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { askCloudWatch, standingOf } from '../../../functions/tally/aws.ts';
import { monthToDate } from '../../../functions/tally/tally.ts';
import { shapeFor } from '../../../infra/cost/shape.ts';
import { pricesIn } from '../../../shared/cost/prices.ts';
import { TALLY, usageOf } from '../../../shared/cost/workload.ts';
import { SAMPLE_RESOURCES, fixedQuantities } from '../../support/sample-metrics.ts';

interface Sent {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A client of any service, which answers each command by its name. */
function answering(answer: (sent: Sent) => object): { client: never; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (command: { constructor: { name: string }; input: Sent['input'] }): Promise<object> => {
    const each = { name: command.constructor.name.replace(/Command$/, ''), input: command.input };
    sent.push(each);
    return Promise.resolve(answer(each));
  };
  return { client: { send } as never, sent };
}

const SPAN = { from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 2) };
const QUERIES = [
  {
    id: 'm1',
    metric: { namespace: 'Quire', name: 'Deliveries', dimensions: {}, stat: 'Sum' },
    hidden: true,
  },
  { id: 'e1', expression: 'm1*2', label: 'twice' },
] as const;

describe('values of metrics', () => {
  test('come page by page, and are put together by id', async () => {
    const { client, sent } = answering(({ input }) =>
      input.NextToken === undefined
        ? { MetricDataResults: [{ Id: 'e1', Values: [1, 2] }], NextToken: 'more' }
        : { MetricDataResults: [{ Id: 'e1', Values: [3] }] },
    );
    const values = await askCloudWatch(client)(QUERIES, 3_600, SPAN);
    expect(values.get('e1')).toEqual([1, 2, 3]);
    expect(sent).toHaveLength(2);
    const { MetricDataQueries, StartTime, EndTime } = sent[0]?.input as unknown as GetMetricDataCommandInput;
    expect({ StartTime, EndTime }).toEqual({ StartTime: new Date(SPAN.from), EndTime: new Date(SPAN.to) });
    expect(MetricDataQueries).toEqual([
      {
        Id: 'm1',
        MetricStat: {
          Metric: { Namespace: 'Quire', MetricName: 'Deliveries', Dimensions: [] },
          Period: 3_600,
          Stat: 'Sum',
        },
        ReturnData: false,
      },
      { Id: 'e1', Expression: 'm1*2', Period: 3_600, ReturnData: true },
    ]);
  });

  test('a month is asked for by one request, and by as many metrics as the estimate counts', async () => {
    const workload = { users: 10, messagesPerDay: 40, messageKb: 40, storedGb: 1, sessions: 1 };
    const shape = shapeFor(workload, { size: 'small', tls: 'load-balancer', network: 'public' });
    const { client, sent } = answering(() => ({ MetricDataResults: [] }));
    const settings = {
      resources: SAMPLE_RESOURCES,
      fixed: shape,
      monthly: fixedQuantities(usageOf(workload, shape)),
      prices: pricesIn('us-east-1'),
    };
    await monthToDate(settings, askCloudWatch(client), Date.UTC(2026, 10, 15));
    expect(sent).toHaveLength(1);
    const { MetricDataQueries = [] } = sent[0]?.input as unknown as GetMetricDataCommandInput;
    expect(MetricDataQueries.length).toBeLessThanOrEqual(500);
    const metrics = MetricDataQueries.filter(({ MetricStat }) => MetricStat !== undefined).length;
    expect(metrics).toBeLessThanOrEqual(TALLY.metricsPerRun);
    expect(metrics).toBeGreaterThan(TALLY.metricsPerRun / 2);
  });
});

describe('how tables and buckets stand', () => {
  const tables = (backup: string) =>
    answering(({ name, input }) => {
      if (name === 'DescribeTable')
        return { Table: { TableSizeBytes: input.TableName === 'mail-table' ? 7 : 3 } };
      if (name === 'DescribeContinuousBackups')
        return {
          ContinuousBackupsDescription: {
            PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: backup },
          },
        };
      return input.ExclusiveStartKey === undefined
        ? { Count: 40, LastEvaluatedKey: { pk: { S: 'account#x' } } }
        : { Count: 2 };
    });
  const buckets = (Status?: string) => answering(() => (Status === undefined ? {} : { Status }));

  test('sizes by table, accounts counted over all pages, nothing switched off', async () => {
    const dynamodb = tables('ENABLED');
    const s3 = buckets('Enabled');
    const standing = await standingOf({ dynamodb: dynamodb.client, s3: s3.client }, SAMPLE_RESOURCES);
    expect(standing).toEqual({
      tableBytes: { 'mail-table': 7, 'directory-table': 3, 'keys-table': 3 },
      mailboxes: 42,
      backupsOff: [],
    });
  });

  test('accounts are counted by the table: no item is asked for', async () => {
    const dynamodb = tables('ENABLED');
    await standingOf({ dynamodb: dynamodb.client, s3: buckets('Enabled').client }, SAMPLE_RESOURCES);
    const scans = dynamodb.sent.filter(({ name }) => name === 'Scan');
    expect(scans).toHaveLength(2);
    for (const { input } of scans as { input: unknown }[])
      expect(input as ScanCommandInput).toMatchObject({ TableName: 'directory-table', Select: 'COUNT' });
  });

  test('a table whose backup is off, a bucket that never had versions, and one where they were suspended, are told by name', async () => {
    const off = async (backup: string, versions?: string) => {
      const clients = { dynamodb: tables(backup).client, s3: buckets(versions).client };
      return (await standingOf(clients, SAMPLE_RESOURCES)).backupsOff;
    };
    expect(await off('DISABLED', 'Enabled')).toEqual(['mail-table', 'directory-table', 'keys-table']);
    expect(await off('ENABLED')).toEqual(['mail-bucket', 'inbound-bucket']);
    expect(await off('ENABLED', 'Suspended')).toEqual(['mail-bucket', 'inbound-bucket']);
  });
});

/** What the tally asks of AWS: values of metrics, and how tables and buckets stand. */
import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { withRetry } from '../../shared/aws/retry.ts';
import { keyPrefixes } from '../../shared/directory/keys.ts';
import { type Resources, tablesOf } from '../../shared/cost/meters.ts';
import type { Query } from '../../shared/cost/metric-query.ts';
import type { AskMetrics, Standing } from './tally.ts';

/** GetMetricData takes so many lines at once. */
const MOST_QUERIES = 500;

export function askCloudWatch(client: CloudWatchClient): AskMetrics {
  return async (queries, periodSeconds, { from, to }) => {
    if (queries.length > MOST_QUERIES)
      throw new Error(`GetMetricData takes ${MOST_QUERIES} lines, not ${queries.length}`);
    const found = new Map<string, number[]>();
    let next: string | undefined;
    do {
      const command = new GetMetricDataCommand({
        MetricDataQueries: queries.map((query) => dataQuery(query, periodSeconds)),
        StartTime: new Date(from),
        EndTime: new Date(to),
        ...(next === undefined ? {} : { NextToken: next }),
      });
      const answer: GetMetricDataCommandOutput = await withRetry(() => client.send(command));
      for (const { Id = '', Values = [] } of answer.MetricDataResults ?? [])
        found.set(Id, [...(found.get(Id) ?? []), ...Values]);
      next = answer.NextToken;
    } while (next !== undefined);
    return found;
  };
}

function dataQuery(query: Query, Period: number): MetricDataQuery {
  const ReturnData = query.hidden !== true;
  if ('expression' in query) return { Id: query.id, Expression: query.expression, Period, ReturnData };
  const { namespace, name, dimensions, stat } = query.metric;
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: query.id,
    MetricStat: { Metric: { Namespace: namespace, MetricName: name, Dimensions }, Period, Stat: stat },
    ReturnData,
  };
}

export interface StandingClients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
}

export async function standingOf(clients: StandingClients, resources: Resources): Promise<Standing> {
  const { directoryTable, mailBucket, inboundBucket } = resources;
  const tables = tablesOf(resources);
  const [bytes, backups, versions, mailboxes] = await Promise.all([
    Promise.all(tables.map((table) => tableBytes(clients, table))),
    Promise.all(tables.map((table) => isBackedUp(clients, table))),
    Promise.all([mailBucket, inboundBucket].map((bucket) => isVersioned(clients, bucket))),
    countAccounts(clients, directoryTable),
  ]);
  const on = [...backups, ...versions];
  return {
    tableBytes: Object.fromEntries(tables.map((table, index) => [table, bytes[index] ?? 0])),
    mailboxes,
    backupsOff: [...tables, mailBucket, inboundBucket].filter((_, index) => on[index] !== true),
  };
}

/** DynamoDB counts about every six hours. */
async function tableBytes({ dynamodb }: StandingClients, TableName: string): Promise<number> {
  const { Table } = await withRetry(() => dynamodb.send(new DescribeTableCommand({ TableName })));
  return Table?.TableSizeBytes ?? 0;
}

async function isBackedUp({ dynamodb }: StandingClients, TableName: string): Promise<boolean> {
  const command = new DescribeContinuousBackupsCommand({ TableName });
  const { ContinuousBackupsDescription } = await withRetry(() => dynamodb.send(command));
  const { PointInTimeRecoveryDescription } = ContinuousBackupsDescription ?? {};
  return PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED';
}

async function isVersioned({ s3 }: StandingClients, Bucket: string): Promise<boolean> {
  const { Status } = await withRetry(() => s3.send(new GetBucketVersioningCommand({ Bucket })));
  return Status === 'Enabled';
}

/** Counted by the table, so that no item of the directory, and no hash of a password, leaves it. */
async function countAccounts({ dynamodb }: StandingClients, TableName: string): Promise<number> {
  let count = 0;
  let next: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const command = new ScanCommand({
      TableName,
      Select: 'COUNT',
      FilterExpression: 'begins_with(pk, :account)',
      ExpressionAttributeValues: { ':account': { S: keyPrefixes.account } },
      ...(next ? { ExclusiveStartKey: next } : {}),
    });
    const page: ScanCommandOutput = await withRetry(() => dynamodb.send(command));
    count += page.Count ?? 0;
    next = page.LastEvaluatedKey;
  } while (next);
  return count;
}

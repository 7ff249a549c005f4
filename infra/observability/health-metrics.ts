/** The metrics of the health dashboard and its alarms, by what they tell. */
import { aws, ownMetrics, tablesOf } from '../../shared/cost/meters.ts';
import type { MetricRef, Statistic } from '../../shared/cost/metric-query.ts';
import { REPLICATION_RULE } from '../stacks/names.ts';
import type { HealthResources } from './health-resources.ts';

/** Operations by which Quire asks each of its tables: an alarm watches ten metrics at most, so that they are not one list. */
const MAIL_OPERATIONS = [
  'GetItem',
  'BatchGetItem',
  'Query',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'TransactWriteItems',
] as const;
const DIRECTORY_OPERATIONS = [
  'GetItem',
  'BatchGetItem',
  'Query',
  'UpdateItem',
  'TransactWriteItems',
] as const;
/** Of the data keys: a look at one, a new one, one that is deleted with its account. */
const KEY_OPERATIONS = ['GetItem', 'PutItem', 'UpdateItem'] as const;
/** Whose latency people feel: reads of an account, and the puts of its records. */
export const TIMED_OPERATIONS = ['Query', 'GetItem', 'PutItem', 'TransactWriteItems'] as const;

export function healthMetrics(resources: HealthResources) {
  const { own } = ownMetrics(resources.namespace);
  const tables = tablesOf(resources);
  const balancer = { LoadBalancer: resources.loadBalancer };
  const service = { ClusterName: resources.cluster, ServiceName: resources.service };
  const lambda = (name: string, FunctionName: string, stat: Statistic): MetricRef =>
    aws('AWS/Lambda', name, stat, { FunctionName });
  const faults = (TableName: string, operations: readonly string[]): MetricRef[] =>
    operations.map((Operation) => aws('AWS/DynamoDB', 'SystemErrors', 'Sum', { TableName, Operation }));
  const visible = (QueueName: string): MetricRef =>
    aws('AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', { QueueName });
  return {
    own,
    commands: (Command: string): MetricRef => own('Commands', 'Sum', { Command }),
    latency: (Command: string): MetricRef => own('CommandLatency', 'p99', { Command }),
    queueAge: aws('AWS/SQS', 'ApproximateAgeOfOldestMessage', 'Maximum', {
      QueueName: resources.deliveryQueue,
    }),
    queueDepth: visible(resources.deliveryQueue),
    deadLetters: (which: keyof HealthResources['deadLetters']): MetricRef =>
      visible(resources.deadLetters[which]),
    consumed: (kind: 'Read' | 'Write'): MetricRef =>
      aws('AWS/DynamoDB', `Consumed${kind}CapacityUnits`, 'Sum', { TableName: resources.mailTable }),
    throttles: tables.flatMap((TableName) =>
      ['ReadThrottleEvents', 'WriteThrottleEvents'].map((name) =>
        aws('AWS/DynamoDB', name, 'Sum', { TableName }),
      ),
    ),
    mailTableFaults: faults(resources.mailTable, MAIL_OPERATIONS),
    directoryFaults: [
      ...faults(resources.directoryTable, DIRECTORY_OPERATIONS),
      ...faults(resources.keysTable, KEY_OPERATIONS),
    ],
    tableLatency: (Operation: (typeof TIMED_OPERATIONS)[number]): MetricRef =>
      aws('AWS/DynamoDB', 'SuccessfulRequestLatency', 'Average', {
        TableName: resources.mailTable,
        Operation,
      }),
    deliver: (name: string, stat: Statistic): MetricRef => lambda(name, resources.deliver, stat),
    compact: (name: string, stat: Statistic): MetricRef => lambda(name, resources.compact, stat),
    expunge: (name: string, stat: Statistic): MetricRef => lambda(name, resources.expunge, stat),
    tally: (name: string, stat: Statistic): MetricRef => lambda(name, resources.tally, stat),
    cpu: aws('AWS/ECS', 'CPUUtilization', 'Average', service),
    memory: aws('AWS/ECS', 'MemoryUtilization', 'Maximum', service),
    tasks: aws('AWS/ECS', 'CPUUtilization', 'SampleCount', service),
    healthy: aws('AWS/NetworkELB', 'HealthyHostCount', 'Maximum', {
      ...balancer,
      TargetGroup: resources.targetGroup,
    }),
    flows: aws('AWS/NetworkELB', 'ActiveFlowCount', 'Average', balancer),
    resets: aws('AWS/NetworkELB', 'TCP_Target_Reset_Count', 'Sum', balancer),
    handshakes: aws('AWS/NetworkELB', 'ClientTLSNegotiationErrorCount', 'Sum', balancer),
    ...(resources.standby === undefined ? {} : { copying: copyingMetrics(resources, resources.standby) }),
    ...(resources.certificateArn === undefined
      ? {}
      : {
          certificate: aws('AWS/CertificateManager', 'DaysToExpiry', 'Minimum', {
            CertificateArn: resources.certificateArn,
          }),
        }),
  };
}

/** How far the copies in another region are behind, and what could not be copied: of each table and each bucket. */
function copyingMetrics(resources: HealthResources, standby: NonNullable<HealthResources['standby']>) {
  const buckets = [
    [resources.mailBucket, standby.mailBucket],
    [resources.inboundBucket, standby.inboundBucket],
  ] as const;
  return {
    latency: tablesOf(resources).map((TableName) =>
      aws('AWS/DynamoDB', 'ReplicationLatency', 'Average', { TableName, ReceivingRegion: standby.region }),
    ),
    failed: buckets.map(([SourceBucket, DestinationBucket]) =>
      aws('AWS/S3', 'OperationsFailedReplication', 'Sum', {
        SourceBucket,
        DestinationBucket,
        RuleId: REPLICATION_RULE,
      }),
    ),
  };
}

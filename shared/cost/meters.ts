/** Where CloudWatch knows from how much of each item is used: AWS's own metrics where there are any, else Quire's. */
import type { Activity, MetricName } from '../metrics/catalogue.ts';
import { ITEMS, ITEM_NAMES, type ItemName, type Service } from './items.ts';
import type { MetricRef, Statistic } from './metric-query.ts';
import { OTHER_ZONE, type Shape } from './workload.ts';

/** Names of what is billed, as the dimensions of AWS's metrics have them. */
export interface Resources {
  /** Of Quire's own metrics. */
  readonly namespace: string;
  readonly mailTable: string;
  readonly directoryTable: string;
  readonly keysTable: string;
  readonly mailBucket: string;
  readonly inboundBucket: string;
  readonly topic: string;
  readonly deliveryQueue: string;
  readonly deliver: string;
  readonly compact: string;
  readonly expunge: string;
  readonly cluster: string;
  readonly service: string;
  readonly loadBalancer: string;
  readonly logGroups: readonly string[];
}

/** All tables: each is billed, throttled and backed up. */
export function tablesOf({ mailTable, directoryTable, keysTable }: Resources): readonly string[] {
  return [mailTable, directoryTable, keysTable];
}

/** Classes of S3, as its metrics name them, in which `coldStorage` may have mail. */
const COLD = [
  'IntelligentTieringFAStorage',
  'IntelligentTieringIAStorage',
  'IntelligentTieringAIAStorage',
  'StandardIAStorage',
  'GlacierInstantRetrievalStorage',
];

/** What does not change with use. */
export type Fixed = Pick<
  Shape,
  'taskCpu' | 'taskGb' | 'deliveryGb' | 'tls' | 'network' | 'domains' | 'alarms' | 'metrics'
>;

/**
 * How a quantity is read off metrics.
 * - `sum`: what the metrics add up to, times `scale`;
 * - `hours`: a level that is billed by the hour, such as tasks;
 * - `month`: a level that is billed by the month, such as what is stored. Told a few times a day, so that it is repeated;
 * - `fixed`: so much a month, whatever happens.
 */
export type Meter =
  | {
      readonly kind: 'sum' | 'hours' | 'month';
      readonly metrics: readonly MetricRef[];
      readonly scale: number;
    }
  | { readonly kind: 'fixed'; readonly perMonth: number };

export const GB = 1_024 ** 3;
const MINUTES_PER_HOUR = 60;
const ZONES = 2;
const COMPACT_GB = 1;
const EXPUNGE_GB = 2;
const KEY_REQUESTS_PER_OBJECT_REQUEST = 0.01;

export function metersOf(
  resources: Resources,
  fixed: Fixed,
  monthly: FixedQuantities,
): Record<ItemName, Meter> {
  const { own, by } = ownMetrics(resources.namespace);
  const sum = (metrics: readonly MetricRef[], scale = 1): Meter => ({ kind: 'sum', metrics, scale });
  const constant = (perMonth: number): Meter => ({ kind: 'fixed', perMonth });
  const { mailBucket, inboundBucket } = resources;
  const tables = tablesOf(resources).map((Table) => own('TableBytes', 'Average', { Table }));
  const storedIn = (BucketName: string, colder: readonly string[] = []) =>
    ['StandardStorage', ...colder].map((StorageType) =>
      aws('AWS/S3', 'BucketSizeBytes', 'Average', { BucketName, StorageType }),
    );
  const lambda = (name: string, FunctionName: string) => aws('AWS/Lambda', name, 'Sum', { FunctionName });
  const sqs = (name: string) => aws('AWS/SQS', name, 'Sum', { QueueName: resources.deliveryQueue });
  // ECS tells its CPU once a minute for each task.
  const tasks = [
    aws('AWS/ECS', 'CPUUtilization', 'SampleCount', {
      ClusterName: resources.cluster,
      ServiceName: resources.service,
    }),
  ];
  const taskHours = (scale: number): Meter => sum(tasks, scale / MINUTES_PER_HOUR);
  return {
    mailReceived: sum([own('MessagesReceived', 'Sum')]),
    mailChunks: sum([own('ChunksReceived', 'Sum')]),
    inboundPuts: sum([own('MessagesReceived', 'Sum')]),
    deliverPuts: sum([by('ObjectPuts', 'deliver')]),
    deliverGets: sum([by('ObjectGets', 'deliver')]),
    readPuts: sum([by('ObjectPuts', 'read'), by('ObjectPuts', 'search'), by('ObjectPuts', 'idle')]),
    readGets: sum([by('ObjectGets', 'read'), by('ObjectGets', 'idle')]),
    searchGets: sum([by('ObjectGets', 'search')]),
    compactPuts: sum([by('ObjectPuts', 'compact')]),
    compactGets: sum([by('ObjectGets', 'compact')]),
    keepPuts: sum([by('ObjectPuts', 'keep')]),
    keepGets: sum([by('ObjectGets', 'keep')]),
    objectStorage: {
      kind: 'month',
      metrics: [mailBucket, inboundBucket].flatMap((bucket) =>
        storedIn(bucket, bucket === mailBucket ? COLD : []),
      ),
      scale: 1 / GB,
    },
    deliverReads: sum([by('ReadUnits', 'deliver')]),
    deliverWrites: sum([by('WriteUnits', 'deliver')]),
    readReads: sum([by('ReadUnits', 'read')]),
    readWrites: sum([by('WriteUnits', 'read'), by('WriteUnits', 'search')]),
    searchReads: sum([by('ReadUnits', 'search')]),
    idleReads: sum([by('ReadUnits', 'idle')]),
    idleWrites: sum([by('WriteUnits', 'idle')]),
    compactReads: sum([by('ReadUnits', 'compact')]),
    compactWrites: sum([by('WriteUnits', 'compact')]),
    keepReads: sum([by('ReadUnits', 'keep')]),
    keepWrites: sum([by('WriteUnits', 'keep')]),
    tableStorage: { kind: 'month', metrics: tables, scale: 1 / GB },
    tableBackup: { kind: 'month', metrics: tables, scale: 1 / GB },
    deliverRuns: sum([lambda('Invocations', resources.deliver)]),
    deliverGbSeconds: sum([lambda('Duration', resources.deliver)], fixed.deliveryGb / 1_000),
    compactRuns: sum([lambda('Invocations', resources.compact)]),
    compactGbSeconds: sum([lambda('Duration', resources.compact)], COMPACT_GB / 1_000),
    keepRuns: sum([lambda('Invocations', resources.expunge)]),
    keepGbSeconds: sum([lambda('Duration', resources.expunge)], EXPUNGE_GB / 1_000),
    notifications: sum([aws('AWS/SNS', 'NumberOfMessagesPublished', 'Sum', { TopicName: resources.topic })]),
    // Requests, if none of them brings more than one message: at most so many.
    deliveryQueue: sum(
      [
        'NumberOfMessagesSent',
        'NumberOfMessagesReceived',
        'NumberOfEmptyReceives',
        'NumberOfMessagesDeleted',
      ].map(sqs),
    ),
    deliverWakes: sum([by('QueueRequests', 'deliver')]),
    readWakes: sum([by('QueueRequests', 'read'), by('QueueRequests', 'search')]),
    keepWakes: sum([by('QueueRequests', 'keep')]),
    idleQueue: sum([by('QueueRequests', 'idle')]),
    taskCpu: taskHours(fixed.taskCpu),
    taskMemory: taskHours(fixed.taskGb),
    taskAddresses: fixed.network === 'public' ? taskHours(1) : constant(0),
    endpoints: constant(monthly.endpoints),
    balancerHours: constant(monthly.balancerHours),
    balancerUnits: {
      kind: 'hours',
      metrics: [aws('AWS/NetworkELB', 'ConsumedLCUs', 'Average', { LoadBalancer: resources.loadBalancer })],
      scale: 1,
    },
    balancerAddresses: constant(monthly.balancerHours * ZONES),
    dataOut: sum([own('BytesOut', 'Sum')], 1 / GB),
    betweenZones: sum(
      [aws('AWS/NetworkELB', 'ProcessedBytes', 'Sum', { LoadBalancer: resources.loadBalancer })],
      OTHER_ZONE / GB,
    ),
    metrics: constant(fixed.metrics),
    alarms: constant(fixed.alarms),
    dashboards: constant(monthly.dashboards),
    logs: sum(
      resources.logGroups.map((LogGroupName) => aws('AWS/Logs', 'IncomingBytes', 'Sum', { LogGroupName })),
      1 / GB,
    ),
    metricRequests: constant(monthly.metricRequests),
    keys: constant(monthly.keys),
    serviceKeyRequests: constant(monthly.serviceKeyRequests),
    keyUnwraps: sum([
      own('MessagesReceived', 'Sum'),
      own('Commands', 'Sum', { Command: 'LOGIN' }),
      own('Commands', 'Sum', { Command: 'AUTHENTICATE' }),
    ]),
    keyRequests: sum(
      [
        // What SES puts.
        own('MessagesReceived', 'Sum'),
        ...(['deliver', 'read', 'search', 'compact', 'keep'] as const).flatMap((activity) => [
          by('ObjectPuts', activity),
          by('ObjectGets', activity),
        ]),
      ],
      KEY_REQUESTS_PER_OBJECT_REQUEST,
    ),
    zones: constant(fixed.domains),
    secrets: constant(monthly.secrets),
  };
}

/** Of a month's usage, what is the same in every month. */
export interface FixedQuantities {
  readonly endpoints: number;
  readonly balancerHours: number;
  readonly dashboards: number;
  readonly metricRequests: number;
  readonly keys: number;
  readonly serviceKeyRequests: number;
  readonly secrets: number;
}

/**
 * A service's meters. DynamoDB counts what its tables consumed, refused conditions included, which our own count by
 * activity cannot know.
 */
export function serviceMeters(
  service: Service,
  resources: Resources,
  meters: Record<ItemName, Meter>,
): readonly { readonly item: ItemName; readonly meter: Meter }[] {
  const names = ITEM_NAMES.filter((name) => ITEMS[name].service === service);
  if (service !== 'DynamoDB') return names.map((item) => ({ item, meter: meters[item] }));
  return [
    { item: 'readReads', meter: consumed(resources, 'ConsumedReadCapacityUnits') },
    { item: 'readWrites', meter: consumed(resources, 'ConsumedWriteCapacityUnits') },
    { item: 'tableStorage', meter: meters.tableStorage },
    { item: 'tableBackup', meter: meters.tableBackup },
  ];
}

/** Units of all tables, each `scale` of what is billed. */
export function consumed(
  resources: Resources,
  name: 'ConsumedReadCapacityUnits' | 'ConsumedWriteCapacityUnits',
  scale = 1,
): Meter {
  const metrics = tablesOf(resources).map((TableName) => aws('AWS/DynamoDB', name, 'Sum', { TableName }));
  return { kind: 'sum', metrics, scale };
}

export function aws(
  namespace: `AWS/${string}`,
  name: string,
  stat: Statistic,
  dimensions: Readonly<Record<string, string>>,
): MetricRef {
  return { namespace, name, stat, dimensions };
}

/** Quire's own metrics: without a dimension, with one, or by activity. */
export function ownMetrics(namespace: string) {
  const own = (
    name: MetricName,
    stat: Statistic,
    dimensions: Readonly<Record<string, string>> = {},
  ): MetricRef => ({ namespace, name, stat, dimensions });
  const by = (name: MetricName, activity: Activity): MetricRef => own(name, 'Sum', { Activity: activity });
  return { own, by };
}

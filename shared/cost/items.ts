/** Everything that is billed: of which service, for which activity, at which price, and in which unit. */
import type { Activity } from '../metrics/catalogue.ts';
import type { Price, Prices } from './prices.ts';

export const SERVICES = [
  'SES',
  'S3',
  'DynamoDB',
  'Lambda',
  'SQS and SNS',
  'Fargate',
  'Load balancer',
  'Data transfer',
  'CloudWatch',
  'KMS',
  'DNS and secrets',
] as const;
export type Service = (typeof SERVICES)[number];

export interface Item {
  readonly service: Service;
  readonly activity: Activity;
  /** Of the quantity: what a person reads on the bill. */
  readonly unit: string;
  readonly price: (prices: Prices) => Price;
}

const item = (
  service: Service,
  activity: Activity,
  unit: string,
  price: (prices: Prices) => Price,
): Item => ({ service, activity, unit, price });

export const ITEMS = {
  mailReceived: item('SES', 'deliver', 'messages received', (p) => p.mailReceived),
  mailChunks: item('SES', 'deliver', 'full chunks of 256 KB', (p) => p.mailChunk),

  inboundPuts: item('S3', 'deliver', 'PUT by SES', (p) => p.objectPut),
  deliverPuts: item('S3', 'deliver', 'PUT', (p) => p.objectPut),
  deliverGets: item('S3', 'deliver', 'GET', (p) => p.objectGet),
  readPuts: item('S3', 'read', 'PUT', (p) => p.objectPut),
  readGets: item('S3', 'read', 'GET', (p) => p.objectGet),
  searchGets: item('S3', 'search', 'GET', (p) => p.objectGet),
  compactPuts: item('S3', 'compact', 'PUT', (p) => p.objectPut),
  compactGets: item('S3', 'compact', 'GET', (p) => p.objectGet),
  keepPuts: item('S3', 'keep', 'PUT and LIST', (p) => p.objectPut),
  keepGets: item('S3', 'keep', 'GET', (p) => p.objectGet),
  objectStorage: item('S3', 'keep', 'GB-months, old versions included', (p) => p.objectGbMonth),

  deliverReads: item('DynamoDB', 'deliver', 'read units', (p) => p.readUnit),
  deliverWrites: item('DynamoDB', 'deliver', 'write units', (p) => p.writeUnit),
  readReads: item('DynamoDB', 'read', 'read units', (p) => p.readUnit),
  readWrites: item('DynamoDB', 'read', 'write units', (p) => p.writeUnit),
  searchReads: item('DynamoDB', 'search', 'read units', (p) => p.readUnit),
  idleReads: item('DynamoDB', 'idle', 'read units', (p) => p.readUnit),
  idleWrites: item('DynamoDB', 'idle', 'write units', (p) => p.writeUnit),
  compactReads: item('DynamoDB', 'compact', 'read units', (p) => p.readUnit),
  compactWrites: item('DynamoDB', 'compact', 'write units', (p) => p.writeUnit),
  keepReads: item('DynamoDB', 'keep', 'read units', (p) => p.readUnit),
  keepWrites: item('DynamoDB', 'keep', 'write units', (p) => p.writeUnit),
  tableStorage: item('DynamoDB', 'keep', 'GB-months', (p) => p.tableGbMonth),
  tableBackup: item('DynamoDB', 'keep', 'GB-months of backup', (p) => p.backupGbMonth),

  deliverRuns: item('Lambda', 'deliver', 'invocations', (p) => p.functionRequest),
  deliverGbSeconds: item('Lambda', 'deliver', 'GB-seconds', (p) => p.functionGbSecond),
  compactRuns: item('Lambda', 'compact', 'invocations', (p) => p.functionRequest),
  compactGbSeconds: item('Lambda', 'compact', 'GB-seconds', (p) => p.functionGbSecond),

  keepRuns: item('Lambda', 'keep', 'invocations', (p) => p.functionRequest),
  keepGbSeconds: item('Lambda', 'keep', 'GB-seconds', (p) => p.functionGbSecond),

  notifications: item('SQS and SNS', 'deliver', 'notifications', (p) => p.notification),
  deliveryQueue: item('SQS and SNS', 'deliver', 'requests of the delivery queue', (p) => p.queueRequest),
  deliverWakes: item('SQS and SNS', 'deliver', 'wake-ups sent', (p) => p.queueRequest),
  readWakes: item('SQS and SNS', 'read', 'wake-ups sent', (p) => p.queueRequest),
  keepWakes: item('SQS and SNS', 'keep', 'wake-ups sent', (p) => p.queueRequest),
  idleQueue: item('SQS and SNS', 'idle', "requests of gateways' queues", (p) => p.queueRequest),

  taskCpu: item('Fargate', 'idle', 'vCPU-hours', (p) => p.taskCpuHour),
  taskMemory: item('Fargate', 'idle', 'GB-hours', (p) => p.taskGbHour),
  taskAddresses: item('Fargate', 'idle', 'hours of public addresses', (p) => p.addressHour),
  endpoints: item('Fargate', 'idle', 'hours of interface endpoints', (p) => p.endpointHour),

  balancerHours: item('Load balancer', 'idle', 'hours', (p) => p.balancerHour),
  balancerUnits: item('Load balancer', 'idle', 'capacity unit-hours', (p) => p.balancerUnitHour),
  balancerAddresses: item('Load balancer', 'idle', 'hours of public addresses', (p) => p.addressHour),

  dataOut: item('Data transfer', 'read', 'GB to clients', (p) => p.dataOutGb),
  betweenZones: item('Data transfer', 'read', 'GB between zones, to and from gateways', (p) => p.zoneGb),

  metrics: item('CloudWatch', 'keep', 'metrics', (p) => p.metricMonth),
  alarms: item('CloudWatch', 'keep', 'alarms', (p) => p.alarmMonth),
  dashboards: item('CloudWatch', 'keep', 'dashboards', (p) => p.dashboardMonth),
  logs: item('CloudWatch', 'keep', 'GB of logs', (p) => p.logGb),
  metricRequests: item('CloudWatch', 'keep', 'metrics asked for by the tally', (p) => p.metricRequest),

  keys: item('KMS', 'keep', 'keys', (p) => p.keyMonth),
  keyRequests: item('KMS', 'keep', 'requests of buckets', (p) => p.keyRequest),
  serviceKeyRequests: item('KMS', 'keep', 'requests of tables, queue and topic', (p) => p.keyRequest),
  keyUnwraps: item('KMS', 'keep', 'data keys unwrapped', (p) => p.keyRequest),
  zones: item('DNS and secrets', 'keep', 'hosted zones', (p) => p.zoneMonth),
  secrets: item('DNS and secrets', 'keep', 'secrets', (p) => p.secretMonth),
} as const satisfies Record<string, Item>;

export type ItemName = keyof typeof ITEMS;
export const ITEM_NAMES = Object.keys(ITEMS) as ItemName[];

/** What maintenance takes: folds, and looking after accounts; not what lies there. */
export const MAINTENANCE: readonly ItemName[] = [
  ...ITEM_NAMES.filter((name) => ITEMS[name].activity === 'compact'),
  'keepPuts',
  'keepGets',
  'keepReads',
  'keepWrites',
  'keepRuns',
  'keepGbSeconds',
  'keepWakes',
];

/** How much of each item a month takes. */
export type Usage = Readonly<Record<ItemName, number>>;

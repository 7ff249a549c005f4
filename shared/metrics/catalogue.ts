/**
 * Every metric that Quire emits: the one list that emitters, dashboards, alarms and the cost model share.
 *
 * A metric has no dimension, or one whose values are a closed set: never an account, a session, an address or a gateway, for
 * each new value is a metric of its own, with a price of its own. All gateways write into the same metrics; a sum over
 * them is the installation's.
 */

/** What a cost is made for. `keep` is what lies there whether anybody comes or not, and to look after it. */
export const ACTIVITIES = ['deliver', 'read', 'search', 'idle', 'keep', 'compact'] as const;
export type Activity = (typeof ACTIVITIES)[number];

export type Dimension = 'Activity' | 'Command' | 'Operation' | 'Service' | 'Table';
/** In CloudWatch's words. */
export type Unit = 'Bytes' | 'Count' | 'Milliseconds' | 'None';

interface MetricSpec {
  /** `counter`: summed up between two flushes; `gauge`: read at each flush; `distribution`: at most 100 values that stand
   * for all. */
  readonly kind: 'counter' | 'gauge' | 'distribution';
  readonly unit: Unit;
  readonly by?: Dimension;
  readonly help: string;
}

export const METRICS = {
  // --- the gateway ---
  Sessions: { kind: 'gauge', unit: 'Count', help: 'connections that are open' },
  ReplicaBytes: { kind: 'gauge', unit: 'Bytes', help: 'what replicas hold beyond head and tree' },
  ResidentBytes: { kind: 'gauge', unit: 'Bytes', help: 'memory of a gateway as the system sees it' },
  CertificateDays: {
    kind: 'gauge',
    unit: 'Count',
    help: 'days until the certificate ends that a gateway serves by itself',
  },
  Commands: { kind: 'counter', unit: 'Count', by: 'Command', help: 'commands that were answered' },
  CommandLatency: {
    kind: 'distribution',
    unit: 'Milliseconds',
    by: 'Command',
    help: 'from a command to its answer; of IDLE, its end alone',
  },
  CommandFaults: { kind: 'counter', unit: 'Count', help: 'commands that failed by a fault of ours' },
  SignInFailures: { kind: 'counter', unit: 'Count', help: 'sign-ins that were refused' },
  BytesIn: { kind: 'counter', unit: 'Bytes', help: 'read from clients, after decryption' },
  BytesOut: { kind: 'counter', unit: 'Bytes', help: 'written to clients, before encryption' },
  // --- delivery ---
  MessagesReceived: {
    kind: 'counter',
    unit: 'Count',
    help: 'messages from SES, each counted when it is settled',
  },
  ChunksReceived: {
    kind: 'counter',
    unit: 'Count',
    help: 'full chunks of 256 KB of these, as SES bills them',
  },
  BytesStored: {
    kind: 'counter',
    unit: 'Bytes',
    help: 'put to S3, by SES as well; on AWS only where a standby has them copied, which is billed by them',
  },
  Deliveries: { kind: 'counter', unit: 'Count', help: 'messages put into accounts' },
  DeliveryFailures: { kind: 'counter', unit: 'Count', help: 'messages that come again from the queue' },
  KeptAside: {
    kind: 'counter',
    unit: 'Count',
    help: 'messages kept aside: a virus, or nobody to deliver to',
  },
  DeliveryLatency: {
    kind: 'distribution',
    unit: 'Milliseconds',
    help: 'from the receipt by SES to the end of the batch in which it was settled',
  },
  QueueAge: { kind: 'distribution', unit: 'Milliseconds', help: 'how long a message lay in the queue' },
  // --- compaction ---
  Folds: { kind: 'counter', unit: 'Count', help: 'accounts folded' },
  FoldFailures: { kind: 'counter', unit: 'Count', help: 'folds that failed and will be tried again' },
  // --- expunging ---
  MessagesExpired: { kind: 'counter', unit: 'Count', help: 'messages that retention expunged' },
  MessagesPurged: {
    kind: 'counter',
    unit: 'Count',
    help: 'messages deleted for good, their grace being over',
  },
  ExpungeFailures: {
    kind: 'counter',
    unit: 'Count',
    help: 'accounts at which expunging failed, to be tried again',
  },
  // --- the journal ---
  JournalConflicts: {
    kind: 'counter',
    unit: 'Count',
    by: 'Activity',
    help: 'puts of a record that found another one in their place',
  },
  Divergences: {
    kind: 'counter',
    unit: 'Count',
    help: 'replays that gave another state than their record says; must stay 0',
  },
  // --- what requests cost ---
  ReadUnits: { kind: 'counter', unit: 'Count', by: 'Activity', help: 'read request units of DynamoDB' },
  WriteUnits: { kind: 'counter', unit: 'Count', by: 'Activity', help: 'write request units of DynamoDB' },
  ObjectPuts: { kind: 'counter', unit: 'Count', by: 'Activity', help: 'S3 requests of the dearer class' },
  ObjectGets: { kind: 'counter', unit: 'Count', by: 'Activity', help: 'S3 requests of the cheaper class' },
  QueueRequests: { kind: 'counter', unit: 'Count', by: 'Activity', help: 'SQS requests of 64 KB' },
  RequestUnits: {
    kind: 'counter',
    unit: 'Count',
    by: 'Operation',
    help: 'request units of each operation of DynamoDB; requests of each of S3 and SQS',
  },
  StoreThrottles: {
    kind: 'counter',
    unit: 'Count',
    help: 'requests that DynamoDB, S3 or SQS refused for load; tried again',
  },
  StoreFaults: {
    kind: 'counter',
    unit: 'Count',
    help: 'requests that failed by a fault of theirs (5xx) or of the network; tried again',
  },
  // --- the tally of the month ---
  MonthToDateService: { kind: 'gauge', unit: 'None', by: 'Service', help: 'dollars since the month began' },
  MonthToDateActivity: { kind: 'gauge', unit: 'None', by: 'Activity', help: 'dollars since the month began' },
  TableBytes: {
    kind: 'gauge',
    unit: 'Bytes',
    by: 'Table',
    help: 'size of a table, which CloudWatch does not know',
  },
  BackupsOff: {
    kind: 'gauge',
    unit: 'Count',
    help: 'tables without continuous backup and buckets without versions',
  },
  Mailboxes: { kind: 'gauge', unit: 'Count', help: 'accounts that there are' },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;
type NamesOf<K extends MetricSpec['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type DistributionName = NamesOf<'distribution'>;

/** The dimension of a metric; null for those that have none. */
export function dimensionOf(name: MetricName): Dimension | null {
  const spec: MetricSpec = METRICS[name];
  return spec.by ?? null;
}

/**
 * A working day of a health dashboard, made up: quiet at night, two busy halves, and a trouble in the afternoon, when S3
 * answers slowly for forty minutes. Deliveries fail and are tried again, mail waits, and by five all of it has arrived.
 */
import type { HealthResources } from '../../infra/observability/health-resources.ts';
import type { MetricRef } from '../../shared/cost/metric-query.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { OFFICE_HOURS, SAMPLE_RESOURCES } from '../support/sample-metrics.ts';
import type { MetricSource } from '../support/metric-math.ts';
import { HOURS_PER_MONTH } from '../../shared/cost/workload.ts';

export const HEALTH_RESOURCES: HealthResources = {
  ...SAMPLE_RESOURCES,
  tally: 'tally-function',
  deadLetters: { messages: 'dead-letters', notifications: 'lost-notifications', schedules: 'lost-schedules' },
  targetGroup: 'targetgroup/imaps/1',
  certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1',
};

const GB = 1_024 ** 3;
const TROUBLE = { from: 14, to: 14.7 } as const;
/** How much of what clients do is each command, and its usual milliseconds. */
const COMMANDS: Readonly<Record<string, readonly [share: number, milliseconds: number]>> = {
  LOGIN: [0.02, 95],
  SELECT: [0.06, 14],
  FETCH: [0.3, 22],
  STORE: [0.12, 16],
  SEARCH: [0.03, 40],
  NOOP: [0.2, 6],
  LIST: [0.05, 8],
  STATUS: [0.12, 7],
  APPEND: [0.04, 90],
  MOVE: [0.06, 17],
};

/** 24 hours in `points` values. */
export function healthSource(points: number): MetricSource {
  return (metric) => {
    const random = seededRandom(hashOf(metric));
    return Array.from({ length: points }, (_, point) => {
      const hour = (point * 24) / points;
      const busy = OFFICE_HOURS(hour) * HOURS_PER_MONTH;
      const trouble = hour >= TROUBLE.from && hour < TROUBLE.to ? 1 : 0;
      // What waits is worked off for a while after.
      const backlog = hour >= TROUBLE.from ? Math.max(0, Math.min(hour - 14, 15.6 - hour)) : 0;
      const noise = 0.9 + 0.2 * random();
      return valueOf(metric, { busy: busy * noise, trouble, backlog: backlog * noise, noise });
    });
  };
}

interface Moment {
  readonly busy: number;
  readonly trouble: number;
  readonly backlog: number;
  readonly noise: number;
}

function valueOf(metric: MetricRef, moment: Moment): number | undefined {
  const { busy, trouble, backlog, noise } = moment;
  const { namespace, name, dimensions, stat } = metric;
  const of = Object.values(dimensions).at(-1) ?? '';
  if (name === 'Commands' || name === 'CommandLatency') return commandOf(of, name, moment);
  const values: Readonly<Record<string, number | undefined>> = {
    'Quire Sessions': 5 * (220 + 160 * busy),
    'Quire CommandFaults': trouble * 3,
    'Quire SignInFailures': Math.round(2 * busy),
    'Quire ReplicaBytes': 5 * (0.05 + 0.05 * busy) * GB,
    'Quire ResidentBytes': 5 * (0.24 + 0.07 * busy) * GB,
    'Quire BytesOut': 0.02 * busy * GB,
    'Quire BytesIn': 0.004 * busy * GB,
    'Quire JournalConflicts': Math.round((of === 'deliver' ? 1.5 : 4) * busy + 6 * backlog),
    'Quire Divergences': 0,
    'Quire MessagesReceived': 35 * busy * (1 - trouble) + 260 * Math.max(0, backlog - 0.3),
    'Quire Deliveries': 41 * busy * (1 - trouble) + 300 * Math.max(0, backlog - 0.3),
    'Quire DeliveryFailures': trouble * 40,
    'Quire KeptAside': Math.round(0.6 * busy),
    'Quire DeliveryLatency': (stat === 'p99' ? 2_400 : 650) * noise + backlog * 3_000_000,
    'Quire QueueAge': 400 * noise + backlog * 2_900_000,
    'Quire StoreThrottles': Math.round(backlog * 14),
    'Quire StoreFaults': Math.round(trouble * 60 + (busy > 1.5 ? noise : 0)),
    'Quire Folds': 1.4 * busy,
    'Quire FoldFailures': 0,
    'Quire BackupsOff': 0,
    'AWS/SQS ApproximateAgeOfOldestMessage': of === 'queue' ? 2 + backlog * 3_600 : 0,
    'AWS/SQS ApproximateNumberOfMessagesVisible': of === 'queue' ? backlog * 320 : 0,
    'AWS/DynamoDB ConsumedReadCapacityUnits': 2_400 * (0.15 + busy),
    'AWS/DynamoDB ConsumedWriteCapacityUnits': 700 * (0.05 + busy),
    'AWS/DynamoDB ReadThrottleEvents': 0,
    'AWS/DynamoDB WriteThrottleEvents': of === 'mail-table' ? Math.round(backlog * 9) : 0,
    'AWS/DynamoDB SystemErrors': 0,
    'AWS/DynamoDB SuccessfulRequestLatency':
      ({ Query: 3.4, GetItem: 2.6, PutItem: 4.6, TransactWriteItems: 11 }[of] ?? 3) * noise,
    'AWS/Lambda Errors': 0,
    'AWS/Lambda Throttles': 0,
    'AWS/Lambda ConcurrentExecutions': 1 + Math.round(2 * busy + 6 * backlog),
    'AWS/ECS MemoryUtilization': 48 + 14 * busy,
    'AWS/NetworkELB HealthyHostCount': 1,
    'AWS/NetworkELB ActiveFlowCount': 226 + 164 * busy,
    'AWS/NetworkELB TCP_Target_Reset_Count': Math.round(busy),
    'AWS/NetworkELB ClientTLSNegotiationErrorCount': Math.round(4 * noise),
  };
  if (name === 'CPUUtilization') return stat === 'SampleCount' ? 5 : 6 + 22 * busy;
  return values[`${namespace} ${name}`];
}

function commandOf(
  name: string,
  metric: 'Commands' | 'CommandLatency',
  { busy, trouble, noise }: Moment,
): number {
  const [share, milliseconds] = COMMANDS[name] ?? [0, 0];
  if (metric === 'Commands') return share * 5 * (4 + 60 * busy);
  const readsObjects = name === 'FETCH' || name === 'SEARCH' || name === 'APPEND';
  return milliseconds * (2.2 + busy * 0.5) * noise + (readsObjects ? trouble * 900 : 0);
}

function hashOf(metric: MetricRef): number {
  let hash = 7;
  for (const character of JSON.stringify(metric)) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
  return hash;
}

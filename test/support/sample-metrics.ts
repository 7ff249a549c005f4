/**
 * What CloudWatch would have of a month in which as much was used as an estimate says: AWS's metrics as its services tell
 * them, and Quire's own. Written from the usage, not from the expressions that read it.
 */
import type { FixedQuantities, Resources } from '../../shared/cost/meters.ts';
import { GB } from '../../shared/cost/meters.ts';
import type { MetricRef } from '../../shared/cost/metric-query.ts';
import type { Usage } from '../../shared/cost/items.ts';
import { HOURS_PER_MONTH, type Shape } from '../../shared/cost/workload.ts';
import type { MetricSource } from './metric-math.ts';

export const SAMPLE_RESOURCES: Resources = {
  namespace: 'Quire',
  mailTable: 'mail-table',
  directoryTable: 'directory-table',
  keysTable: 'keys-table',
  mailBucket: 'mail-bucket',
  inboundBucket: 'inbound-bucket',
  topic: 'topic',
  deliveryQueue: 'queue',
  deliver: 'deliver-function',
  compact: 'compact-function',
  expunge: 'expunge-function',
  cluster: 'cluster',
  service: 'service',
  loadBalancer: 'net/balancer/1',
  logGroups: ['/quire/deliver', '/quire/gateway'],
};

/** How much of the month's use an hour has; sums up to 1 over a month's 730. */
export type Shares = (hour: number) => number;
export const EVENLY: Shares = () => 1 / HOURS_PER_MONTH;

/** Nine to five on working days, a lunch, a quiet night: averages to 1 over a week. */
export const OFFICE_HOURS: Shares = (hour) => {
  const [ofDay, day] = [hour % 24, Math.floor(hour / 24) % 7];
  const people = Math.exp(-(((ofDay - 10.5) / 2.6) ** 2)) + Math.exp(-(((ofDay - 15.5) / 2.8) ** 2));
  const weekday = day < 5 ? 1 : 0.18;
  return ((0.14 + people) * weekday * 2.36) / HOURS_PER_MONTH;
};

export function fixedQuantities(usage: Usage): FixedQuantities {
  const { endpoints, balancerHours, dashboards, metricRequests, keys, serviceKeyRequests, secrets } = usage;
  return { endpoints, balancerHours, dashboards, metricRequests, keys, serviceKeyRequests, secrets };
}

interface Told {
  /** Used up over the month. */
  readonly sum?: number;
  /** In every hour the same, whatever the shares say. */
  readonly evenly?: true;
  /** A level at all times. */
  readonly level?: number;
  /** A level that is told once in so many hours. */
  readonly everyHours?: number;
}

export function sampleSource(
  usage: Usage,
  shape: Shape,
  points: number,
  shares: Shares = EVENLY,
): MetricSource {
  return (metric, periodSeconds) => {
    const told = tellOf(metric, usage, shape);
    const hours = periodSeconds / 3_600;
    return Array.from({ length: points }, (_, point) => {
      if (told?.sum !== undefined) {
        const covered = Array.from({ length: hours }, (_, hour) =>
          (told.evenly ? EVENLY : shares)(point * hours + hour),
        );
        return told.sum * covered.reduce((sum, share) => sum + share, 0);
      }
      if (told?.level === undefined) return undefined;
      const { everyHours = 0 } = told;
      return everyHours > hours && (point * hours) % everyHours !== 0 ? undefined : told.level;
    });
  };
}

function tellOf(metric: MetricRef, usage: Usage, shape: Shape): Told | undefined {
  return metric.namespace === 'Quire' ? ownOf(metric, usage) : awsOf(metric, usage, shape);
}

function ownOf({ name, dimensions }: MetricRef, usage: Usage): Told | undefined {
  const of = Object.values(dimensions)[0] ?? '';
  const sums: Record<string, number | undefined> = {
    MessagesReceived: usage.mailReceived,
    ChunksReceived: usage.mailChunks,
    'Commands LOGIN': usage.keyUnwraps - usage.mailReceived,
    Deliveries: usage.deliverPuts,
    BytesOut: usage.dataOut * GB,
    'ObjectPuts deliver': usage.deliverPuts,
    'ObjectGets deliver': usage.deliverGets,
    'ObjectPuts read': usage.readPuts,
    'ObjectGets read': usage.readGets,
    'ObjectGets search': usage.searchGets,
    'ObjectPuts compact': usage.compactPuts,
    'ObjectGets compact': usage.compactGets,
    'ReadUnits deliver': usage.deliverReads,
    'WriteUnits deliver': usage.deliverWrites,
    'ReadUnits read': usage.readReads,
    'WriteUnits read': usage.readWrites,
    'ReadUnits idle': usage.idleReads,
    'WriteUnits idle': usage.idleWrites,
    'ReadUnits compact': usage.compactReads,
    'WriteUnits compact': usage.compactWrites,
    'ReadUnits keep': usage.keepReads,
    'WriteUnits keep': usage.keepWrites,
    'ObjectPuts keep': usage.keepPuts,
    'ObjectGets keep': usage.keepGets,
    'QueueRequests keep': usage.keepWakes,
    'QueueRequests deliver': usage.deliverWakes,
    'QueueRequests read': usage.readWakes,
    'QueueRequests idle': usage.idleQueue,
  };
  const sum = sums[`${name} ${of}`.trim()];
  if (sum !== undefined) return { sum };
  if (name === 'TableBytes')
    return {
      level: usage.tableStorage * GB * ({ 'mail-table': 0.98, 'directory-table': 0.015 }[of] ?? 0.005),
      everyHours: 4,
    };
  return undefined;
}

function byFunction(of: readonly string[], deliver: number, compact: number, expunge: number): number {
  if (of.includes(SAMPLE_RESOURCES.deliver)) return deliver;
  return of.includes(SAMPLE_RESOURCES.compact) ? compact : expunge;
}

function awsOf(
  { namespace, name, dimensions, stat }: MetricRef,
  usage: Usage,
  shape: Shape,
): Told | undefined {
  const of = Object.values(dimensions);
  const units = (kind: string) =>
    Object.entries(usage).reduce((sum, [item, used]) => sum + (item.endsWith(kind) ? used : 0), 0);
  switch (`${namespace} ${name}`) {
    case 'AWS/DynamoDB ConsumedReadCapacityUnits':
      return { sum: units('Reads') * (of.includes('mail-table') ? 0.9 : 0.05) };
    case 'AWS/DynamoDB ConsumedWriteCapacityUnits':
      return { sum: of.includes('mail-table') ? units('Writes') : 0 };
    case 'AWS/S3 BucketSizeBytes': {
      const share = of.includes('mail-bucket') ? 0.95 : 0.05;
      if (!of.includes('StandardStorage')) return undefined;
      return { level: usage.objectStorage * GB * share, everyHours: 24 };
    }
    case 'AWS/Lambda Invocations':
      return { sum: byFunction(of, usage.deliverRuns, usage.compactRuns, usage.keepRuns) };
    case 'AWS/Lambda Duration':
      return {
        sum: byFunction(
          of,
          (usage.deliverGbSeconds / shape.deliveryGb) * 1_000,
          usage.compactGbSeconds * 1_000,
          (usage.keepGbSeconds / 2) * 1_000,
        ),
      };
    case 'AWS/SNS NumberOfMessagesPublished':
      return { sum: usage.notifications };
    case 'AWS/SQS NumberOfMessagesSent':
    case 'AWS/SQS NumberOfMessagesReceived':
    case 'AWS/SQS NumberOfMessagesDeleted':
      return { sum: usage.notifications };
    case 'AWS/SQS NumberOfEmptyReceives':
      return { sum: usage.deliveryQueue - 3 * usage.notifications };
    case 'AWS/ECS CPUUtilization':
      return stat === 'SampleCount'
        ? { sum: shape.tasks * 60 * HOURS_PER_MONTH, evenly: true }
        : { level: 22 };
    case 'AWS/NetworkELB ConsumedLCUs':
      return { level: usage.balancerUnits / HOURS_PER_MONTH };
    case 'AWS/NetworkELB ProcessedBytes':
      // Half of it goes to a task in the other zone.
      return { sum: 2 * usage.betweenZones * GB };
    case 'AWS/Logs IncomingBytes':
      return { sum: (usage.logs * GB) / SAMPLE_RESOURCES.logGroups.length };
    default:
      return undefined;
  }
}

/** What each of AWS's limits, and of ours, is asked for at the busiest minute of a day. */
import { SIZES, type Size } from '../../infra/config/sizes.ts';
import { sizeFor, tasksFor } from '../../infra/cost/shape.ts';
import { WORK_SHARDS } from '../../shared/aws/keys.ts';
import { FOLDED_MESSAGES, PROFILE } from '../../shared/cost/profile.ts';
import {
  BEHAVIOUR,
  HOURS_PER_MONTH,
  type Shape,
  type Workload,
  usageOf,
} from '../../shared/cost/workload.ts';
import type { Day, DayOptions } from './day.ts';

export interface Limit {
  readonly what: string;
  readonly unit: string;
  readonly demand: number;
  readonly limit: number;
  /** `on request`: a quota that AWS raises; `fixed`: nobody does; `ours`: a number of this project. */
  readonly kind: 'on request' | 'fixed' | 'ours';
  /** How the demand was worked out. */
  readonly arithmetic: string;
}

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600;
/** Per partition key of DynamoDB, whatever is paid. ["Best practices for partition keys", DynamoDB developer guide] */
const PARTITION_WRITES = 1_000;
/** Of a table on demand, in the large regions, until more is asked for. ["Quotas", DynamoDB developer guide] */
const TABLE_UNITS = 40_000;
/** Requests to one prefix, until S3 has split it further. ["Optimizing performance", S3 user guide] */
const PREFIX_WRITES = 3_500;
/** ["Quotas" of SNS: us-east-1; elsewhere down to 300] */
const PUBLISHES = 30_000;
const CONCURRENCY = 1_000;
/** An event source of SQS runs at most so many functions at once. */
const EVENT_SOURCE = 1_000;
/** Of an account that is new; thousands on request. */
const FARGATE_CPUS = 6;
const TASKS_PER_SERVICE = 5_000;
/** Of a load balancer that spreads over zones, however many there are. ["Quotas for your Network Load Balancers"] */
const BALANCER_TARGETS = 500;
/** Domains of one installation: CloudFormation takes 200 outputs of a stack, and six tell the DKIM records of a domain. */
const DOMAINS = 31;
const IDENTITIES = 10_000;
/** A run each minute, which may last fifteen; four folds at a time, each of which waits for stores for about so long. */
const COMPACTION = { runsAtOnce: 15, foldsAtOnce: 4, secondsPerFold: 0.4 } as const;
/** A run lasts fifteen minutes at most, and takes two accounts at a time. */
const EXPUNGING = { minutes: 15, accountsAtOnce: 2, secondsPerAccount: 0.4 } as const;
const DELIVERY_SECONDS = { invocation: 0.25, message: 0.06, batch: 10 } as const;
const WORK_WRITES_PER_FOLD = 4;
/** A gateway takes ten wake-ups with one request, and asks again when it has them: so many requests a second. */
const WAKE_REQUESTS = 40;

export function limitsOf(options: DayOptions, day: Day): readonly Limit[] {
  const workload: Workload = {
    users: options.mailboxes,
    messagesPerDay: day.meanPerMailbox,
    messageKb: 40,
    storedGb: 2,
    sessions: 2,
  };
  const size = SIZES[sizeFor(workload)];
  const sessions = workload.users * workload.sessions;
  const tasks = tasksFor(size, sessions);
  const usage = usageOf(workload, shape(size, tasks));
  const peak = day.peakMinute / day.mean;
  // What people do follows the day; what idles goes on through the night.
  const busy = (...monthly: number[]): number =>
    (monthly.reduce((sum, use) => sum + use, 0) / SECONDS_PER_MONTH) * peak;
  const even = (...monthly: number[]): number =>
    monthly.reduce((sum, use) => sum + use, 0) / SECONDS_PER_MONTH;
  const writes = busy(usage.deliverWrites, usage.readWrites, usage.compactWrites) + even(usage.idleWrites);
  const reads =
    busy(usage.deliverReads, usage.readReads, usage.compactReads, usage.searchReads) + even(usage.idleReads);
  const messages = day.messagesPeakMinute;
  const folds = busy(usage.compactWrites) / PROFILE.fold.writeUnits;
  const organisations = Math.max(1, options.mailboxes / options.organisation);
  const seconds = DELIVERY_SECONDS.invocation / DELIVERY_SECONDS.batch + DELIVERY_SECONDS.message;
  const running = day.peakMinute * seconds;
  const wakes =
    (day.peakMinute * (1 + BEHAVIOUR.changesPerMessage + BEHAVIOUR.storedPerMessage) * Math.min(2, tasks)) /
    tasks;
  const expungeRuns = EXPUNGING.minutes / size.expungeEveryMinutes;
  const cpus = (tasks * size.cpu) / 1_024;
  return [
    {
      what: 'Journal of the hottest mailbox',
      unit: 'write units/s',
      demand: day.hottest.peakSecond * PROFILE.delivery.writeUnits,
      limit: PARTITION_WRITES,
      kind: 'fixed',
      arithmetic: `${n(day.hottest.perDay)} messages a day, ${n(day.hottest.peakSecond)} in its busiest second × ${PROFILE.delivery.writeUnits} units, if none share a record`,
    },
    {
      what: 'Mail table, written',
      unit: 'write units/s',
      demand: writes,
      limit: TABLE_UNITS,
      kind: 'on request',
      arithmetic: `${n(day.peakMinute)} deliveries/s × ${PROFILE.delivery.writeUnits}, changes, folds (${PROFILE.fold.writeUnits} for ${FOLDED_MESSAGES} messages)`,
    },
    {
      what: 'Mail table, read',
      unit: 'read units/s',
      demand: reads,
      limit: TABLE_UNITS,
      kind: 'on request',
      arithmetic: `${n(day.peakMinute)} deliveries/s × ${PROFILE.delivery.readUnits}, syncs, wake-ups, polls of ${n(sessions)} sessions`,
    },
    {
      what: 'Prefix of the inbound bucket, largest domain',
      unit: 'requests/s',
      demand: (2 * messages * Math.min(options.organisation, options.mailboxes)) / options.mailboxes,
      limit: PREFIX_WRITES,
      kind: 'fixed',
      arithmetic:
        'a PUT and a DELETE for each message of one domain; keys are random, so that S3 splits it on',
    },
    {
      what: 'Mail bucket, as one prefix',
      unit: 'requests/s',
      demand: busy(usage.deliverPuts, usage.readPuts, usage.compactPuts),
      limit: PREFIX_WRITES,
      kind: 'fixed',
      arithmetic: 'each account is a prefix of its own: S3 has to have split it as often as this is above 1',
    },
    {
      what: 'Notifications by SNS',
      unit: 'messages/s',
      demand: messages,
      limit: PUBLISHES,
      kind: 'on request',
      arithmetic: 'one for each message, however many recipients',
    },
    {
      what: 'Deliveries at once, of the event source',
      unit: 'functions',
      demand: running,
      limit: EVENT_SOURCE,
      kind: 'fixed',
      arithmetic: `${n(day.peakMinute)} deliveries/s × ${seconds.toFixed(3)} s, ten in a batch`,
    },
    {
      what: `Deliveries at once, size ${sizeFor(workload)}`,
      unit: 'functions',
      demand: running,
      limit: size.deliveriesAtOnce,
      kind: 'ours',
      arithmetic: 'the same; above it mail waits in the queue, and nothing fails',
    },
    {
      what: 'Lambda functions at once, of the account',
      unit: 'functions',
      demand: running + COMPACTION.runsAtOnce + expungeRuns,
      limit: CONCURRENCY,
      kind: 'on request',
      arithmetic: 'deliveries, compaction and expunging',
    },
    {
      what: 'Compaction',
      unit: 'folds/s',
      demand: folds,
      limit: (COMPACTION.runsAtOnce * COMPACTION.foldsAtOnce) / COMPACTION.secondsPerFold,
      kind: 'ours',
      arithmetic: `a fold for ${FOLDED_MESSAGES} messages; ${COMPACTION.runsAtOnce} runs × ${COMPACTION.foldsAtOnce} folds of ${COMPACTION.secondsPerFold} s`,
    },
    {
      what: `Expunging, size ${sizeFor(workload)}`,
      unit: 'accounts/s',
      demand: (workload.users * (BEHAVIOUR.daysWithExpiry + BEHAVIOUR.daysWithPurge)) / SECONDS_PER_DAY,
      limit: (expungeRuns * EXPUNGING.accountsAtOnce) / EXPUNGING.secondsPerAccount,
      kind: 'ours',
      arithmetic: `each once a day for retention and once for purges; ${n(expungeRuns)} ${expungeRuns === 1 ? 'run' : 'runs'} × ${EXPUNGING.accountsAtOnce} accounts of ${EXPUNGING.secondsPerAccount} s`,
    },
    {
      what: 'Shards of work items',
      unit: 'write units/s each',
      demand: (folds * WORK_WRITES_PER_FOLD) / WORK_SHARDS,
      limit: PARTITION_WRITES,
      kind: 'ours',
      arithmetic: `${n(folds)} folds/s × ${WORK_WRITES_PER_FOLD} writes over ${WORK_SHARDS} shards`,
    },
    {
      what: 'Wake-ups of one gateway',
      unit: 'messages/s',
      demand: wakes,
      limit: WAKE_REQUESTS * 10,
      kind: 'ours',
      arithmetic: `deliveries, changes and stored mail of the accounts on ${n(tasks)} gateways`,
    },
    {
      what: 'Gateways, of the size',
      unit: 'tasks',
      demand: tasks,
      limit: size.maxTasks,
      kind: 'ours',
      arithmetic: `${n(sessions)} sessions, ${n(size.sessionsPerTask)} each`,
    },
    {
      what: 'Processors of Fargate, new account',
      unit: 'vCPU',
      demand: cpus,
      limit: FARGATE_CPUS,
      kind: 'on request',
      arithmetic: `${n(tasks)} tasks × ${size.cpu / 1_024}`,
    },
    {
      what: 'Targets of the load balancer',
      unit: 'tasks',
      demand: tasks,
      limit: BALANCER_TARGETS,
      kind: 'on request',
      arithmetic: '500 of a load balancer that spreads over zones',
    },
    {
      what: 'Tasks of one ECS service',
      unit: 'tasks',
      demand: tasks,
      limit: TASKS_PER_SERVICE,
      kind: 'on request',
      arithmetic: 'one service',
    },
    {
      what: 'Domains of one installation',
      unit: organisations === 1 ? 'domain' : 'domains',
      demand: organisations,
      limit: DOMAINS,
      kind: 'ours',
      arithmetic: `200 outputs of a stack, six for a domain's DKIM records; organisations of ${n(options.organisation)}`,
    },
    {
      what: 'Identities of SES',
      unit: organisations === 1 ? 'domain' : 'domains',
      demand: organisations,
      limit: IDENTITIES,
      kind: 'on request',
      arithmetic: 'one for a domain',
    },
  ];
}

/** Only requests are asked of it. */
function shape(size: Size, tasks: number): Shape {
  return {
    tasks,
    taskCpu: 1,
    taskGb: 1,
    deliveryGb: 1,
    expungeEveryMinutes: size.expungeEveryMinutes,
    tls: 'gateway',
    network: 'public',
    backupDays: 35,
    domains: 1,
    alarms: 0,
    metrics: 0,
  };
}

function n(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

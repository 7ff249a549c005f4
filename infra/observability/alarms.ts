/** When somebody has to look: what is watched, from where on, and what to do. */
import type { MetricRef, Query } from '../../shared/cost/metric-query.ts';
import { healthMetrics } from './health-metrics.ts';
import type { HealthResources } from './health-resources.ts';

export interface AlarmPlan {
  /** The name, behind that of the deployment. */
  readonly name: string;
  /** What it means and what to do: the mail's text. */
  readonly means: string;
  /** A metric, or lines of which the last is watched. */
  readonly watch: MetricRef | readonly Query[];
  readonly periodSeconds: number;
  readonly above?: number;
  readonly below?: number;
  /** Periods in a row. */
  readonly periods: number;
  /** What it means when nothing is told. */
  readonly silence: 'fine' | 'alarm';
}

export const THRESHOLDS = {
  /** A quarter of an hour: several attempts have failed, or the functions cannot keep up. */
  queueAgeSeconds: 900,
  /** In five minutes. Single ones are retried, and happen whenever a partition splits. */
  throttles: 50,
  tableFaults: 10,
  /** In five minutes, of all stores. S3 answers with a 503 now and then; each is tried again. */
  storeFaults: 100,
  storeThrottles: 500,
  commandFaults: 5,
  /** In five minutes, for all addresses: more than people forget. */
  signInFailures: 500,
  memoryPercent: 90,
  /** ACM renews 60 days before the end; a person who has to act needs some weeks. */
  certificateDays: 21,
  /** A copy of a table is a second or so behind; minutes of it are what would be lost with the region. */
  copyingMilliseconds: 300_000,
} as const;

const MINUTES_5 = 300;
const MINUTES_15 = 900;
/** Twice the quarter of an hour after which what failed is tried again: an alarm of shorter periods would hear nothing in between. */
const MINUTES_30 = 1_800;
const HOURS_12 = 43_200;

export function alarmPlans(resources: HealthResources): readonly AlarmPlan[] {
  const health = healthMetrics(resources);
  const { own } = health;
  const usual = { periodSeconds: MINUTES_5, periods: 3, silence: 'fine' } as const;
  const atOnce = { ...usual, periods: 1 };
  const seldom = { ...usual, periodSeconds: MINUTES_30, periods: 2 };
  return [
    {
      ...usual,
      name: 'QueueAge',
      means: 'Mail waits for more than a quarter of an hour. Look at the log of the delivery function.',
      watch: health.queueAge,
      above: THRESHOLDS.queueAgeSeconds,
    },
    ...deadLetterAlarms(health),
    {
      ...usual,
      name: 'Throttles',
      means: 'DynamoDB throttles: an account is written to too fast, or the table is at its quota.',
      watch: summed(health.throttles),
      above: THRESHOLDS.throttles,
    },
    {
      ...usual,
      name: 'TableFaults',
      means: 'DynamoDB answers with faults of its own (5xx). Look at the AWS Health Dashboard.',
      watch: summed(health.mailTableFaults),
      above: THRESHOLDS.tableFaults,
    },
    {
      ...usual,
      name: 'DirectoryFaults',
      means:
        'DynamoDB answers with faults of its own (5xx) where people and data keys are looked up: signing in and delivering fail. Look at the AWS Health Dashboard.',
      watch: summed(health.directoryFaults),
      above: THRESHOLDS.tableFaults,
    },
    {
      ...usual,
      name: 'StoreFaults',
      means: 'Requests to DynamoDB, S3 or SQS fail (5xx, time-outs). Look at the AWS Health Dashboard.',
      watch: own('StoreFaults', 'Sum'),
      above: THRESHOLDS.storeFaults,
    },
    {
      ...usual,
      name: 'StoreThrottles',
      means:
        'DynamoDB, S3 or SQS refuse requests for load. S3 does so while it splits a bucket that has grown fast.',
      watch: own('StoreThrottles', 'Sum'),
      above: THRESHOLDS.storeThrottles,
    },
    {
      ...atOnce,
      name: 'CommandFaults',
      means: 'Commands of clients fail by a fault of ours. The log of the gateway has each with its id.',
      watch: own('CommandFaults', 'Sum'),
      above: THRESHOLDS.commandFaults,
    },
    {
      ...usual,
      // A message comes again after twelve minutes: where few come, that is all there will be.
      periodSeconds: MINUTES_15,
      periods: 2,
      name: 'DeliverErrors',
      means: 'The delivery function fails as a whole. Nothing is lost yet; look at its log.',
      watch: health.deliver('Errors', 'Sum'),
      above: 0,
    },
    {
      ...usual,
      name: 'CompactErrors',
      means:
        'The compaction fails as a whole. Nothing is lost; accounts open more slowly until it works again.',
      watch: health.compact('Errors', 'Sum'),
      above: 0,
    },
    {
      ...usual,
      // It runs every four hours; one error in five minutes is all there will be.
      periods: 1,
      name: 'TallyErrors',
      means:
        'The tally fails: the month so far stands still, and nobody looks whether backups are on. Look at its log.',
      watch: health.tally('Errors', 'Sum'),
      above: 0,
    },
    {
      ...usual,
      name: 'DeliverThrottles',
      means:
        'The delivery function is not run as often as it should be: the concurrency of the account is used up.',
      watch: health.deliver('Throttles', 'Sum'),
      above: 0,
    },
    {
      ...seldom,
      name: 'FoldFailures',
      means:
        'Accounts are not folded: they stay readable, and get slower to open. Look at the log of the compaction.',
      watch: own('FoldFailures', 'Sum'),
      above: 0,
    },
    {
      ...seldom,
      name: 'ExpungeErrors',
      means:
        'The expunge function fails as a whole. Nothing is lost; what should have gone stays, and is paid for, until it works again.',
      watch: health.expunge('Errors', 'Sum'),
      above: 0,
    },
    {
      ...seldom,
      name: 'ExpungeFailures',
      means:
        'Accounts cannot be expunged: their retention is not kept, and nothing of them is purged. Look at the log of the expunge function.',
      watch: own('ExpungeFailures', 'Sum'),
      above: 0,
    },
    {
      ...atOnce,
      name: 'Divergence',
      means:
        'A replay gave another state than its record says. Keep the log, and ask for help before anything else.',
      watch: own('Divergences', 'Sum'),
      above: 0,
    },
    {
      ...atOnce,
      name: 'SignInFailures',
      means: 'Somebody guesses passwords, or many clients have an old one.',
      watch: own('SignInFailures', 'Sum'),
      above: THRESHOLDS.signInFailures,
    },
    {
      ...usual,
      name: 'Memory',
      means: 'A gateway is nearly out of memory. Take a larger size, or more tasks.',
      watch: health.memory,
      above: THRESHOLDS.memoryPercent,
    },
    {
      ...usual,
      periodSeconds: 60,
      name: 'NoHealthyTarget',
      means: 'No gateway is healthy: nobody can read mail. Mail that comes in is delivered all the same.',
      watch: health.healthy,
      below: 1,
      silence: 'alarm',
    },
    certificateAlarm(health),
    ...copyingAlarms(health),
    {
      name: 'BackupOff',
      means:
        'A table has no continuous backup, or a bucket keeps no old versions, or nobody has looked for half a day.',
      watch: own('BackupsOff', 'Maximum'),
      above: 0,
      periodSeconds: HOURS_12,
      periods: 1,
      silence: 'alarm',
    },
  ];
}

function deadLetterAlarms({ deadLetters }: ReturnType<typeof healthMetrics>): AlarmPlan[] {
  const means = {
    messages: 'Mail could not be delivered, and waits among the dead letters: docs/DEPLOY.md, section 11.',
    notifications: 'A notification of mail never reached the queue. The mail lies in the inbound bucket.',
    schedules: 'A scheduled function could not be started.',
  } as const;
  return (['messages', 'notifications', 'schedules'] as const).map((which) => ({
    name: `DeadLetters-${which}`,
    means: means[which],
    watch: deadLetters(which),
    above: 0,
    periodSeconds: MINUTES_5,
    periods: 1,
    silence: 'fine',
  }));
}

/** ACM tells the days once a day; the gateway, of its own certificate, every minute. */
function certificateAlarm({ own, certificate }: ReturnType<typeof healthMetrics>): AlarmPlan {
  return {
    name: 'Certificate',
    means: `The certificate ends within ${THRESHOLDS.certificateDays} days, and nothing has renewed it.`,
    watch: certificate ?? own('CertificateDays', 'Minimum'),
    below: THRESHOLDS.certificateDays,
    periodSeconds: 86_400,
    periods: 1,
    silence: 'fine',
  };
}

/** Of the copies in another region, where there are any: nobody looks at them until they are needed. */
function copyingAlarms({ copying }: ReturnType<typeof healthMetrics>): AlarmPlan[] {
  if (copying === undefined) return [];
  const usual = { periodSeconds: MINUTES_5, periods: 3, silence: 'fine' } as const;
  return [
    {
      ...usual,
      name: 'CopiedTables',
      means:
        'The replicas of the tables in the region that stands by are minutes behind: is its key enabled, and is that region well?',
      watch: summed(copying.latency, 'MAX'),
      above: THRESHOLDS.copyingMilliseconds,
    },
    {
      ...usual,
      periods: 1,
      name: 'CopiedObjects',
      means:
        'Objects could not be copied to the region that stands by: look at its bucket and its key, then copy what failed (docs/DEPLOY.md, section 10, step 5).',
      watch: summed(copying.failed),
      above: 0,
    },
  ];
}

function summed(metrics: readonly MetricRef[], by: 'SUM' | 'MAX' = 'SUM'): Query[] {
  const ids = metrics.map((_, index) => `m${index + 1}`);
  return [
    ...metrics.map((metric, index): Query => ({ id: ids[index] ?? '', metric, hidden: true })),
    { id: 'e1', expression: `${by}([${ids.join(', ')}])`, label: by.toLowerCase() },
  ];
}

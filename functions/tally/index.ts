/** The tally as Lambda starts it, by a schedule: what the month has cost, how large things are, and whether backups are on. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { dynamoDbClient, s3Client } from '../../shared/aws/clients.ts';
import type { CostSettings } from '../../shared/cost/expressions.ts';
import { pricesOf } from '../../shared/cost/prices.ts';
import { createLog, type Log } from '../../shared/log.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { flushingMetrics } from '../flushing-metrics.ts';
import { askCloudWatch, standingOf } from './aws.ts';
import { type AskMetrics, type MonthToDate, type Standing, monthToDate, tell } from './tally.ts';

export interface TallyDependencies {
  readonly settings: CostSettings;
  readonly ask: AskMetrics;
  readonly standing: () => Promise<Standing>;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly log: Log;
}

export type TallyHandler = () => Promise<MonthToDate>;

/** Each run takes the place of the one before: a sandbox is used again and again. */
export function tallyHandler({
  settings,
  ask,
  standing,
  metrics,
  now,
  log,
}: TallyDependencies): TallyHandler {
  let forget = (): void => undefined;
  return async () => {
    const [month, stands] = await Promise.all([monthToDate(settings, ask, now()), standing()]);
    forget();
    forget = tell(metrics, month, stands);
    if (stands.backupsOff.length > 0) log.error({ off: stands.backupsOff }, 'backups are switched off');
    log.info({ ...month, mailboxes: stands.mailboxes }, 'month to date');
    return month;
  };
}

/** What the stack tells of itself: names, sizes and constants, all but the prices. */
export function tallySettingsFrom(environment: Readonly<Record<string, string | undefined>>): CostSettings {
  const { QUIRE_TALLY: tally, AWS_REGION: region = '' } = environment;
  if (tally === undefined || tally === '')
    throw new Error('set QUIRE_TALLY: this function does not know what to add up');
  const prices = pricesOf(region);
  if (prices === undefined) throw new Error(`no prices are known of the region ${region}`);
  return { ...(JSON.parse(tally) as Omit<CostSettings, 'prices'>), prices };
}

let started: Promise<TallyHandler> | null = null;

/** Clients are made once a sandbox, on its first event. */
export const handler: TallyHandler = async () => {
  started ??= flushingMetrics(process.env, (metrics) => Promise.resolve(start(metrics)));
  return (await started)();
};

function start(metrics: Metrics): TallyHandler {
  const settings = tallySettingsFrom(process.env);
  const aws = { region: process.env.AWS_REGION ?? '' };
  const clients = { dynamodb: dynamoDbClient(aws), s3: s3Client(aws) };
  return tallyHandler({
    settings,
    ask: askCloudWatch(new CloudWatchClient({ ...aws, maxAttempts: 1 })),
    standing: () => standingOf(clients, settings.resources),
    metrics,
    now: Date.now,
    log: createLog({ level: 'info', pretty: false }),
  });
}

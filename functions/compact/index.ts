/** The compaction as Lambda starts it, by a schedule of EventBridge. */
import { DAY_SECONDS } from '../../shared/account/policy.ts';
import { type Engine, engineSettingsFrom, openEngine } from '../../shared/aws/engine.ts';
import { type Log, createLog } from '../../shared/log.ts';
import { actingFor } from '../../shared/metrics/activity.ts';
import { flushingMetrics } from '../flushing-metrics.ts';
import {
  MAINTENANCE_DEFAULTS,
  type MaintenanceSettings,
  maintenanceSettingsFrom,
} from '../maintenance-settings.ts';
import { type CompactReport, compact } from './compact.ts';

/** A fold that was begun has this long to end before Lambda ends the function; most take a second. */
const RESERVE_MS = 60_000;

/** What of Lambda's context is used. */
export interface ScheduleContext {
  getRemainingTimeInMillis(): number;
}
/** The event says nothing that matters. */
export type ScheduleHandler = (event: unknown, context: ScheduleContext) => Promise<CompactReport>;

/** The compaction on an engine. */
export function compactHandler(
  engine: Engine,
  log: Log,
  { graceDays }: MaintenanceSettings = MAINTENANCE_DEFAULTS,
): ScheduleHandler {
  const { journal, folds, messages, rim, work, calendar, metrics } = engine;
  const run = async (context: ScheduleContext): Promise<CompactReport> => {
    const remaining = context.getRemainingTimeInMillis();
    if (remaining <= RESERVE_MS)
      throw new Error(
        `the compaction has ${remaining} ms to run and needs more than ${RESERVE_MS}; raise its timeout`,
      );
    const report = await compact(
      {
        journal,
        folds,
        summaries: messages,
        packs: messages.packs,
        packing: messages.format !== 'raw',
        rim,
        work,
        calendar,
        graceSeconds: graceDays * DAY_SECONDS,
        onCommit: work.leaveIfDue.bind(work),
        log,
        report: (account, divergence) => {
          metrics.add('Divergences', 1);
          log.error({ account, divergence }, 'journal and messages diverge');
        },
      },
      rim.now() + remaining - RESERVE_MS,
    );
    metrics.add('Folds', report.folded);
    metrics.add('FoldFailures', report.failed);
    // On one machine it runs every minute, mostly for nothing.
    log[report.folded + report.failed > 0 ? 'info' : 'debug'](report, 'compaction');
    return report;
  };
  return (_event, context) => actingFor('compact', () => run(context));
}

let started: Promise<ScheduleHandler> | null = null;

/** Clients are made once a sandbox, on its first event. */
export const handler: ScheduleHandler = async (event, context) => {
  started ??= start();
  return (await started)(event, context);
};

async function start(): Promise<ScheduleHandler> {
  const log = createLog({ level: 'info', pretty: false });
  const settings = maintenanceSettingsFrom(process.env);
  return flushingMetrics(process.env, async (metrics) =>
    compactHandler(await openEngine(engineSettingsFrom(process.env), { metrics }), log, settings),
  );
}

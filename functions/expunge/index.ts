/** The expunge function as Lambda starts it, by a schedule of EventBridge. */
import type { AccountId } from '../../shared/account/ids.ts';
import { DAY_SECONDS } from '../../shared/account/policy.ts';
import { type Engine, engineSettingsFrom, openEngine } from '../../shared/aws/engine.ts';
import { deleteWakeQueue } from '../../shared/aws/sqs-wake-queue.ts';
import { type Log, createLog } from '../../shared/log.ts';
import { actingFor } from '../../shared/metrics/activity.ts';
import { tellOfKey } from '../../shared/wake/key-notice.ts';
import { Waker } from '../../shared/wake/waker.ts';
import { type MaintenanceSettings, maintenanceSettingsFrom } from '../maintenance-settings.ts';
import type { ScheduleContext } from '../compact/index.ts';
import { flushingMetrics } from '../flushing-metrics.ts';
import { type CloseDeps, closeAccount } from './close.ts';
import { type ExpungeDeps, type ExpungeReport, expunge } from './expunge.ts';
import { removeOrphanedQueues } from './wake-queues.ts';

/** A step that was begun has this long to end before Lambda ends the function; most take a second. */
const RESERVE_MS = 60_000;

/** The event says nothing that matters. */
export type ExpungeHandler = (event: unknown, context: ScheduleContext) => Promise<ExpungeReport>;

/** What looking after accounts needs, of an engine. Wake-ups and work items of its commits are left by it. */
export function expungeDeps(engine: Engine, { graceDays }: MaintenanceSettings, log: Log): ExpungeDeps {
  const { journal, folds, messages, objects, rim, work, calendar, metrics, watches, wakeSender } = engine;
  const waker = new Waker({ watches, sender: wakeSender, now: rim.now, log, self: null });
  const deps: ExpungeDeps = {
    journal,
    folds,
    folded: folds,
    summaries: messages,
    objects,
    rim,
    calendar,
    work,
    log,
    graceSeconds: graceDays * DAY_SECONDS,
    report: (account, divergence) => {
      metrics.add('Divergences', 1);
      log.error({ account, divergence }, 'journal and messages diverge');
    },
    onCommit: async (account, records, journalBytesBefore) => {
      const last = records.at(-1);
      if (last) waker.committed(account, last.number);
      const left = work.leaveIfDue(account, records, journalBytesBefore).catch((error: unknown) => {
        log.warn({ err: error, account }, 'the work item of a fold could not be left');
      });
      await Promise.all([waker.settled(), left]);
    },
  };
  const { directory, sharing, keys, gateways } = engine;
  const telling = { gateways, sender: wakeSender, now: rim.now, log };
  const closing: CloseDeps = {
    ...deps,
    folds,
    folded: folds,
    objects,
    users: directory.users,
    sharing,
    work,
    ...(keys && {
      deleteKey: async (account: AccountId) => {
        if (await keys.delete(account)) await tellOfKey(telling, account);
      },
    }),
  };
  return { ...deps, close: (account, until) => closeAccount(closing, account, until) };
}

/** The expunge function on an engine. */
export function expungeHandler(engine: Engine, settings: MaintenanceSettings, log: Log): ExpungeHandler {
  const deps = expungeDeps(engine, settings, log);
  const run = async (context: ScheduleContext): Promise<ExpungeReport> => {
    const remaining = context.getRemainingTimeInMillis();
    if (remaining <= RESERVE_MS)
      throw new Error(
        `the expunge function has ${remaining} ms to run and needs more than ${RESERVE_MS}; raise its timeout`,
      );
    const report = await expunge(deps, deps.rim.now() + remaining - RESERVE_MS);
    const queues = await removeOrphanedQueues({
      gateways: engine.gateways,
      deleteQueue: (gateway) => deleteWakeQueue(engine.sqs, gateway),
      now: deps.rim.now,
      log,
    });
    if (queues > 0) log.info({ queues }, 'wake-up queues of gateways that are gone were removed');
    engine.metrics.add('MessagesExpired', report.expired);
    engine.metrics.add('MessagesPurged', report.purged);
    engine.metrics.add('ExpungeFailures', report.failed);
    log[report.accounts + report.failed > 0 ? 'info' : 'debug'](report, 'expunge');
    return report;
  };
  return (_event, context) => actingFor('keep', () => run(context));
}

let started: Promise<ExpungeHandler> | null = null;

/** Clients are made once a sandbox, on its first event. */
export const handler: ExpungeHandler = async (event, context) => {
  started ??= start();
  return (await started)(event, context);
};

async function start(): Promise<ExpungeHandler> {
  const log = createLog({ level: 'info', pretty: false });
  const settings = maintenanceSettingsFrom(process.env);
  return flushingMetrics(process.env, async (metrics) =>
    expungeHandler(await openEngine(engineSettingsFrom(process.env), { metrics }), settings, log),
  );
}

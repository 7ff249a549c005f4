/** The delivery function as Lambda starts it: an SQS event source with `ReportBatchItemFailures`. */
import { type Engine, engineSettingsFrom, openEngine } from '../../shared/aws/engine.ts';
import { sesClient } from '../../shared/aws/clients.ts';
import { createLog } from '../../shared/log.ts';
import { actingFor } from '../../shared/metrics/activity.ts';
import { Waker } from '../../shared/wake/waker.ts';
import type { Log } from '../../shared/log.ts';
import type { SqsHandler } from '../lambda-types.ts';
import { flushingMetrics } from '../flushing-metrics.ts';
import type { Bouncer } from './bounce.ts';
import { deliverBatch } from './deliver.ts';
import { sesBouncer } from './ses-bouncer.ts';

/**
 * The delivery function on an engine. `hostname`: what `Received` says the message came by. Without a `bouncer`, senders
 * of mail to nobody are not told.
 */
export function deliveryHandler(engine: Engine, hostname: string, log: Log, bouncer?: Bouncer): SqsHandler {
  const { watches, wakeSender, rim, work } = engine;
  const waker = new Waker({ watches, sender: wakeSender, now: rim.now, log, self: null });
  const deliver: SqsHandler = (event) =>
    deliverBatch(event, {
      inbound: engine.inbound,
      messages: engine.messages,
      directory: engine.addresses,
      journal: engine.journal,
      rim,
      log,
      metrics: engine.metrics,
      hostname,
      ...(bouncer && { bouncer }),
      committed: async (account, records, journalBytesBefore) => {
        const last = records.at(-1);
        if (last) waker.committed(account, last.number);
        await Promise.all([waker.settled(), work.leaveIfDue(account, records, journalBytesBefore)]);
      },
    });
  return (event) => actingFor('deliver', () => deliver(event));
}

let started: Promise<SqsHandler> | null = null;

/** Clients are made once a sandbox, on its first event. */
export const handler: SqsHandler = async (event) => {
  started ??= start();
  return (await started)(event);
};

async function start(): Promise<SqsHandler> {
  const log = createLog({ level: 'info', pretty: false });
  const hostname = process.env.QUIRE_HOSTNAME ?? 'quire';
  const settings = engineSettingsFrom(process.env);
  const bouncer =
    process.env.QUIRE_BOUNCE_UNKNOWN === 'authenticated'
      ? sesBouncer(sesClient(settings.aws), hostname)
      : undefined;
  return flushingMetrics(process.env, async (metrics) =>
    deliveryHandler(await openEngine(settings, { metrics }), hostname, log, bouncer),
  );
}

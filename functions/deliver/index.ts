/** The delivery function as Lambda starts it: an SQS event source with `ReportBatchItemFailures`. */
import { type Engine, engineSettingsFrom, openEngine } from '../../shared/aws/engine.ts';
import { createLog } from '../../shared/log.ts';
import { actingFor } from '../../shared/metrics/activity.ts';
import { Waker } from '../../shared/wake/waker.ts';
import type { Log } from '../../shared/log.ts';
import type { SqsHandler } from '../lambda-types.ts';
import { flushingMetrics } from '../flushing-metrics.ts';
import { deliverBatch } from './deliver.ts';

/** The delivery function on an engine. `hostname`: what `Received` says the message came by. */
export function deliveryHandler(engine: Engine, hostname: string, log: Log): SqsHandler {
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
  return flushingMetrics(process.env, async (metrics) =>
    deliveryHandler(await openEngine(engineSettingsFrom(process.env), { metrics }), hostname, log),
  );
}

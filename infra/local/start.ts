/**
 * The whole of Quire on one machine. Parts are started in the order in which they need each other, and stopped in the
 * reverse: first nothing new is let in, then what is under way is finished, then the stores go.
 */
import { hostname } from 'node:os';
import { compactHandler } from '../../functions/compact/index.ts';
import { deliveryHandler } from '../../functions/deliver/index.ts';
import { expungeHandler } from '../../functions/expunge/index.ts';
import { GRACE_DAYS } from '../../shared/account/due.ts';
import type { Engine, EngineOptions } from '../../shared/aws/engine.ts';
import type { Log } from '../../shared/log.ts';
import { loadCertificate, type Certificate } from './certificate.ts';
import { dataPaths } from './data-folder.ts';
import { demoAccounts, type DemoAccount } from './demo-accounts.ts';
import { startEventSource } from './event-source.ts';
import { startGateway } from './gateway.ts';
import { publishGrace } from './grace.ts';
import { removingEnvelopes, requeueInbound, type Inbound } from './inbound.ts';
import { startLocalMetrics } from './metrics.ts';
import { publishInstance, withdrawInstance, type Endpoints } from './instance.ts';
import type { LocalSettings } from './settings.ts';
import { startSchedule, type ScheduleOptions } from './schedule.ts';
import { startSmtp } from './smtp.ts';
import { ensureQueues } from './sqs.ts';
import { startOrStopAll, type StartedParts } from './started-parts.ts';
import { startEngine, startStores, type StorePlaces } from './stores.ts';

/** Prefix of the keys in `inbound`: that of the one receipt rule that there is here. */
const INBOUND_PREFIX = 'all/';
/** Invocations of the delivery function at a time. */
const DELIVERIES_AT_ONCE = 3;
/** Folds wait so long for their run; on AWS a schedule of EventBridge says it. */
const COMPACT_EVERY_MS = 60_000;
/** What time makes due is due by days; a machine may never be on for long. */
const EXPUNGE_EVERY_MS = 5 * 60_000;

export interface RunningInstance {
  readonly endpoints: Endpoints;
  /** The demonstration accounts that still have their first password. */
  readonly accounts: readonly DemoAccount[];
  /** Drains and stops all parts. */
  stop(): Promise<void>;
}

/**
 * `options`: where tests watch what goes to the stores.
 * @throws {SetupError} for what the person can put right: ports, folder, settings.
 */
export async function startLocal(
  settings: LocalSettings,
  log: Log,
  options: EngineOptions = {},
): Promise<RunningInstance> {
  return startOrStopAll(log, async (parts) => {
    let endpoints: Endpoints | undefined;
    let replacement: number | undefined;
    const restarted = (pid: number): void => {
      replacement = pid;
      if (endpoints === undefined) return;
      endpoints = { ...endpoints, dynamodb: { ...endpoints.dynamodb, pid } };
      publishInstance(settings.data, endpoints).catch((error: unknown) => {
        log.warn({ err: error }, 'instance.json could not be written again');
      });
    };
    const places = await startStores({ settings, log, parts, restarted }, 'quire start');
    const metrics = startLocalMetrics(settings.metrics, log, parts);
    const engine = await startEngine(places, parts, { metrics, ...options });
    const accounts = settings.demo ? await demoAccounts(engine) : [];
    const certificate = await loadCertificate(settings.data, Date.now(), log);
    const inbound = await startDeliveries(engine, places, log, parts);
    await publishGrace(settings.data, settings.graceDays ?? GRACE_DAYS);
    startMaintenance(settings, engine, log, parts);
    const listeners = await startListeners(settings, engine, certificate, inbound, log, parts);
    endpoints = { ...places, ...listeners };
    if (replacement !== undefined) restarted(replacement);
    await publishInstance(settings.data, endpoints);
    parts.add('instance.json', () => withdrawInstance(settings.data));
    return { endpoints, accounts, stop: () => parts.stop() };
  });
}

async function startDeliveries(
  engine: Engine,
  { blobs }: StorePlaces,
  log: Log,
  parts: StartedParts,
): Promise<Inbound> {
  const queueUrl = await ensureQueues(engine.sqs);
  const inbound: Inbound = {
    blobs: engine.inbound,
    prefix: INBOUND_PREFIX,
    bucketName: 'mail' in blobs ? 'inbound' : blobs.inboundBucket,
    sqs: engine.sqs,
    queueUrl,
  };
  await requeueInbound(inbound, log.child({ part: 'inbound' }));
  const deliverLog = log.child({ part: 'deliver' });
  const source = startEventSource({
    sqs: engine.sqs,
    queueUrl,
    handler: removingEnvelopes(inbound, deliveryHandler(engine, hostname(), deliverLog), deliverLog),
    log: deliverLog,
    concurrency: DELIVERIES_AT_ONCE,
  });
  parts.add('deliveries', () => source.stop());
  return inbound;
}

function startMaintenance(
  { graceDays = GRACE_DAYS }: LocalSettings,
  engine: Engine,
  log: Log,
  parts: StartedParts,
): void {
  const schedule = (name: string, everyMs: number, part: (log: Log) => ScheduleOptions['handler']): void => {
    const partLog = log.child({ part: name });
    const started = startSchedule({ name, everyMs, handler: part(partLog), log: partLog });
    parts.add(name, () => started.stop());
  };
  schedule('compact', COMPACT_EVERY_MS, (partLog) => compactHandler(engine, partLog, { graceDays }));
  schedule('expunge', EXPUNGE_EVERY_MS, (partLog) => expungeHandler(engine, { graceDays }, partLog));
}

async function startListeners(
  settings: LocalSettings,
  engine: Engine,
  certificate: Certificate,
  inbound: Inbound,
  log: Log,
  parts: StartedParts,
): Promise<Pick<Endpoints, 'imap' | 'imaps' | 'smtp'>> {
  const { host, imapPort, imapsPort, smtpPort, messageLimit, literalLimit, unauthenticate } = settings;
  const gatewayLog = log.child({ part: 'imap' });
  const listening = { host, imapPort, imapsPort, certificate, messageLimit, literalLimit, unauthenticate };
  const gateway = await startGateway({ engine, ...listening, log: gatewayLog });
  parts.add('gateway', () => gateway.stop());
  const smtp = await startSmtp({
    host,
    port: smtpPort,
    inbound,
    spool: dataPaths(settings.data).spool,
    accepts: async (address) => {
      const resolution = (await engine.addresses.resolve([address])).get(address);
      return resolution !== undefined && resolution.destinations.length > 0;
    },
    certificate,
    log: log.child({ part: 'smtp' }),
  });
  parts.add('smtp', () => smtp.stop());
  const { imap, imaps } = gateway;
  if (imaps === undefined) throw new Error('the gateway has no TLS listener');
  return { imap, imaps, smtp: { host, port: smtp.port } };
}

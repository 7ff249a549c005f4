/**
 * The gateway as a task of Fargate: what the image starts. ECS takes the task off the load balancer, sends SIGTERM, and kills
 * it two minutes later; in between the clients are seen out one after another.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Engine, engineSettingsFrom, openEngine } from '../../shared/aws/engine.ts';
import { withRetry } from '../../shared/aws/retry.ts';
import { createLog, type Log } from '../../shared/log.ts';
import { metricSinkFrom } from '../../shared/metrics/embedded-format.ts';
import { startFlushing } from '../../shared/metrics/flushing.ts';
import { type ListenerOptions, networksOf } from '../imap/server/arrivals.ts';
import { type GatewayProcess, startGatewayProcess } from '../start.ts';
import { RELOAD_EVERY_MS, SecretCertificate } from './certificate.ts';
import { startHealthPort } from './health.ts';
import { type FargateSettings, fargateSettingsFrom } from './settings.ts';

/** Fargate kills after 120 s: connections are dropped over the first 90, and commands have until 110. */
const DRAIN = { spreadMs: 90_000, graceMs: 110_000 };

const log = createLog({ level: 'info', pretty: false });

async function main(): Promise<void> {
  // Heard from the first moment: the first process of a container is deaf to SIGTERM until it listens, and ECS would
  // wait for all of the stop time.
  const told = signalled();
  const settings = fargateSettingsFrom(process.env);
  const flushed = startFlushing(
    metricSinkFrom(process.env, (line) => void process.stdout.write(`${line}\n`)),
  );
  const engine = await openEngine(engineSettingsFrom(process.env), { metrics: flushed.metrics });
  const certificate = await certificateOf(settings, log);
  if (certificate) flushed.metrics.gauge('CertificateDays', () => certificate.daysLeft(Date.now()));
  const gateway = await startGateway(engine, settings, certificate);
  const health = await startHealthPort(settings.healthPort);
  log.info({ listeners: gateway.addresses, health: health.port }, 'serving');
  await told;
  log.info('stopping: no new connections, and the open ones are seen out');
  health.drain();
  await gateway.stop();
  await health.stop();
  engine.close();
  flushed.stop();
  log.info('stopped');
}

function startGateway(
  engine: Engine,
  settings: FargateSettings,
  certificate: SecretCertificate | undefined,
): Promise<GatewayProcess> {
  const { connections, connectionsPerAddress, messagesPerCommand, unaskedLiteralBytes } = settings;
  const { replicaBudgetBytes, summaryBudgetBytes, unauthenticate } = settings;
  return startGatewayProcess({
    engine,
    listeners: listenersOf(settings),
    ...(certificate && { tls: { context: () => certificate.context } }),
    limits: { connections, connectionsPerAddress, messagesPerCommand, unaskedLiteralBytes },
    unauthenticate,
    replicaBudgetBytes,
    summaryBudgetBytes,
    drain: DRAIN,
    log,
  });
}

function listenersOf({ ports, proxyProtocolFrom }: FargateSettings): ListenerOptions[] {
  const { imaps, imap, behindTls } = ports;
  const host = '0.0.0.0';
  const proxiedFrom = proxyProtocolFrom.length === 0 ? undefined : networksOf(proxyProtocolFrom);
  const listeners: ListenerOptions[] = [];
  if (imaps !== undefined)
    listeners.push({ kind: 'tls', host, port: imaps, ...(proxiedFrom && { proxiedFrom }) });
  if (imap !== undefined) listeners.push({ kind: 'plain', host, port: imap });
  if (behindTls !== undefined) listeners.push({ kind: 'behind-tls', host, port: behindTls });
  return listeners;
}

async function certificateOf(
  { certificateSecret }: FargateSettings,
  log: Log,
): Promise<SecretCertificate | undefined> {
  if (certificateSecret === undefined) return undefined;
  const client = new SecretsManagerClient({ maxAttempts: 1 });
  const read = async (): Promise<string> => {
    const command = new GetSecretValueCommand({ SecretId: certificateSecret });
    const { SecretString } = await withRetry(() => client.send(command));
    if (SecretString === undefined) throw new Error('the secret holds bytes instead of text');
    return SecretString;
  };
  const certificate = await SecretCertificate.load(read, log);
  setInterval(() => void certificate.reload(), RELOAD_EVERY_MS).unref();
  return certificate;
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

try {
  await main();
} catch (error) {
  log.fatal({ err: error }, 'the gateway cannot run');
  process.exitCode = 1;
}

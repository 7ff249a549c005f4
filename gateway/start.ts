/**
 * A gateway process: replicas, wake-ups and the IMAP server on one engine. The same on Fargate and on one machine; only
 * where it listens differs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountId, GatewayId } from '../shared/account/ids.ts';
import type { JournalRecord } from '../shared/account/record.ts';
import { ReplicaCache } from '../shared/account/replica-cache.ts';
import { SummaryReader } from '../shared/account/summary-reader.ts';
import type { Engine } from '../shared/aws/engine.ts';
import { createWakeQueue } from '../shared/aws/sqs-wake-queue.ts';
import { PasswordVerifier } from '../shared/directory/password-verifier.ts';
import type { Log } from '../shared/log.ts';
import { Presence } from '../shared/wake/presence.ts';
import { WakeListener } from '../shared/wake/wake-listener.ts';
import { Waker } from '../shared/wake/waker.ts';
import { createGateway } from './imap/gateway.ts';
import { keyChanged } from './key-watch.ts';
import type { ListenerOptions } from './imap/server/arrivals.ts';
import type { DrainOptions, ListenerAddress } from './imap/server/imap-server.ts';
import { extensionsBut } from './imap/extensions.ts';
import type { ImapLimits } from './imap/server/limits.ts';
import type { TlsSettings } from './imap/server/tls.ts';

/** Columns of messages and tails of journals, of all accounts together. */
const REPLICA_BUDGET_BYTES = 256 * 1024 * 1024;
const SUMMARY_BUDGET_BYTES = 64 * 1024 * 1024;
/** On one machine, where somebody waits: commands that run have so long to finish. */
const DRAIN: DrainOptions = { graceMs: 10_000 };

export interface GatewayProcessOptions {
  readonly engine: Engine;
  readonly listeners: readonly ListenerOptions[];
  /** Needed by listeners on which TLS ends. */
  readonly tls?: TlsSettings;
  readonly limits?: Partial<ImapLimits>;
  /** False: UNAUTHENTICATE is not served, which has to be possible (RFC 8437 §8). */
  readonly unauthenticate?: boolean;
  /** Bytes that replicas may hold beyond head and tree. */
  readonly replicaBudgetBytes?: number;
  readonly summaryBudgetBytes?: number;
  /** How long clients have when the gateway stops. */
  readonly drain?: DrainOptions;
  readonly log: Log;
}

export interface GatewayProcess {
  /** Of the listeners, in the order of the options. */
  readonly addresses: readonly ListenerAddress[];
  /** Sees the clients out, tells of the last commits, and takes the wake-up queue away. */
  stop(): Promise<void>;
}

/** Rejects with `ListenError` if a port cannot be opened. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { engine, log } = options;
  const { journal, messages, logins, sharing, rim, watches, wakeSender, work, sqs, metrics, keys } = engine;
  const gateway = rim.randomHex(8) as GatewayId;
  const now = (): number => rim.now();
  const waker = new Waker({ watches, sender: wakeSender, now, log, self: gateway });
  const committed = (account: AccountId, records: readonly JournalRecord[], journalBytesBefore: number) => {
    const last = records.at(-1);
    if (last) waker.committed(account, last.number);
    work.leaveIfDue(account, records, journalBytesBefore).catch((error: unknown) => {
      // The next commit that crosses the threshold leaves it again.
      log.warn({ err: error, account }, 'the work item of a fold could not be left');
    });
  };
  const cache = new ReplicaCache(journal, rim, {
    budgetBytes: options.replicaBudgetBytes ?? REPLICA_BUDGET_BYTES,
    onCommit: committed,
    ...(keys && { beside: (account: AccountId) => keys.look(account) }),
    onDivergence: (account, divergence) => {
      metrics.add('Divergences', 1);
      log.error({ account, divergence }, 'a replay gave another state than its record says');
    },
  });
  const presence = new Presence({ gateway, register: engine.gateways, now, log });
  await presence.tend();
  const queue = await createWakeQueue(sqs, gateway);
  const sleep = (milliseconds: number, signal: AbortSignal) => delay(milliseconds, undefined, { signal });
  const wakes = new WakeListener({
    ...{ gateway, watches, queue, presence, replicas: cache, now, sleep, log },
    ...(keys && { keyChanged: (account: AccountId) => keyChanged({ keys, server, log }, account) }),
  });
  const server = createGateway({
    listeners: options.listeners,
    ...(options.tls && { tls: options.tls }),
    cache,
    wakes,
    messages,
    summaries: new SummaryReader(journal, messages, options.summaryBudgetBytes ?? SUMMARY_BUDGET_BYTES),
    directory: logins,
    sharing,
    serverAnnotations: engine.serverAnnotations,
    users: engine.directory.users,
    verifier: new PasswordVerifier({ now: () => performance.now() }),
    rim,
    metrics,
    ...(options.limits && { limits: options.limits }),
    ...(options.unauthenticate === false && { extensions: extensionsBut('UNAUTHENTICATE') }),
    log,
  });
  const addresses = await server.listen().catch(async (error: unknown) => {
    await queue.close().catch(() => undefined);
    await presence.end();
    throw error;
  });
  wakes.start();
  const gauges = [
    metrics.gauge('Sessions', () => server.connectionCount),
    metrics.gauge('ReplicaBytes', () => cache.bytes),
    metrics.gauge('ResidentBytes', () => process.memoryUsage.rss()),
  ];
  return {
    addresses,
    async stop() {
      await server.drain(options.drain ?? DRAIN);
      await waker.settled();
      await wakes.stop();
      for (const forget of gauges) forget();
    },
  };
}

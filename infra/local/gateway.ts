/** A gateway on the stores of a local instance: the instance's own, or a further one beside it. */
import { createSecureContext } from 'node:tls';
import { createGateway } from '../../gateway/imap/gateway.ts';
import { ListenError } from '../../gateway/imap/server/imap-server.ts';
import { ReplicaCache } from '../../shared/account/replica-cache.ts';
import { SummaryReader } from '../../shared/account/summary-reader.ts';
import type { GatewayId } from '../../shared/account/ids.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import { PasswordVerifier } from '../../shared/directory/password-verifier.ts';
import type { Log } from '../../shared/log.ts';
import { Waker } from '../../shared/wake/waker.ts';
import type { Certificate } from './certificate.ts';
import type { Listener } from './instance.ts';
import { SetupError } from './setup-error.ts';

/** Columns of messages, of all accounts together. */
const REPLICA_BUDGET_BYTES = 256 * 1024 * 1024;
const SUMMARY_BUDGET_BYTES = 64 * 1024 * 1024;
/** Commands that run when the gateway is told to stop have so long to finish. */
const DRAIN_MS = 10_000;

export interface GatewayOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly imapPort: number;
  /** Absent: no listener for implicit TLS. */
  readonly imapsPort?: number;
  readonly certificate: Certificate;
  readonly log: Log;
}

export interface RunningGateway {
  readonly imap: Listener;
  readonly imaps?: Listener;
  /** Sees the clients out. */
  stop(): Promise<void>;
}

/** @throws {SetupError} if a port cannot be opened. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { engine, host, imapPort, imapsPort, certificate, log } = options;
  const { journal, messages, logins, rim, watches, wakeSender, work } = engine;
  const self = rim.randomHex(8) as GatewayId;
  const waker = new Waker({ watches, sender: wakeSender, now: () => rim.now(), log, self });
  const context = createSecureContext({ cert: certificate.certificate, key: certificate.privateKey });
  const server = createGateway({
    listeners: [
      { kind: 'plain', host, port: imapPort },
      ...(imapsPort === undefined ? [] : [{ kind: 'tls' as const, host, port: imapsPort }]),
    ],
    tls: { context: () => context },
    cache: new ReplicaCache(journal, rim, {
      budgetBytes: REPLICA_BUDGET_BYTES,
      onCommit: (account, records, journalBytesBefore) => {
        const last = records.at(-1);
        if (last !== undefined) waker.committed(account, last.number);
        work.leaveIfDue(account, records, journalBytesBefore).catch((error: unknown) => {
          // The next commit that crosses the threshold leaves it again.
          log.warn({ err: error, account }, 'the work item of a fold could not be left');
        });
      },
      onDivergence: (account, divergence) => {
        log.error({ account, divergence }, 'a replay gave another state than its record says');
      },
    }),
    messages,
    summaries: new SummaryReader(journal, messages, SUMMARY_BUDGET_BYTES),
    directory: logins,
    verifier: new PasswordVerifier({ now: () => performance.now() }),
    rim,
    log,
  });
  const [imap, imaps] = await server.listen().catch((error: unknown) => {
    if (!(error instanceof ListenError)) throw error;
    throw new SetupError(`${error.message}: give other ports with --imap-port and --imaps-port.`, {
      cause: error,
    });
  });
  if (imap === undefined) throw new Error('the gateway listens nowhere');
  return {
    imap: { host, port: imap.port },
    ...(imaps === undefined ? {} : { imaps: { host, port: imaps.port } }),
    async stop() {
      await server.drain({ graceMs: DRAIN_MS });
      await waker.settled();
    },
  };
}

/** A gateway on the stores of a local instance: the instance's own, or a further one beside it. */
import { createSecureContext } from 'node:tls';
import { ListenError } from '../../gateway/imap/server/listen-error.ts';
import { startGatewayProcess } from '../../gateway/start.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import type { Log } from '../../shared/log.ts';
import type { Certificate } from './certificate.ts';
import type { Listener } from './instance.ts';
import { listenError } from './setup-error.ts';

export interface GatewayOptions {
  readonly engine: Engine;
  readonly host: string;
  readonly imapPort: number;
  /** Absent: no listener for implicit TLS. */
  readonly imapsPort?: number;
  readonly certificate: Certificate;
  /** Messages that one command works on; absent: no limit. */
  readonly messageLimit?: number | undefined;
  /** Bytes of a literal that comes without waiting; absent: no limit. */
  readonly literalLimit?: number | undefined;
  /** False: UNAUTHENTICATE is not served. */
  readonly unauthenticate?: boolean | undefined;
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
  const { engine, host, imapPort, imapsPort, certificate, unauthenticate, log } = options;
  const { messageLimit, literalLimit } = options;
  const context = createSecureContext({ cert: certificate.certificate, key: certificate.privateKey });
  const gateway = await startGatewayProcess({
    engine,
    listeners: [
      { kind: 'plain', host, port: imapPort },
      ...(imapsPort === undefined ? [] : [{ kind: 'tls' as const, host, port: imapsPort }]),
    ],
    tls: { context: () => context },
    limits: {
      ...(messageLimit !== undefined && { messagesPerCommand: messageLimit }),
      ...(literalLimit !== undefined && { unaskedLiteralBytes: literalLimit }),
    },
    unauthenticate: unauthenticate ?? true,
    log,
  }).catch((error: unknown) => {
    throw error instanceof ListenError ? portError(error.cause, options) : error;
  });
  const [imap, imaps] = gateway.addresses;
  if (imap === undefined) throw new Error('the gateway listens nowhere');
  return {
    imap: { host, port: imap.port },
    ...(imaps === undefined ? {} : { imaps: { host, port: imaps.port } }),
    stop: () => gateway.stop(),
  };
}

/** `cause`: of Node's, which names the port unless it is the address that is wrong. */
function portError(cause: unknown, { host, imapPort, imapsPort }: GatewayOptions): Error {
  const port = typeof cause === 'object' && cause !== null && 'port' in cause ? cause.port : undefined;
  return imapsPort !== undefined && port === imapsPort
    ? listenError(cause, 'The IMAPS', host, imapsPort, '--imaps-port')
    : listenError(cause, 'The IMAP', host, imapPort, '--imap-port');
}

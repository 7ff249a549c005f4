/** The IMAP front door, put together: from stores and a directory to listeners. */
import type { ReplicaCache } from '../../shared/account/replica-cache.ts';
import type { Rim } from '../../shared/account/rim.ts';
import type { SummaryReader } from '../../shared/account/summary-reader.ts';
import type { MessageStore } from '../../shared/blob/message-store.ts';
import type {
  LoginDirectory,
  ServerAnnotations,
  SharingDirectory,
} from '../../shared/directory/directory.ts';
import { type Metrics, NO_METRICS } from '../../shared/metrics/metrics.ts';
import type { PasswordVerifier } from '../../shared/directory/password-verifier.ts';
import { FAMILIES, commandsByName } from './commands/registry.ts';
import { EXTENSIONS, type Extension, Offered } from './extensions.ts';
import type { ServerLog } from './server/connection-handler.ts';
import type { ListenerOptions } from './server/arrivals.ts';
import { ImapServer } from './server/imap-server.ts';
import type { ImapLimits } from './server/limits.ts';
import { type Timers, systemTimers } from './server/timers.ts';
import type { TlsSettings } from './server/tls.ts';
import { SessionHandler } from './session/handler.ts';
import { Publisher } from './session/publisher.ts';
import { ServerEntriesWatch } from './session/server-entries-watch.ts';
import type { SessionServices } from './session/session.ts';

export interface GatewayOptions {
  readonly listeners: readonly ListenerOptions[];
  /** For STARTTLS, and for listeners of kind `tls`. */
  readonly tls?: TlsSettings;
  readonly cache: ReplicaCache;
  /** Wake-ups from other processes. */
  readonly wakes: SessionServices['wakes'];
  readonly messages: MessageStore;
  readonly summaries: SummaryReader;
  readonly directory: LoginDirectory;
  readonly sharing: SharingDirectory;
  readonly serverAnnotations: ServerAnnotations;
  readonly users: SessionServices['users'];
  readonly verifier: PasswordVerifier;
  readonly rim: Rim;
  readonly metrics?: Metrics;
  readonly limits?: Partial<ImapLimits>;
  /** What is served beside the base protocol; without it, everything. */
  readonly extensions?: readonly Extension[];
  readonly timers?: Timers;
  readonly log: ServerLog;
}

/** An IMAP server over `options`; `listen` opens its ports, `drain` sees its clients out. */
export function createGateway(options: GatewayOptions): ImapServer {
  const {
    listeners,
    tls,
    cache,
    wakes,
    messages,
    summaries,
    directory,
    sharing,
    serverAnnotations,
    users,
    verifier,
    rim,
    limits,
    log,
  } = options;
  const timers = options.timers ?? systemTimers;
  const metrics = options.metrics ?? NO_METRICS;
  const offered = new Offered(options.extensions ?? EXTENSIONS);
  const commands = commandsByName(FAMILIES, offered);
  const services: SessionServices = {
    cache,
    wakes,
    messages,
    summaries,
    directory,
    sharing,
    serverAnnotations,
    serverEntries: new ServerEntriesWatch(serverAnnotations, timers, log),
    users,
    publisher: new Publisher(sharing, log),
    verifier,
    rim,
    timers,
    metrics,
    log,
    recent: new WeakMap(),
    offered,
  };
  return new ImapServer({
    listeners,
    ...(tls && { tls }),
    ...(limits && { limits }),
    timers,
    metrics,
    log,
    createHandler: (connection) => new SessionHandler(connection, services, commands),
  });
}

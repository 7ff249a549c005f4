/**
 * The listeners of the IMAP front door. Lets connections in or turns them away, and sees them all out when the process
 * ends. What stands between a socket and its first command (a load balancer's header, TLS) is `arrivals.ts`'s.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type Metrics, NO_METRICS } from '../../../shared/metrics/metrics.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { status } from '../wire/response.ts';
import { Admission, type Place } from './admission.ts';
import { Arrivals, type ListenerKind, type ListenerOptions, type Peer } from './arrivals.ts';
import type { HandlerFactory, ServerLog } from './connection-handler.ts';
import { Connection } from './connection.ts';
import type { ConnectionSurroundings } from './surroundings.ts';
import { nextTurn } from './fairness.ts';
import { DEFAULT_LIMITS, type ImapLimits } from './limits.ts';
import { ListenError } from './listen-error.ts';
import { systemTimers, type Timers } from './timers.ts';
import type { TlsSettings } from './tls.ts';

export interface ListenerAddress {
  readonly kind: ListenerKind;
  readonly host: string;
  readonly port: number;
}

export interface ImapServerOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly createHandler: HandlerFactory;
  /** Needed by listeners of kind `tls`. */
  readonly tls?: TlsSettings;
  readonly limits?: Partial<ImapLimits>;
  readonly timers?: Timers;
  readonly nextTurn?: () => Promise<void>;
  readonly metrics?: Metrics;
  readonly log?: ServerLog;
}

export interface DrainOptions {
  /** Milliseconds that commands have to finish; what still runs then is cut off. */
  readonly graceMs: number;
  /**
   * Milliseconds over which the connections are dropped: clients that are dropped all at once come back all at once.
   * Must be less than `graceMs`. Default 0.
   */
  readonly spreadMs?: number;
  /** What clients are told. */
  readonly text?: string;
}

const ignore = (): void => undefined;

const SILENT: ServerLog = { debug: () => undefined, warn: () => undefined, error: () => undefined };

export class ImapServer {
  readonly #options: ImapServerOptions;
  readonly #around: ConnectionSurroundings;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  readonly #arrivals: Arrivals;
  #nextId = 1;
  #draining = false;
  #allGone: (() => void) | undefined;

  constructor(options: ImapServerOptions) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    if (options.tls === undefined && options.listeners.some(({ kind }) => kind === 'tls')) {
      throw new Error('a TLS listener needs a certificate');
    }
    if (options.listeners.some(({ kind, proxiedFrom }) => kind !== 'tls' && proxiedFrom !== undefined)) {
      throw new Error(
        'a load balancer that waits for the client to speak does not fit a port on which we speak first',
      );
    }
    this.#options = options;
    const turn = options.nextTurn ?? nextTurn;
    const { batchBytes, turnBytes } = limits;
    this.#around = {
      limits,
      writing: { batchBytes, turnBytes, nextTurn: turn },
      timers: options.timers ?? systemTimers,
      nextTurn: turn,
      metrics: options.metrics ?? NO_METRICS,
      log: options.log ?? SILENT,
      admission: new Admission(limits),
      tls: options.tls,
      createHandler: options.createHandler,
      left: (connection) => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#allGone?.();
      },
    };
    this.#arrivals = new Arrivals(this.#around);
  }

  /** Connections that are open, those that are still arriving not counted. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Opens every listener, or none: rejects with `ListenError`. Addresses come in the order of the options. */
  async listen(): Promise<ListenerAddress[]> {
    const addresses: ListenerAddress[] = [];
    try {
      for (const listener of this.#options.listeners) addresses.push(await this.#open(listener));
    } catch (error) {
      await this.#stopListening();
      throw error;
    }
    return addresses;
  }

  async #open(listener: ListenerOptions): Promise<ListenerAddress> {
    const { kind, host, port } = listener;
    const { keepAliveMs } = this.#around.limits;
    // Half-open: a client that sends its commands and closes its side, as a script does, still gets its answers.
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      (socket) => void this.#accept(socket, listener),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, host, port)));
      server.listen({ host, port }, resolve);
    });
    server.on('error', (error) => this.#around.log.error({ err: error, host, port }, 'listener failed'));
    this.#servers.push(server);
    const address = server.address() as AddressInfo;
    return { kind, host: address.address, port: address.port };
  }

  async #accept(socket: Socket, listener: ListenerOptions): Promise<void> {
    // Whatever happens to this socket is never an uncaught error.
    socket.on('error', ignore);
    const peer = this.#isDraining() ? undefined : await this.#arrivals.peerOf(socket, listener);
    if (peer === undefined || this.#isDraining()) {
      socket.destroy();
      return;
    }
    const admitted = this.#around.admission.admit(peer.address);
    if (!admitted.ok) {
      this.#turnAway(socket, listener.kind, peer, admitted.reason);
      return;
    }
    const secured = listener.kind === 'tls' ? await this.#arrivals.secure(socket, peer) : socket;
    if (secured === undefined || secured.destroyed || this.#isDraining()) {
      secured?.destroy();
      admitted.release();
      return;
    }
    this.#serve(secured, peer, admitted);
    // Its transport listens now; under TLS, to the secured one.
    if (secured === socket) socket.off('error', ignore);
  }

  #isDraining(): boolean {
    return this.#draining;
  }

  /** On a TLS port there is no word to be had without a handshake, which would cost more than the connection. */
  #turnAway(socket: Socket, kind: ListenerKind, peer: Peer, reason: string): void {
    this.#around.log.warn({ peer: peer.address, reason }, 'connection turned away');
    if (kind === 'tls') {
      socket.destroy();
      return;
    }
    const linger = this.#around.timers.after(this.#around.limits.lingerMs, () => socket.destroy());
    socket.once('close', () => linger.cancel());
    socket.resume();
    socket.end(status('*', 'BYE', reason, 'UNAVAILABLE'));
  }

  #serve(socket: Socket, peer: Peer, place: Place): void {
    const connection = new Connection(this.#nextId++, socket, peer, place, this.#around);
    this.#connections.add(connection);
    connection.begin();
  }

  /** Says BYE to all who are signed in to `account`, each as soon as no command of theirs runs. */
  signOut(account: string, text: string, code: ResponseCode): void {
    for (const connection of this.#connections)
      if (connection.account === account) connection.drain(text, code);
  }

  /**
   * Stops accepting, lets every running command finish and answers it, says BYE and closes. Resolves when the last
   * connection is gone and its handler was told, at the latest after `graceMs`.
   */
  async drain({ graceMs, spreadMs = 0, text }: DrainOptions): Promise<void> {
    this.#draining = true;
    const stopped = this.#stopListening();
    this.#arrivals.destroy();
    const farewell = text ?? 'the server is going down, please connect again';
    const { timers } = this.#around;
    const connections = [...this.#connections];
    for (const [place, connection] of connections.entries()) {
      const delay = (spreadMs * place) / connections.length;
      if (delay === 0) connection.drain(farewell, 'UNAVAILABLE');
      else timers.after(delay, () => connection.drain(farewell, 'UNAVAILABLE'));
    }
    if (this.#connections.size > 0) await this.#lastGone(graceMs);
    await stopped;
  }

  /** After `graceMs` it waits no more, not even for commands whose connection is cut: the process must end. */
  #lastGone(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cutOff = this.#around.timers.after(graceMs, () => {
        for (const connection of this.#connections) connection.destroy();
        resolve();
      });
      this.#allGone = () => {
        cutOff.cancel();
        resolve();
      };
    });
  }

  async #stopListening(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const place = `${host}:${port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another process listens there',
    EACCES: 'this user may not listen there (ports below 1024 need a privilege)',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'that host name is not known',
  };
  return new ListenError(`cannot listen on ${place}: ${reasons[error.code ?? ''] ?? error.message}`, error);
}

/**
 * What stands between a socket and its first command: whom it is from, which a load balancer may have to tell, and the TLS
 * handshake. Sockets on their way are known here, so that a server that ends can let go of them.
 */
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { ServerLog } from './connection-handler.ts';
import type { ImapLimits } from './limits.ts';
import { ProxyHeaderError, receiveProxyHeader, type PeerAddress } from './proxy-protocol.ts';
import type { Timers } from './timers.ts';
import { secureSocket, TlsHandshakeError, type TlsSettings } from './tls.ts';

/**
 * - `plain`: STARTTLS is on offer if there is a certificate;
 * - `tls`: TLS from the first byte;
 * - `behind-tls`: TLS ends at a load balancer, and nobody else can reach the port. It counts as secured.
 */
export type ListenerKind = 'plain' | 'tls' | 'behind-tls';

export interface ListenerOptions {
  readonly kind: ListenerKind;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /**
   * A load balancer at one of these addresses says by the PROXY protocol whom a connection is from; nobody else may
   * connect. Only for `tls`: it says so together with the client's first byte (see `proxy-protocol.ts`).
   */
  readonly proxiedFrom?: BlockList;
}

/** Whom a connection is from. */
export interface Peer extends PeerAddress {
  /** TLS ended before the connection came to us. */
  readonly behindTls: boolean;
}

export interface ArrivalSurroundings {
  readonly limits: ImapLimits;
  readonly timers: Timers;
  readonly log: ServerLog;
  readonly tls: TlsSettings | undefined;
}

/** The networks of `cidrs`, such as `10.83.0.0/24`. Throws in one sentence. */
export function networksOf(cidrs: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/');
    try {
      if (!/^\d+$/.test(bits)) throw new Error('it has no length');
      networks.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
    } catch (error) {
      throw new Error(`${JSON.stringify(cidr)} is no network such as 10.0.0.0/24`, { cause: error });
    }
  }
  return networks;
}

export class Arrivals {
  readonly #around: ArrivalSurroundings;
  readonly #sockets = new Set<Socket>();

  constructor(around: ArrivalSurroundings) {
    this.#around = around;
  }

  /** Undefined if it is from nobody whom there is to serve: a check by the load balancer, or somebody who goes round it. */
  async peerOf(socket: Socket, { kind, proxiedFrom }: ListenerOptions): Promise<Peer | undefined> {
    const { remoteAddress: address, remotePort: port = 0 } = socket;
    if (address === undefined) return undefined;
    if (proxiedFrom === undefined) return { address, port, behindTls: kind === 'behind-tls' };
    const { log, limits, timers } = this.#around;
    if (!proxiedFrom.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) {
      log.warn({ peer: address }, 'connection turned away: it does not come from the load balancer');
      return undefined;
    }
    // Nobody is known yet by whom they could be counted.
    if (this.#sockets.size >= limits.connections) {
      log.warn({ peer: address }, 'connection turned away: too many have not said a word');
      return undefined;
    }
    return this.#arriving(socket, async () => {
      const client = await receiveProxyHeader(socket, timers, limits.unauthenticatedMs);
      return client && { ...client, behindTls: false };
    });
  }

  /** Undefined if the handshake failed. */
  async secure(socket: Socket, { address }: Peer): Promise<Socket | undefined> {
    const { tls, timers, limits } = this.#around;
    if (tls === undefined) throw new Error('a TLS listener needs a certificate');
    return this.#arriving(
      socket,
      async () => secureSocket(socket, tls, timers, limits.unauthenticatedMs),
      address,
    );
  }

  /** Lets go of all that are on their way. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #arriving<T>(
    socket: Socket,
    work: () => Promise<T>,
    address = socket.remoteAddress,
  ): Promise<T | undefined> {
    this.#sockets.add(socket);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TlsHandshakeError || error instanceof ProxyHeaderError)) throw error;
      this.#around.log.debug({ peer: address, reason: error.message }, 'connection lost');
      return undefined;
    } finally {
      this.#sockets.delete(socket);
    }
  }
}

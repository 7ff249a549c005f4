/**
 * The header of PROXY protocol version 2, by which a load balancer says whose connection it passes on ("The PROXY protocol",
 * haproxy.org, section 2.2). It stands before the client's first byte, and AWS's network load balancers send it only together
 * with that byte: on a port where the server speaks first both would wait for ever.
 */
import type { Socket } from 'node:net';
import type { Timers } from './timers.ts';

export interface PeerAddress {
  readonly address: string;
  readonly port: number;
}

/** `length`: bytes of the header. Without `client`, the load balancer speaks for itself: a health check. */
export type ProxyHeader =
  | { readonly kind: 'header'; readonly length: number; readonly client: PeerAddress | undefined }
  /** More bytes are needed to tell. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly reason: string };

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;
const TCP_IPV4 = 0x11;
const TCP_IPV6 = 0x21;
/** Addresses and two ports of 16 bits. */
const IPV4_BYTES = 12;
const IPV6_BYTES = 36;
/** Addresses and what may follow them; AWS sends an endpoint's id of some twenty bytes. A client cannot make it longer. */
const MOST_BYTES = 2_048;

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const signature = bytes.subarray(0, SIGNATURE.length);
  if (!signature.equals(SIGNATURE.subarray(0, signature.length)))
    return { kind: 'invalid', reason: 'it does not begin with a PROXY header' };
  if (bytes.length < FIXED_BYTES) return { kind: 'incomplete' };
  const version = bytes.readUInt8(12) >> 4;
  const command = bytes.readUInt8(12) & 0x0f;
  const family = bytes.readUInt8(13);
  const rest = bytes.readUInt16BE(14);
  if (version !== VERSION) return { kind: 'invalid', reason: `it has a PROXY header of version ${version}` };
  if (command !== LOCAL && command !== PROXY)
    return { kind: 'invalid', reason: `it has a PROXY header with the command ${command}` };
  const length = FIXED_BYTES + rest;
  if (length > MOST_BYTES) return { kind: 'invalid', reason: `it has a PROXY header of ${length} bytes` };
  if (bytes.length < length) return { kind: 'incomplete' };
  if (command === LOCAL) return { kind: 'header', length, client: undefined };
  return clientOf(bytes.subarray(FIXED_BYTES, length), family, length);
}

/** "The receiver … must accept" families that it does not know, and take the connection's own address (section 2.2). */
function clientOf(addresses: Buffer, family: number, length: number): ProxyHeader {
  const size = family === TCP_IPV4 ? IPV4_BYTES : family === TCP_IPV6 ? IPV6_BYTES : 0;
  if (size === 0) return { kind: 'header', length, client: undefined };
  if (addresses.length < size) return { kind: 'invalid', reason: 'it has a PROXY header that is cut short' };
  const client =
    family === TCP_IPV4
      ? { address: addresses.subarray(0, 4).join('.'), port: addresses.readUInt16BE(8) }
      : { address: ipv6Of(addresses.subarray(0, 16)), port: addresses.readUInt16BE(32) };
  return { kind: 'header', length, client };
}

/** As RFC 5952 spells it, for logs and counts compare it as text. */
function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Nothing that could be used came in time. */
export class ProxyHeaderError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProxyHeaderError';
  }
}

/**
 * Takes the header off `socket`, which nobody has read from; what follows it stays to be read. Undefined if the load
 * balancer speaks for itself. Rejects with `ProxyHeaderError` within `ms` milliseconds.
 */
export function receiveProxyHeader(
  socket: Socket,
  timers: Timers,
  ms: number,
): Promise<PeerAddress | undefined> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const end = (run: () => void): void => {
      timer.cancel();
      socket.off('readable', read);
      socket.off('close', closed);
      socket.off('end', closed);
      run();
    };
    const fail = (reason: string): void => end(() => reject(new ProxyHeaderError(reason)));
    const closed = (): void => fail('it was closed without a word');
    const timer = timers.after(ms, () => fail('it said nothing for too long'));
    const read = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      seen = Buffer.concat([seen, bytes]);
      const header = parseProxyHeader(seen);
      if (header.kind === 'incomplete') return;
      if (header.kind === 'invalid') {
        fail(header.reason);
        return;
      }
      end(() => {
        const rest = seen.subarray(header.length);
        if (rest.length > 0) socket.unshift(rest);
        resolve(header.client);
      });
    };
    socket.on('readable', read);
    socket.once('close', closed);
    socket.once('end', closed);
    read();
  });
}

/**
 * What a connection's bytes go through at the moment: the socket, TLS once it has begun (RFC 9051 §6.2.1), and compression
 * from when it begins until it ends (RFC 4978, RFC 8437 §4.1).
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Chunk } from '../wire/response-writer.ts';
import type { Admission, Place } from './admission.ts';
import { DeflateTransport } from './deflate-transport.ts';
import type { Timers } from './timers.ts';
import { secureSocket, type TlsSettings } from './tls.ts';
import { SocketTransport, type TransportOwner } from './transport.ts';

/** `full`: too many connections compress already; else the client is at fault. */
export interface Refused {
  readonly ok: false;
  readonly reason: string;
  readonly full: boolean;
}

export class Channel {
  readonly #owner: TransportOwner;
  readonly #admission: Admission;
  #socket: Socket;
  #transport: SocketTransport | DeflateTransport;
  /** Among the connections that compress. */
  #place: Place | undefined;

  /** `socket` is secured already on a TLS listener. */
  constructor(socket: Socket, owner: TransportOwner, admission: Admission) {
    this.#socket = socket;
    this.#owner = owner;
    this.#admission = admission;
    this.#transport = new SocketTransport(socket, owner);
  }

  get tls(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get compressed(): boolean {
    return this.#transport instanceof DeflateTransport;
  }

  /** Bytes have come in that nobody has read. */
  get ready(): boolean {
    return this.#transport.ready;
  }

  read(): Promise<Uint8Array | null> {
    return this.#transport.read();
  }

  write(chunks: readonly Chunk[]): Promise<void> | undefined {
    return this.#transport.write(chunks);
  }

  /** What comes in from now on is left on the socket, for the handshake. */
  detach(): void {
    this.#transport.detach();
  }

  /** The handshake of TLS, after `detach`. Rejects if it fails. */
  async secure(settings: TlsSettings, timers: Timers, ms: number): Promise<void> {
    this.#socket = await secureSocket(this.#socket, settings, timers, ms);
    this.#transport = new SocketTransport(this.#socket, this.#owner);
  }

  /** Takes a place among those that compress. `hasInput`: the client has sent something behind its command. */
  admitCompression(hasInput: boolean): { readonly ok: true } | Refused {
    // RFC 4978 §3: it MUST NOT before it has seen the answer. It cannot be told what that would be.
    if (hasInput) return { ok: false, reason: 'nothing may follow before the answer', full: false };
    const place = this.#admission.admitToCompression();
    if (!place.ok) return { ...place, full: true };
    this.#place = place;
    return { ok: true };
  }

  /** From here on, both ways; after `admitCompression`. */
  beginCompression(): void {
    if (this.#transport instanceof DeflateTransport) throw new Error('the connection is compressed already');
    this.#transport = new DeflateTransport(this.#transport, this.#owner);
  }

  /** False if it cannot be told where the client's plain bytes begin. */
  endCompression(): boolean {
    if (!(this.#transport instanceof DeflateTransport)) return true;
    const plain = this.#transport.undo();
    if (!plain) return false;
    this.#transport = plain;
    this.release();
    return true;
  }

  /** The connection is gone, or compresses no more. */
  release(): void {
    this.#place?.release();
    this.#place = undefined;
  }

  /** Closes once everything is sent. */
  end(): void {
    this.#transport.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * A connection's bytes in both directions. The reader and the writer know only this, so that what lies between them and
 * the socket can change: TLS after STARTTLS, deflate with COMPRESS (`deflate-transport.ts`).
 */
import type { Socket } from 'node:net';
import type { ByteSource } from '../wire/command-reader.ts';
import { ConnectionLostError, type ByteSink, type Chunk } from '../wire/response-writer.ts';

export interface Transport extends ByteSource, ByteSink {
  /** A read would not have to wait: there are bytes, or the end. */
  readonly ready: boolean;
  /** Sends what was written and then the end; what the peer still sends is read and dropped. */
  end(): void;
  /** Throws away what has come in and stops reading: TLS reads from now on. What is written still goes out. */
  detach(): void;
}

/** Whose bytes they are. */
export interface TransportOwner {
  /** It is `ready`, and nobody reads. */
  wake(): void;
  /** A reset at any time is the peer's business: it must end this connection and nothing else. The end follows. */
  failed(error: Error): void;
  /** The socket is closed. Called once for each socket. */
  gone(): void;
}

/**
 * A plain or a TLS socket. Reads only when asked, so that TCP slows down a client that sends faster than we work. Its
 * listeners are the same functions for all sockets: a gateway holds thousands that rest.
 */
export class SocketTransport implements Transport {
  static readonly #of = new WeakMap<Socket, SocketTransport>();
  readonly #socket: Socket;
  #owner: TransportOwner;
  #ended = false;
  #reader: ((bytes: Uint8Array | null) => void) | undefined;
  #drained: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | undefined;

  constructor(socket: Socket, owner: TransportOwner) {
    this.#socket = socket;
    this.#owner = owner;
    SocketTransport.#of.set(socket, this);
    socket.on('readable', SocketTransport.#onReadable);
    socket.on('end', SocketTransport.#onEnd);
    socket.on('drain', SocketTransport.#onDrain);
    socket.on('error', SocketTransport.#onError);
    socket.on('close', SocketTransport.#onClose);
  }

  /** Somebody else is told from now on. */
  ownedBy(owner: TransportOwner): void {
    this.#owner = owner;
    if (this.ready) owner.wake();
  }

  static #at(socket: Socket): SocketTransport {
    const transport = SocketTransport.#of.get(socket);
    if (transport === undefined) throw new Error('a socket without its transport');
    return transport;
  }

  static #onReadable(this: Socket): void {
    SocketTransport.#at(this).#readable();
  }

  static #onEnd(this: Socket): void {
    SocketTransport.#at(this).#endReading();
  }

  static #onDrain(this: Socket): void {
    SocketTransport.#at(this).#goOn();
  }

  static #onError(this: Socket, error: Error): void {
    SocketTransport.#at(this).#owner.failed(error);
  }

  static #onClose(this: Socket): void {
    SocketTransport.#at(this).#close();
  }

  #readable(): void {
    if (this.#reader === undefined && this.#socket.readableLength > 0) {
      this.#owner.wake();
      return;
    }
    // Without a byte it is the end that can be read, which is told by an event of its own.
    const bytes = this.#socket.read() as Buffer | null;
    if (bytes !== null) this.#deliver(bytes);
  }

  #endReading(): void {
    this.#ended = true;
    if (this.#reader === undefined) this.#owner.wake();
    else this.#deliver(null);
  }

  #goOn(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #close(): void {
    this.#ended = true;
    this.#deliver(null);
    this.#drained?.reject(new ConnectionLostError());
    this.#drained = undefined;
    this.#owner.gone();
  }

  #deliver(bytes: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(bytes);
  }

  get ready(): boolean {
    return this.#socket.readableLength > 0 || this.#ended || this.#socket.destroyed;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) throw new Error('a read is under way');
    const bytes = this.#socket.read() as Buffer | null;
    if (bytes !== null) return Promise.resolve(bytes);
    if (this.#ended || this.#socket.destroyed) return Promise.resolve(null);
    return new Promise((resolve) => (this.#reader = resolve));
  }

  write(chunks: readonly Chunk[]): Promise<void> | undefined {
    if (!this.#socket.writable) throw new ConnectionLostError();
    let room = true;
    this.#socket.cork();
    for (const chunk of chunks) room = this.#socket.write(chunk);
    this.#socket.uncork();
    if (room) return undefined;
    return new Promise((resolve, reject) => (this.#drained = { resolve, reject }));
  }

  end(): void {
    this.#ended = true;
    this.#socket.off('readable', SocketTransport.#onReadable);
    this.#deliver(null);
    this.#socket.end();
    // Unread bytes would make the kernel answer our end with a reset, which may overtake our last words.
    this.#socket.resume();
  }

  detach(): void {
    this.#socket.off('readable', SocketTransport.#onReadable);
    this.#socket.off('end', SocketTransport.#onEnd);
    this.#ended = true;
    while (this.#socket.read() !== null);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

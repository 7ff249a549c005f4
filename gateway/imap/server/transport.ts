/**
 * A connection's bytes in both directions. The reader and the writer know only this, so that what lies between them and
 * the socket can change: TLS after STARTTLS, a deflate stream with COMPRESS (which would be a `Transport` that wraps
 * another and ends every batch with a full flush, because iOS stalls on a partly flushed one).
 */
import type { Socket } from 'node:net';
import type { ByteSource } from '../wire/command-reader.ts';
import { ConnectionLostError, type ByteSink, type Chunk } from '../wire/response-writer.ts';

export interface Transport extends ByteSource, ByteSink {
  /** Sends what was written and then the end; what the peer still sends is read and dropped. */
  end(): void;
  /** Throws away what has come in and stops reading: TLS reads from now on. What is written still goes out. */
  detach(): void;
}

/** A plain or a TLS socket. Reads only when asked, so that TCP slows down a client that sends faster than we work. */
export class SocketTransport implements Transport {
  readonly #socket: Socket;
  #ended = false;
  #reader: ((bytes: Uint8Array | null) => void) | undefined;
  #drained: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('readable', this.#onReadable);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('close', this.#onClose);
  }

  readonly #onReadable = (): void => {
    if (this.#reader === undefined) return;
    const bytes = this.#socket.read() as Buffer | null;
    if (bytes !== null) this.#deliver(bytes);
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#deliver(null);
  };

  readonly #onDrain = (): void => {
    this.#drained?.resolve();
    this.#drained = undefined;
  };

  readonly #onClose = (): void => {
    this.#onEnd();
    this.#drained?.reject(new ConnectionLostError());
    this.#drained = undefined;
  };

  #deliver(bytes: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(bytes);
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
    this.#socket.off('readable', this.#onReadable);
    this.#deliver(null);
    this.#socket.end();
    // Unread bytes would make the kernel answer our end with a reset, which may overtake our last words.
    this.#socket.resume();
  }

  detach(): void {
    this.#socket.off('readable', this.#onReadable);
    this.#socket.off('end', this.#onEnd);
    this.#ended = true;
    while (this.#socket.read() !== null);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * COMPRESS=DEFLATE (RFC 4978) between a connection and its socket.
 *
 * Out: each batch of an answer is deflated by itself and ends on a byte, with a sync flush, so that the client has all of
 * it (iOS stalls on a partly flushed stream). No compressor is kept between two batches, only the last bytes that were
 * sent: they are in the client's window, and so serve as the dictionary of the next batch. A session at rest then costs
 * these few kilobytes, where zlib's own state would take a quarter of a megabyte.
 *
 * In: the client's stream refers to as much of what it has sent as it likes, so there is an inflater for each connection:
 * about 40 KB with its window (`npm run bench -- --only idle`; a small `chunkSize` is most of what can be saved). `compressedConnections`
 * bounds how many there are.
 */
import { type InflateRaw, constants, createInflateRaw, deflateRawSync } from 'node:zlib';
import type { Chunk } from '../wire/response-writer.ts';
import type { SocketTransport, Transport, TransportOwner } from './transport.ts';

/** What of the bytes that were sent is kept: responses look like those before them, not like those long ago. */
const DICTIONARY_BYTES = 8 * 1024;
/** RFC 4978 §4: the least CPU gives 25 to 40 % already. */
const LEVEL = 3;
/** Bytes that are inflated at once. */
const INFLATED_BYTES = 4 * 1024;
/** How a flush ends: an empty block without its head (RFC 1951 §3.2.4). */
const FLUSHED = Buffer.from([0x00, 0x00, 0xff, 0xff]);

const NOTHING = new Uint8Array(0);

/** The last `most` bytes of both, in memory of their own: a piece of Node's pool would keep all of its page. */
function lastOf(before: Uint8Array, after: Uint8Array, most: number): Uint8Array {
  const tail = after.subarray(-most);
  const head = before.subarray(Math.max(0, before.length + tail.length - most));
  const both = Buffer.allocUnsafeSlow(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return both;
}

export class DeflateTransport implements Transport, TransportOwner {
  readonly #inner: SocketTransport;
  readonly #owner: TransportOwner;
  readonly #inflate: InflateRaw;
  #sent: Uint8Array = NOTHING;
  /** The last bytes that came in, as many as `FLUSHED` has. */
  readonly #lastIn = new Uint8Array(FLUSHED.length);
  #feeding = false;
  #ended = false;
  #reader: ((bytes: Uint8Array | null) => void) | undefined;

  /** Takes over `inner`, whose owner was `owner`. */
  constructor(inner: SocketTransport, owner: TransportOwner) {
    this.#inner = inner;
    this.#owner = owner;
    this.#inflate = createInflateRaw({ chunkSize: INFLATED_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
    this.#inflate.on('readable', () => this.#tell());
    this.#inflate.on('end', () => this.#end());
    this.#inflate.on('error', (error) => this.#fail(error));
    inner.ownedBy(this);
  }

  // --- in -------------------------------------------------------------------------------------------------------

  get ready(): boolean {
    return this.#inflate.readableLength > 0 || this.#ended;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) throw new Error('a read is under way');
    const bytes = this.#inflate.read() as Buffer | null;
    if (bytes !== null) return Promise.resolve(bytes);
    if (this.#ended) return Promise.resolve(null);
    this.#feed();
    return new Promise((resolve) => (this.#reader = resolve));
  }

  /** Hands what has come in to the inflater, as long as it takes it: a client that is too fast is slowed down by TCP. */
  #feed(): void {
    if (this.#feeding || this.#ended || !this.#inner.ready) return;
    this.#feeding = true;
    this.#inner.read().then(
      (bytes) => {
        if (bytes === null) {
          this.#inflate.end();
          return;
        }
        this.#remember(bytes);
        this.#inflate.write(bytes, () => {
          this.#feeding = false;
          this.#feed();
        });
      },
      (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #remember(bytes: Uint8Array): void {
    const last = bytes.subarray(-FLUSHED.length);
    this.#lastIn.copyWithin(0, last.length);
    this.#lastIn.set(last, FLUSHED.length - last.length);
  }

  /** There are bytes for whoever reads, or it is time that somebody does. */
  #tell(): void {
    if (this.#reader === undefined && this.#inflate.readableLength > 0) {
      this.#owner.wake();
      return;
    }
    // Without a byte it is the end that can be read, which is told by an event of its own: of a client that went at rest as well.
    const bytes = this.#inflate.read() as Buffer | null;
    if (bytes !== null) this.#deliver(bytes);
  }

  #end(): void {
    this.#ended = true;
    if (this.#reader === undefined) this.#owner.wake();
    else this.#deliver(null);
  }

  /** What cannot be inflated says nothing any more, and nothing can be said in answer that would be understood. */
  #fail(error: Error): void {
    this.#owner.failed(error);
    this.#ended = true;
    this.#inner.destroy();
    this.#deliver(null);
  }

  #deliver(bytes: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(bytes);
  }

  // --- out ------------------------------------------------------------------------------------------------------

  write(chunks: readonly Chunk[]): Promise<void> | undefined {
    const plain = Buffer.concat(
      chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    );
    if (plain.length === 0) return this.#inner.write([]);
    const deflated = deflateRawSync(plain, {
      level: LEVEL,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#sent.length > 0 && { dictionary: this.#sent }),
    });
    this.#sent = lastOf(this.#sent, plain, DICTIONARY_BYTES);
    return this.#inner.write([deflated]);
  }

  // --- ends -----------------------------------------------------------------------------------------------------

  /**
   * What is below, for a connection that goes on without compression (RFC 8437 §4.1). Undefined if that cannot be told
   * from the bytes: something came behind the flush, which may be plain already.
   */
  undo(): SocketTransport | undefined {
    const flushed = FLUSHED.equals(this.#lastIn) || this.#inflate.readableEnded || this.#ended;
    if (!flushed || this.#inflate.readableLength > 0) return undefined;
    this.#inflate.removeAllListeners().on('error', () => undefined);
    this.#inflate.destroy();
    this.#inner.ownedBy(this.#owner);
    return this.#inner;
  }

  end(): void {
    this.#ended = true;
    this.#inflate.destroy();
    this.#deliver(null);
    this.#inner.end();
  }

  detach(): void {
    throw new Error('TLS begins before compression, or never');
  }

  destroy(): void {
    this.#inner.destroy();
  }

  // --- for the transport below ------------------------------------------------------------------------------------

  wake(): void {
    this.#feed();
  }

  failed(error: Error): void {
    this.#owner.failed(error);
  }

  gone(): void {
    this.#inflate.destroy();
    this.#ended = true;
    this.#deliver(null);
    this.#owner.gone();
  }
}

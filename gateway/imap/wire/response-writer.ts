/**
 * Sends responses in order, in few and large writes, at the pace at which the client reads and without holding the
 * process for long. What is written is kept until `flush`, or until `pace` finds that enough has gathered.
 *
 *     for (const message of messages) {
 *       writer.write(fetchLine(message));
 *       if (writer.full) await writer.pace();
 *     }
 */
import type { ResponseCode } from './response-code.ts';
import { continuation, status, type StatusCondition, type TextEncoding } from './response.ts';

/** Strings are sent as UTF-8. Bytes must not be changed after they were handed over. */
export type Chunk = string | Uint8Array;

/** Where the bytes go: a socket, or what compresses them before it. */
export interface ByteSink {
  /**
   * Takes chunks in order. Returns a promise if the peer is behind: it resolves when more may be written, and rejects
   * with `ConnectionLostError` when the connection has gone. Throws `ConnectionLostError` if it is gone already.
   */
  write(chunks: readonly Chunk[]): Promise<void> | undefined;
  /** Ends the connection at once, without sending what is waiting. */
  destroy(reason: Error): void;
}

/** The peer is gone, or the connection was given up: whoever writes or reads stops, and nobody is answered. */
export class ConnectionLostError extends Error {
  constructor(reason = 'the connection is closed') {
    super(reason);
    this.name = 'ConnectionLostError';
  }
}

/** A literal could not be sent as announced; the connection was destroyed, for there is no way to take `{n}` back. */
export class BrokenLiteralError extends ConnectionLostError {
  constructor(reason: string, cause?: unknown) {
    super(reason);
    this.name = 'BrokenLiteralError';
    this.cause = cause;
  }
}

export interface WriterOptions {
  /** Bytes gathered before `full` says that it is time to send. */
  readonly batchBytes: number;
  /** Bytes that one answer may send before it lets others have a turn. */
  readonly turnBytes: number;
  /** Lets the event loop go round once. */
  readonly nextTurn: () => Promise<void>;
}

/** A language that the client has chosen. */
export interface Spoken {
  /** The text in the language; as it is, where the language has no words for it. */
  readonly translate: (text: string) => string;
}

/** A status response, its text in English. */
type StatusParts = [
  tag: string,
  condition: StatusCondition,
  text: string,
  code?: ResponseCode,
  encoding?: TextEncoding,
];

const UTF8: TextEncoding = { utf8: true };

export class ResponseWriter {
  /** In which the texts of responses are; without it, as the code has them, in ASCII. */
  spoken: Spoken | undefined;
  readonly #sink: ByteSink;
  readonly #options: WriterOptions;
  #chunks: Chunk[] = [];
  #bytes = 0;
  #sinceTurn = 0;
  #blocked: Promise<void> | undefined;
  #literalOpen = false;
  #lost: ConnectionLostError | undefined;

  constructor(sink: ByteSink, options: WriterOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Adds bytes to what will be sent. Never waits; nothing happens once the connection is lost. */
  write(chunk: Chunk): void {
    if (this.#literalOpen) throw new Error('a literal is being sent: nothing else may be written');
    this.#add(chunk);
  }

  #add(chunk: Chunk): void {
    if (this.#lost !== undefined || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The text in the language that is spoken. */
  words(text: string): string {
    return this.spoken ? this.spoken.translate(text) : text;
  }

  /** An untagged response, without its `* ` and CRLF. */
  untagged(text: string): void {
    this.write(`* ${text}\r\n`);
  }

  /** A status response: see `status`. */
  status(...parts: StatusParts): void {
    this.write(this.statusLine(...parts));
  }

  /** The same, for who sends it later. */
  statusLine(...[tag, condition, text, code, encoding]: StatusParts): string {
    // RFC 5255 §3.5: texts are UTF-8 for a client that has chosen a language.
    return status(tag, condition, this.words(text), code, this.spoken ? UTF8 : encoding);
  }

  /** `+ text`. Flush it, or the client waits for ever. */
  continuation(text?: string): void {
    this.write(continuation(this.words(text ?? 'go ahead')));
  }

  /** In the middle of a literal, where no response can begin. */
  get inLiteral(): boolean {
    return this.#literalOpen;
  }

  /** So much has gathered that a loop should `await pace()`. */
  get full(): boolean {
    return this.#bytes >= this.#options.batchBytes;
  }

  /**
   * Sends if `full`, waits for a slow client, and lets others have a turn now and then. Rejects with
   * `ConnectionLostError` once the peer is gone, which ends the loop that writes.
   */
  async pace(): Promise<void> {
    if (this.full) await this.flush();
  }

  /** Sends all that was written. Resolves when the client has caught up enough for more. */
  async flush(): Promise<void> {
    for (;;) {
      if (this.#lost !== undefined) throw this.#lost;
      if (this.#blocked !== undefined) await this.#blocked;
      else if (this.#chunks.length > 0) this.#send();
      else break;
    }
    if (this.#sinceTurn < this.#options.turnBytes) return;
    this.#sinceTurn = 0;
    await this.#options.nextTurn();
  }

  #send(): void {
    const chunks = joinStrings(this.#chunks);
    this.#sinceTurn += this.#bytes;
    this.#chunks = [];
    this.#bytes = 0;
    const blocked = this.#sink.write(chunks);
    if (blocked === undefined) return;
    this.#blocked = blocked.finally(() => {
      this.#blocked = undefined;
    });
  }

  /**
   * A literal of exactly `size` bytes, `{size}` or `~{size}`, from memory or from a stream, with back-pressure. Open
   * the stream before the response is begun: once the size is announced, a stream that fails or is of another length
   * ends the connection (`BrokenLiteralError`) rather than hand the client bytes that are not the message's.
   *
   * NUL, which a plain literal must not hold, is sent as 0x80; a `binary` literal8 sends it as it is.
   */
  async literal(
    size: number,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    { binary = false }: { readonly binary?: boolean } = {},
  ): Promise<void> {
    this.write(`${binary ? '~' : ''}{${size}}\r\n`);
    this.#literalOpen = true;
    let sent = 0;
    try {
      for await (const chunk of body instanceof Uint8Array ? pieces(body) : body) {
        sent += chunk.length;
        if (sent > size) throw new Error(`the body is longer than the ${size} bytes that were announced`);
        this.#add(binary ? chunk : withoutNul(chunk));
        if (this.full) await this.flush();
      }
      if (sent < size) throw new Error(`the body ended after ${sent} of ${size} bytes`);
    } catch (error) {
      throw this.#abandon(error);
    } finally {
      this.#literalOpen = false;
    }
  }

  #abandon(error: unknown): ConnectionLostError {
    if (error instanceof ConnectionLostError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    const broken = new BrokenLiteralError(`a literal could not be sent whole: ${reason}`, error);
    this.close(broken);
    this.#sink.destroy(broken);
    return broken;
  }

  /** Drops what waits and everything that is written from now on; `flush` rejects with `reason`. */
  close(reason: ConnectionLostError): void {
    this.#lost ??= reason;
    this.#chunks = [];
    this.#bytes = 0;
  }
}

/** As they are sent. */
export function bytesIn(chunks: readonly Chunk[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
  return bytes;
}

/** Neighbouring strings as one, so that a batch of short lines is one write. */
function joinStrings(chunks: readonly Chunk[]): Chunk[] {
  const joined: Chunk[] = [];
  let run: string[] = [];
  const endRun = (): void => {
    if (run.length > 0) joined.push(run.length === 1 ? (run[0] ?? '') : run.join(''));
    run = [];
  };
  for (const chunk of chunks) {
    if (typeof chunk === 'string') {
      run.push(chunk);
    } else {
      endRun();
      joined.push(chunk);
    }
  }
  endRun();
  return joined;
}

/** Bytes of a large body that go to the socket at once: a slow client makes progress that its time limit can see. */
const PIECE_BYTES = 64 * 1024;

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

function withoutNul(chunk: Uint8Array): Uint8Array {
  if (!chunk.includes(0)) return chunk;
  return chunk.map((byte) => (byte === 0 ? 0x80 : byte));
}

/**
 * Reads commands off a byte stream, one at a time and only when asked: what is pipelined behind a command stays in the
 * buffer, or in the socket, until it is that command's turn.
 *
 * Bytes are scanned once, by native search for the line's end, and text is sliced, never copied byte by byte. Nothing is
 * held between commands but what has already come in.
 */
import type {
  BufferedLiteral,
  Literal,
  LiteralAnnouncement,
  LiteralDecision,
  LiteralPolicy,
  RawCommand,
  Refusal,
  Segment,
} from './command.ts';
import { LiteralBody } from './literal-body.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Where bytes come from; null at the end. A chunk belongs to the reader: its bytes must not change. */
export interface ByteSource {
  read(): Promise<Uint8Array | null>;
}

export interface ReaderLimits {
  /** Bytes of text in one command, literals not counted, and of one raw line. */
  readonly lineBytes: number;
  /** Bytes of all literals of one command that are kept in memory. */
  readonly bufferedLiteralBytes: number;
  /** Bytes of one literal that is streamed. */
  readonly messageBytes: number;
  /** Bytes of one refused command that are read and thrown away before the connection is given up. */
  readonly discardBytes: number;
}

export interface ReadHooks {
  /** Decides about each literal. */
  readonly literalPolicy: LiteralPolicy;
  /** Sends `+ ` to a client that waits to send a literal. */
  readonly continuation: () => Promise<void>;
}

export type ReadResult =
  | { readonly kind: 'command'; readonly command: RawCommand }
  /** To be answered with the refusal, tagged if there is a tag; `segments` is what was taken in before it. */
  | {
      readonly kind: 'refused';
      readonly tag: string | undefined;
      readonly response: Refusal;
      readonly segments: readonly Segment[];
    }
  /** The peer has closed its side; an unfinished command is dropped. */
  | { readonly kind: 'end' };

/** What the reader is waiting for: each has its own time limit. */
export type ReaderPhase = 'between' | 'command' | 'message' | 'line';

/** The client sends so much that is of no use that there is no point in reading on: answer BYE. */
export class InputFloodError extends Error {
  constructor(bytes: number) {
    super(`more than ${bytes} bytes of a refused command`);
    this.name = 'InputFloodError';
  }
}

const NO_BYTES = Buffer.alloc(0);
const LF = 10;

export class CommandReader {
  readonly #source: ByteSource;
  readonly #limits: ReaderLimits;
  #chunk: Buffer = NO_BYTES;
  #at = 0;
  #phase: ReaderPhase = 'between';

  constructor(source: ByteSource, limits: ReaderLimits) {
    this.#source = source;
    this.#limits = limits;
  }

  get phase(): ReaderPhase {
    return this.#phase;
  }

  /** Bytes that have come in and are not read yet. */
  get buffered(): number {
    return this.#chunk.length - this.#at;
  }

  /**
   * Throws away what is buffered: nothing that came in the clear may be taken for what comes under TLS (RFC 9051
   * §6.2.1). Returns how many bytes that were.
   */
  discard(): number {
    const dropped = this.buffered;
    this.#chunk = NO_BYTES;
    this.#at = 0;
    return dropped;
  }

  /** The next command. Empty lines before it are skipped: iOS sends them. */
  async next(hooks: ReadHooks): Promise<ReadResult> {
    this.#phase = 'between';
    let line = await this.#readLine(this.#limits.lineBytes);
    while (line?.text === '') line = await this.#readLine(this.#limits.lineBytes);
    if (line === null) return { kind: 'end' };
    this.#phase = 'command';
    return this.#collect(line, hooks);
  }

  /**
   * One line as a byte string, without its end: the answer to an AUTHENTICATE challenge, IDLE's DONE. Null when the peer
   * has closed its side. A line that is too long is read to its end and thrown as `ImapSyntaxError`.
   */
  async line(): Promise<string | null> {
    this.#phase = 'line';
    const line = await this.#readLine(this.#limits.lineBytes);
    if (line === null) return null;
    if (line.skipped === 0) return line.text;
    throw new ImapSyntaxError(`the line is longer than ${this.#limits.lineBytes} bytes`);
  }

  async #collect(first: Line, hooks: ReadHooks): Promise<ReadResult> {
    const tag = tagOf(first.text);
    const segments: Segment[] = [];
    let room = { text: this.#limits.lineBytes, literals: this.#limits.bufferedLiteralBytes };
    for (let line: Line | null = first; ; line = await this.#readLine(room.text)) {
      if (line === null) return { kind: 'end' };
      if (line.skipped > 0) {
        const response = badly(`the command is longer than ${this.#limits.lineBytes} bytes`);
        return this.#refuse({ kind: 'refused', tag, response, segments }, line);
      }
      const announced = announcementAt(line.text);
      if (announced === undefined) {
        segments.push(line.text);
        if (tag === undefined)
          return { kind: 'refused', tag, response: badly('a command begins with a tag'), segments };
        return { kind: 'command', command: { tag, segments } };
      }
      segments.push(line.text.slice(0, announced.start));
      room = { ...room, text: room.text - announced.start };
      const decision = await this.#decide(
        { tag, segments, ...announced },
        hooks.literalPolicy,
        room.literals,
      );
      if (decision.kind === 'refuse') {
        return this.#refuse({ kind: 'refused', tag, response: decision.response, segments }, line);
      }
      if (announced.sync) await hooks.continuation();
      const literal = await this.#literal(announced, decision);
      if (literal === null) return { kind: 'end' };
      if (literal.kind === 'buffered') room = { ...room, literals: room.literals - literal.body.length };
      segments.push(literal);
    }
  }

  async #decide(
    announcement: LiteralAnnouncement,
    policy: LiteralPolicy,
    room: number,
  ): Promise<LiteralDecision> {
    const { size, tag } = announcement;
    if (tag === undefined) return { kind: 'refuse', response: badly('a command begins with a tag') };
    let decision: LiteralDecision;
    try {
      decision = await policy(announcement);
    } catch (error) {
      if (!(error instanceof ImapSyntaxError)) throw error;
      const response: Refusal = { status: error.status, text: error.message, ...codeOf(error) };
      return { kind: 'refuse', response };
    }
    if (decision.kind === 'buffer' && size > room) {
      const text = `literals of this command may hold ${this.#limits.bufferedLiteralBytes} bytes in all`;
      return { kind: 'refuse', response: { status: 'BAD', code: 'TOOBIG', text } };
    }
    if (decision.kind === 'stream' && size > this.#limits.messageBytes) {
      const text = `a message may have at most ${this.#limits.messageBytes} bytes`;
      return { kind: 'refuse', response: { status: 'NO', code: 'TOOBIG', text } };
    }
    return decision;
  }

  async #literal(announced: Announced, decision: LiteralDecision): Promise<Literal | null> {
    if (decision.kind !== 'stream') return this.#buffer(announced);
    this.#phase = 'message';
    const body = new LiteralBody(announced.size, announced.binary, (most) => this.#take(most));
    const [outcome] = await Promise.allSettled([callSink(decision.sink, body, announced.size)]);
    // A sink that fails early, or leaves a rest, must not leave the rest to be read as commands.
    const whole = await body.drain();
    this.#phase = 'command';
    if (!whole) return null;
    const { size, binary } = announced;
    return { kind: 'streamed', size, binary, outcome: body.nulError ?? outcome };
  }

  async #buffer({ size, binary }: Announced): Promise<BufferedLiteral | null> {
    const body = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size;) {
      const bytes = await this.#take(size - at);
      if (bytes === null) return null;
      body.set(bytes, at);
      at += bytes.length;
    }
    return { kind: 'buffered', binary, body };
  }

  /**
   * Reads what the client sends of a refused command before it can know: the bytes of literals that it does not ask
   * about, and the lines after them. A literal that it asks about is simply not asked for (RFC 7888 §4).
   */
  async #refuse(refused: ReadResult, line: Line): Promise<ReadResult> {
    let room = this.#limits.discardBytes;
    const spend = (bytes: number): void => {
      room -= bytes;
      if (room < 0) throw new InputFloodError(this.#limits.discardBytes);
    };
    for (let rest: Line | null = line; ; rest = await this.#readLine(0, room)) {
      if (rest === null) return { kind: 'end' };
      spend(rest.skipped);
      const announced = announcementAt(rest.end);
      if (announced === undefined || announced.sync) return refused;
      spend(announced.size);
      for (let left = announced.size; left > 0;) {
        const bytes = await this.#take(left);
        if (bytes === null) return { kind: 'end' };
        left -= bytes.length;
      }
    }
  }

  // --- bytes --------------------------------------------------------------------------------------------------

  /** Makes sure that there is a byte to read; false at the end of the stream. */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      this.#chunk = NO_BYTES;
      this.#at = 0;
      const bytes = await this.#source.read();
      if (bytes === null) return false;
      this.#chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return true;
  }

  /** Up to `most` bytes as they came in; null at the end of the stream. */
  async #take(most: number): Promise<Uint8Array | null> {
    if (!(await this.#fill())) return null;
    const bytes = this.#chunk.subarray(this.#at, this.#at + most);
    this.#advance(this.#at + bytes.length);
    return bytes;
  }

  /** Lets go of a chunk that was read: a client that is silent now keeps none alive. */
  #advance(to: number): void {
    this.#at = to;
    if (to >= this.#chunk.length) this.discard();
  }

  /**
   * A line up to LF, CRLF's CR left out, of at most `limit` bytes. A longer one is read to its end, `discard` bytes at
   * most. Null at the end of the stream: an unfinished line is no command.
   */
  async #readLine(limit: number, discard = this.#limits.discardBytes): Promise<Line | null> {
    const pieces: string[] = [];
    let kept = 0;
    let skipped = 0;
    let end = '';
    for (;;) {
      if (!(await this.#fill())) return null;
      const chunk = this.#chunk;
      const from = this.#at;
      const lf = chunk.indexOf(LF, from);
      const to = lf === -1 ? chunk.length : lf;
      this.#advance(lf === -1 ? to : lf + 1);
      if (this.#phase === 'between' && to > from) this.#phase = 'command';
      // One byte more than the limit may be the CR of the line's end.
      const keep = Math.min(to - from, limit + 1 - kept);
      if (keep > 0) pieces.push(chunk.toString('latin1', from, from + keep));
      kept += keep;
      skipped += to - from - keep;
      if (skipped > discard) throw new InputFloodError(discard);
      end = (end + chunk.toString('latin1', Math.max(from, to - ANNOUNCEMENT_LENGTH), to)).slice(
        -ANNOUNCEMENT_LENGTH,
      );
      if (lf !== -1) return finishLine(pieces, kept, skipped, end, limit);
    }
  }
}

/** A line that was read. */
interface Line {
  /** The line, or as much of it as the limit allows. */
  readonly text: string;
  /** How many bytes of it are beyond the limit; 0 for a line that is whole. */
  readonly skipped: number;
  /** The last bytes of the line: enough to see a literal's announcement. */
  readonly end: string;
}

/** `~{9007199254740991+}` and a CR. Longer runs of digits are no announcement that anyone could mean. */
const ANNOUNCEMENT_LENGTH = 40;

function finishLine(pieces: string[], kept: number, skipped: number, end: string, limit: number): Line {
  let text = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('');
  let over = skipped;
  const trimmed = end.endsWith('\r') ? end.slice(0, -1) : end;
  if (trimmed !== end && skipped === 0) text = text.slice(0, -1);
  else if (trimmed !== end) over -= 1;
  if (text.length > limit) {
    over += text.length - limit;
    text = text.slice(0, limit);
  }
  return { text, skipped: Math.max(over, 0), end: trimmed };
}

interface Announced {
  /** Where the announcement begins in the line. */
  readonly start: number;
  readonly size: number;
  readonly sync: boolean;
  readonly binary: boolean;
}

const ANNOUNCEMENT = /(~?)\{([0-9]{1,32})(\+?)\}$/;

/** The literal that a line announces at its end (RFC 9051 §4.3, RFC 7888, RFC 3516). */
function announcementAt(line: string): Announced | undefined {
  if (!line.endsWith('}')) return undefined;
  const tail = line.slice(-ANNOUNCEMENT_LENGTH);
  const match = ANNOUNCEMENT.exec(tail);
  if (match === null) return undefined;
  const size = Math.min(Number(match[2]), Number.MAX_SAFE_INTEGER);
  return { start: line.length - match[0].length, size, sync: match[3] === '', binary: match[1] === '~' };
}

/** The tag at the start of a line, if it has one. */
function tagOf(line: string): string | undefined {
  return /^[^\x00-\x20\x7f-\xff(){%*"\\+]{1,255}(?= |$)/.exec(line)?.[0];
}

function badly(text: string): Refusal {
  return { status: 'BAD', text };
}

function codeOf(error: ImapSyntaxError): Pick<Refusal, 'code'> {
  return error.code === undefined ? {} : { code: error.code };
}

/** Turns a sink that throws at once into one that rejects. */
async function callSink(
  sink: (body: AsyncIterable<Uint8Array>, size: number) => Promise<unknown>,
  body: AsyncIterable<Uint8Array>,
  size: number,
): Promise<unknown> {
  return sink(body, size);
}

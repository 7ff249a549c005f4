/**
 * Makes the literals of a FETCH from the blob: ranges as they are, headers filtered, sections of BINARY decoded. What is
 * small is read into memory; what is large streams, and is only looked through before where its size has to be known.
 */
import type { ByteRange } from '../../../shared/blob/blob-store.ts';
import { binaryDecoder } from '../../../shared/message/binary.ts';
import { decodeTransfer } from '../../../shared/message/decode.ts';
import { filterHeaderFields } from '../../../shared/message/header-fields.ts';
import type { TransferDecoder } from '../../../shared/message/transfer-encoding.ts';
import type { PartialRange } from '../wire/ast.ts';
import { type DecodedPlace, slicesOf } from './decoded-place.ts';
import { type BinaryLiteral, type BinarySize, type Piece, type RangeLiteral, cut } from './fetch-plan.ts';
import type { MessageReader } from './message-reader.ts';

/** What is read into memory of one message at most; more is streamed. */
const HELD_BYTES = 256 * 1024;
/** Requests for one message at one time, of pieces that lie too far apart to be read together. */
const PARALLEL = 8;

export interface Literal {
  readonly size: number;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** Goes as a literal8. */
  readonly binary: boolean;
}

export class LiteralReader {
  readonly #reader: MessageReader;
  readonly #place: DecodedPlace;

  constructor(reader: MessageReader, place: DecodedPlace) {
    this.#reader = reader;
    this.#place = place;
  }

  /** Few enough bytes to be read ahead. */
  isSmall(pieces: readonly Piece[]): boolean {
    const bytes = pieces.reduce(
      (sum, piece) => sum + (typeof piece === 'string' ? 0 : piece.end - piece.start),
      0,
    );
    return bytes <= HELD_BYTES;
  }

  /**
   * Reads small pieces: together in one request, if they lie near each other. One command may ask for some parts, and for
   * one part a thousand times.
   */
  async read(row: number, pieces: readonly Piece[]): Promise<(string | Literal)[]> {
    const places = pieces.filter((piece) => typeof piece !== 'string');
    const start = Math.min(...places.map((place) => place.start));
    const end = Math.max(...places.map((place) => place.end));
    if (places.length > 1 && end - start <= HELD_BYTES) {
      const near = new NearBytes(start, await this.#reader.bytes(row, { start, end }));
      return Promise.all(pieces.map((piece) => this.#read(row, piece, near)));
    }
    const all: (string | Literal)[] = [];
    for (let at = 0; at < pieces.length; at += PARALLEL) {
      const some = pieces.slice(at, at + PARALLEL);
      all.push(...(await Promise.all(some.map((piece) => this.#read(row, piece)))));
    }
    return all;
  }

  /**
   * Readies large pieces: headers are read, encoded sections are measured and the first stream is opened before a byte is
   * sent, because what is missing must be known by then.
   */
  async open(row: number, pieces: readonly Piece[]): Promise<(string | Literal)[]> {
    const opened: (string | Literal)[] = [];
    let room = HELD_BYTES;
    for (const piece of pieces) {
      const made = isRange(piece) ? this.#later(row, piece) : await this.#read(row, piece);
      // One command may ask for the same part a thousand times.
      const isHeld = typeof made !== 'string' && made.body instanceof Uint8Array;
      if (isHeld && made.size > room) opened.push({ ...made, body: this.#again(row, piece) });
      else opened.push(made);
      if (isHeld && made.size <= room) room -= made.size;
    }
    const index = pieces.findIndex(isRange);
    const first = pieces[index];
    // Last, so that nothing can fail while it is open.
    if (first && isRange(first)) {
      opened[index] = {
        size: first.end - first.start,
        body: await this.#reader.open(row, first),
        binary: false,
      };
    }
    return opened;
  }

  /** What was read for its size alone. */
  async *#again(row: number, piece: Piece): AsyncGenerator<Uint8Array> {
    const made = await this.#read(row, piece);
    if (typeof made === 'string') return;
    if (made.body instanceof Uint8Array) yield made.body;
    else yield* made.body;
  }

  async #read(row: number, piece: Piece, source: ByteSource = this.#reader): Promise<string | Literal> {
    if (typeof piece === 'string') return piece;
    switch (piece.kind) {
      case 'range':
        return held(await source.bytes(row, piece));
      case 'header': {
        const header = await source.bytes(row, piece);
        return held(cut(filterHeaderFields(header, piece.names, piece.not), piece.partial));
      }
      case 'binary':
        return this.#decoded(row, piece, source);
      case 'binary.size':
        return `${(await this.#measure(row, piece, undefined, source)).size}`;
    }
  }

  async #decoded(row: number, piece: BinaryLiteral, source: ByteSource): Promise<Literal> {
    const { size, hasNul, bytes } = await this.#measure(row, piece, piece.partial, source);
    return { size, binary: hasNul, body: bytes ?? this.#window(row, piece, piece.partial, source) };
  }

  /** How long the decoded section, or a part of it, is; its bytes if they are few. */
  async #measure(
    row: number,
    section: BinaryLiteral | BinarySize,
    partial: PartialRange | undefined,
    source: ByteSource,
  ): Promise<{ size: number; hasNul: boolean; bytes: Uint8Array | undefined }> {
    let size = 0;
    let hasNul = false;
    let kept: Uint8Array[] | undefined = section.kind === 'binary' ? [] : undefined;
    for await (const bytes of this.#window(row, section, partial, source)) {
      size += bytes.length;
      hasNul ||= bytes.includes(0);
      if (size > HELD_BYTES) kept = undefined;
      kept?.push(bytes);
    }
    return { size, hasNul, bytes: kept && Buffer.concat(kept) };
  }

  /** The asked part of the decoded section, in pieces; what comes behind it is not read. */
  async *#window(
    row: number,
    { start, end, decoding }: BinaryLiteral | BinarySize,
    partial: PartialRange | undefined,
    source: ByteSource,
  ): AsyncGenerator<Uint8Array> {
    const from = partial?.offset ?? 0;
    const to = partial ? from + partial.length : Infinity;
    const uid = this.#reader.uidAt(row);
    let { encoded, decoded: at } = this.#place.before(uid, start, from);
    const decoder = decoderOf(decoding);
    const whole = await wholeRange(source, row, { start: start + encoded, end });
    const counted = slices(whole, (slice) => {
      encoded += slice.length;
    });
    for await (const bytes of decodeTransfer(counted, decoder)) {
      const piece = bytes.subarray(Math.max(0, from - at), Math.max(0, to - at));
      at += bytes.length;
      if (partial && at <= to && decoder.isFresh) this.#place.note(uid, start, { encoded, decoded: at });
      if (piece.length > 0) yield piece;
      if (at >= to) return;
    }
  }

  #later(row: number, range: RangeLiteral): Literal {
    const reader = this.#reader;
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield* await reader.open(row, range);
    };
    return { size: range.end - range.start, body: body(), binary: false };
  }
}

/** Where the bytes of a message come from. */
type ByteSource = Pick<MessageReader, 'bytes' | 'open'>;

/** A range of one message that is in memory. */
class NearBytes implements ByteSource {
  readonly #start: number;
  readonly #bytes: Uint8Array;

  constructor(start: number, bytes: Uint8Array) {
    this.#start = start;
    this.#bytes = bytes;
  }

  bytes(_row: number, { start, end }: ByteRange): Promise<Uint8Array> {
    return Promise.resolve(this.#bytes.subarray(start - this.#start, end - this.#start));
  }

  async open(row: number, range: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    const bytes = await this.bytes(row, range);
    return (async function* () {
      yield bytes;
    })();
  }
}

/** A range whose stream must hold all its bytes: a decoder would not notice that it ends early. */
async function wholeRange(
  source: ByteSource,
  row: number,
  range: ByteRange,
): Promise<AsyncIterable<Uint8Array>> {
  return exactly(await source.open(row, range), range.end - range.start);
}

/** `taken` is told of each slice as it is asked for. */
async function* slices(
  body: AsyncIterable<Uint8Array>,
  taken: (slice: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of body)
    for (const slice of slicesOf(bytes)) {
      taken(slice);
      yield slice;
    }
}

function isRange(piece: Piece): piece is RangeLiteral {
  return typeof piece !== 'string' && piece.kind === 'range';
}

function held(body: Uint8Array): Literal {
  return { size: body.length, body, binary: false };
}

function decoderOf(decoding: BinaryLiteral['decoding']): TransferDecoder {
  const decoder = binaryDecoder(decoding);
  if (!decoder) throw new Error('a section whose encoding is unknown was not refused');
  return decoder;
}

async function* exactly(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const bytes of body) {
    left -= bytes.length;
    yield bytes;
  }
  if (left !== 0) throw new Error(`a message has ${left} bytes less than there should be`);
}

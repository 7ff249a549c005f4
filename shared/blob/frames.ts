/**
 * The framed format of a stored message, version 1. All numbers are little-endian.
 *
 *     magic     8 bytes: 89 51 42 4C 4F 42 0A, and the version (01)
 *     frames    each: zstd of 131,072 bytes of the message (the last one has what is left), sealed: 16 bytes more
 *     footer    CBOR, sealed: [ bytes of the message, stored length of each frame (`packNumbers`),
 *               SHA-256 of the message, how it arrived (`arrival.ts`) or null ]
 *     trailer   29 bytes: stored length of the footer (4), kind of the seals (1), salt (16), magic (8)
 *
 * It is written front to back without knowing how long it will be, and read from its end: one request for the last
 * `TAIL_BYTES` brings the footer, and all of a small message; a range of a large one takes one request more, for the
 * frames that hold it. An empty message has no frame. Offsets count from the object's own start, so that an object may
 * lie in a larger one (a pack) as it is.
 *
 * Every byte but those of the leading magic is under a seal (`frame-seal.ts`) or leads to one that does not open.
 */
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import { packNumbers, unpackNumbers } from '../account/packed-numbers.ts';
import { type Arrival, arrivalFields, arrivalFrom } from './arrival.ts';
import { type BlobIdentity, kindOf } from './blob-identity.ts';
import { DamagedBlobError } from './damaged-blob.ts';
import { AES_256_GCM, CHECKSUM, type FrameSeal, SALT_BYTES, SEAL_BYTES, frameSeal } from './frame-seal.ts';

/** Of the message, in each frame but the last. */
export const FRAME_BYTES = 131_072;
/** One frame that does not compress, and a footer: what fits is read by one request. */
export const TAIL_BYTES = FRAME_BYTES + 4096;

const MAGIC = Uint8Array.of(0x89, 0x51, 0x42, 0x4c, 0x4f, 0x42, 0x0a, 1);
/** Bytes of the magic before the version. */
const NAME_BYTES = 7;
const KIND_AT = 4;
const SALT_AT = 5;
export const HEADER_BYTES = MAGIC.length;
const TRAILER_BYTES = SALT_AT + SALT_BYTES + MAGIC.length;
const DIGEST_BYTES = 32;

/** Whether `bytes` begin as a framed object does, of whichever version. */
export function beginsFramed(bytes: Uint8Array): boolean {
  return bytes.length >= NAME_BYTES && MAGIC.subarray(0, NAME_BYTES).every((byte, i) => bytes[i] === byte);
}

/** What the footer tells. */
export interface FrameIndex {
  /** Bytes of the message. */
  readonly size: number;
  /** SHA-256 of the message. */
  readonly digest: Uint8Array;
  readonly arrival: Arrival | null;
  /** Where each frame ends in the object; the first begins behind the magic. */
  readonly ends: readonly number[];
  /** Bytes of the object. */
  readonly stored: number;
  readonly seal: FrameSeal;
}

/** The most bytes that a message of `size` can take when stored, whatever it holds. */
export function mostStoredBytes(size: number, arrival: Arrival | null): number {
  const frames = Math.ceil(size / FRAME_BYTES);
  // zstd stores what it cannot compress: 3 bytes a block of 128 KiB, and a frame's header and end.
  const perFrame = SEAL_BYTES + 64 + 5;
  const footer = 128 + (arrival ? encode(arrivalFields(arrival)).length : 0);
  return HEADER_BYTES + size + frames * perFrame + footer + TRAILER_BYTES;
}

/** What the footer says besides what the writer counts itself. */
export interface FrameFacts {
  /** Asked for when all of the message has gone by. */
  readonly digest: () => Uint8Array;
  readonly arrival: Arrival | null;
}

/** The framed object of a message, while it streams by; memory for one frame. */
export async function* writeFrames(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  seal: FrameSeal,
  facts: FrameFacts,
): AsyncGenerator<Uint8Array, void, undefined> {
  const lengths: number[] = [];
  let size = 0;
  const sealed = (plain: Uint8Array, last: boolean): Uint8Array => {
    const frame = seal.seal({ frame: lengths.length, last, bytes: plain.length }, zstdCompressSync(plain));
    lengths.push(frame.length);
    size += plain.length;
    return frame;
  };
  yield MAGIC;
  let filling = new Filling();
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) {
      // A full frame is held back until there is a byte behind it: only then is it not the last.
      if (filling.full) {
        yield sealed(filling.bytes, false);
        filling = new Filling();
      }
      at += filling.take(chunk, at);
    }
  }
  if (filling.bytes.length > 0) yield sealed(filling.bytes, true);
  yield footerOf(seal, size, lengths, facts);
}

/** The framed object of a message that is in memory. */
export async function framesOf(
  message: Uint8Array,
  seal: FrameSeal,
  arrival: Arrival | null,
): Promise<Buffer> {
  const digest = (): Uint8Array => createHash('sha256').update(message).digest();
  const pieces: Uint8Array[] = [];
  for await (const piece of writeFrames([message], seal, { digest, arrival })) pieces.push(piece);
  return Buffer.concat(pieces);
}

class Filling {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  get full(): boolean {
    return this.#length === FRAME_BYTES;
  }

  get bytes(): Uint8Array {
    const [only] = this.#chunks;
    return only && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
  }

  /** Takes what fits of `chunk` from `at` on; how much that was. A copy: the source may use its buffer again. */
  take(chunk: Uint8Array, at: number): number {
    const taken = Math.min(chunk.length - at, FRAME_BYTES - this.#length);
    this.#chunks.push(Uint8Array.prototype.slice.call(chunk, at, at + taken));
    this.#length += taken;
    return taken;
  }
}

function footerOf(seal: FrameSeal, size: number, lengths: readonly number[], facts: FrameFacts): Uint8Array {
  const arrival = facts.arrival && arrivalFields(facts.arrival);
  const footer = encode([size, packNumbers(lengths), facts.digest(), arrival]);
  const sealed = seal.seal({ frame: null, last: true, bytes: footer.length }, footer);
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(sealed.length);
  trailer[KIND_AT] = seal.kind;
  trailer.set(seal.salt, SALT_AT);
  trailer.set(MAGIC, SALT_AT + SALT_BYTES);
  return Buffer.concat([sealed, trailer]);
}

/** Bytes at the end of an object that its index takes; undefined if `tail`, its last bytes, is of no framed object. */
export function indexBytes(tail: Uint8Array, blob: string): number | undefined {
  if (tail.length < TRAILER_BYTES) return undefined;
  const trailer = Buffer.from(tail.subarray(tail.length - TRAILER_BYTES));
  const magic = trailer.subarray(SALT_AT + SALT_BYTES);
  if (!beginsFramed(magic)) return undefined;
  if (magic[NAME_BYTES] !== MAGIC[NAME_BYTES]) {
    const version = String(magic[NAME_BYTES]);
    throw new DamagedBlobError(blob, `it is of version ${version}, and this release knows version 1`);
  }
  return trailer.readUInt32LE() + TRAILER_BYTES;
}

/** The index, from the last bytes of the object, which hold it whole. Throws `DamagedBlobError`. */
export function readIndex(tail: Uint8Array, identity: BlobIdentity): FrameIndex {
  const { blob } = identity;
  const length = indexBytes(tail, blob);
  if (length === undefined) throw new DamagedBlobError(blob, 'it does not end as it was written');
  if (length > tail.length) throw new DamagedBlobError(blob, 'its index is longer than all of it');
  const trailer = tail.subarray(tail.length - TRAILER_BYTES);
  const kind = trailer[KIND_AT];
  if (kind !== CHECKSUM && kind !== AES_256_GCM)
    throw new DamagedBlobError(blob, 'its seals are of no known kind');
  if (kind === CHECKSUM && kindOf(identity) === 'sealed')
    throw new DamagedBlobError(blob, 'it was sealed by its account, and what lies there is not');
  // A copy: the tail may be a part of a much larger buffer, and the index is kept.
  const salt = Uint8Array.from(trailer.subarray(SALT_AT, SALT_AT + SALT_BYTES));
  const seal = frameSeal(identity, kind, salt);
  const sealed = tail.subarray(tail.length - length, tail.length - TRAILER_BYTES);
  const footer = seal.open({ frame: null, last: true, bytes: sealed.length - SEAL_BYTES }, sealed);
  const told = footerFrom(footer);
  if (!told) throw new DamagedBlobError(blob, 'its index contradicts itself');
  return { ...told, stored: (told.ends.at(-1) ?? HEADER_BYTES) + length, seal };
}

/** Undefined if it is none: without a data key, a seal keeps no forger off. */
function footerFrom(footer: Uint8Array): Omit<FrameIndex, 'stored' | 'seal'> | undefined {
  try {
    const [size, lengths, digest, arrival] = decode(footer) as [
      number,
      Uint8Array,
      Uint8Array,
      unknown[] | null,
    ];
    let at = HEADER_BYTES;
    const ends = unpackNumbers(lengths).map((each) => (at += each));
    if (ends.length !== Math.ceil(size / FRAME_BYTES) || digest.length !== DIGEST_BYTES) return undefined;
    return { size, digest: Uint8Array.from(digest), arrival: arrival && arrivalFrom(arrival), ends };
  } catch {
    return undefined;
  }
}

/** Where frames lie that hold a range of the message: from frame `first` to before `last`, and their bytes in the object. */
export interface FrameRange {
  readonly first: number;
  readonly last: number;
  readonly start: number;
  readonly end: number;
}

/** The frames that hold bytes `start` … `end` of the message (end excluded); none if there are no such bytes. */
export function framesFor(index: FrameIndex, start: number, end: number): FrameRange {
  const to = Math.min(end, index.size);
  if (start >= to) return { first: 0, last: 0, start: HEADER_BYTES, end: HEADER_BYTES };
  const first = Math.floor(start / FRAME_BYTES);
  const last = Math.ceil(to / FRAME_BYTES);
  return { first, last, start: startOf(index, first), end: startOf(index, last) };
}

/** Where a frame starts in the object; behind the last frame, where the footer does. */
export function startOf({ ends }: FrameIndex, frame: number): number {
  return frame === 0 ? HEADER_BYTES : (ends[frame - 1] ?? HEADER_BYTES);
}

/** The message's bytes that a stored frame holds. Throws `DamagedBlobError`. */
export function openFrame(index: FrameIndex, frame: number, stored: Uint8Array, blob: string): Uint8Array {
  const last = frame === index.ends.length - 1;
  const bytes = last ? index.size - frame * FRAME_BYTES : FRAME_BYTES;
  const packed = index.seal.open({ frame, last, bytes }, stored);
  try {
    const plain = zstdDecompressSync(packed, { maxOutputLength: bytes });
    if (plain.length === bytes) return plain;
  } catch (error) {
    throw new DamagedBlobError(blob, `frame ${frame} cannot be decompressed`, { cause: error });
  }
  throw new DamagedBlobError(blob, `frame ${frame} is shorter than its index says`);
}

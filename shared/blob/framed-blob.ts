/**
 * Reading framed blobs by ranges: the index by one request for the object's end, then the frames that a range needs by one
 * more, unless they came with the index.
 */
import type { ByteRange, ByteSuffix } from './blob-store.ts';
import type { BlobIdentity } from './blob-identity.ts';
import { collected } from './collected.ts';
import { closingIterable } from './closing-iterable.ts';
import { DamagedBlobError } from './damaged-blob.ts';
import {
  FRAME_BYTES,
  type FrameIndex,
  TAIL_BYTES,
  beginsFramed,
  framesFor,
  indexBytes,
  openFrame,
  readIndex,
  startOf,
} from './frames.ts';

export interface Signalled {
  readonly signal?: AbortSignal;
}

/** Where the bytes of one object come from: `BlobStore.get` of its key, or of its place in a pack (`sliceOf`). */
export type BlobSource = (
  range: ByteRange | ByteSuffix | undefined,
  options?: Signalled,
) => Promise<AsyncIterable<Uint8Array>>;

/** An object of `length` bytes that lies at `offset` in a larger one. */
export function sliceOf(source: BlobSource, offset: number, length: number): BlobSource {
  return (range, options) => {
    const from = !range
      ? 0
      : 'last' in range
        ? Math.max(0, length - range.last)
        : Math.min(range.start, length);
    const to = range && 'end' in range ? Math.min(range.end, length) : length;
    return source({ start: offset + from, end: offset + Math.max(from, to) }, options);
  };
}

export interface OpenedBlob {
  readonly index: FrameIndex;
  /** The last bytes of the object, which brought the index: of a small one, all. */
  readonly tail: Uint8Array;
}

/** Reads the index of an object. Rejects with `DamagedBlobError`, and with whatever its source does. */
export async function openFramed(
  source: BlobSource,
  identity: BlobIdentity,
  options: Signalled = {},
): Promise<OpenedBlob> {
  let tail = await collected(await source({ last: TAIL_BYTES }, options));
  const wanted = indexBytes(tail, identity.blob) ?? 0;
  // Of messages of gigabytes. What a damaged trailer says is no reason to read more than there can be.
  if (wanted > tail.length && tail.length === TAIL_BYTES && wanted <= MOST_INDEX_BYTES)
    tail = await collected(await source({ last: wanted }, options));
  const index = readIndex(tail, identity);
  const begins = tail.length === index.stored ? beginsFramed(tail) : tail.length < index.stored;
  if (!begins) throw new DamagedBlobError(identity.blob, 'it does not begin as it was written');
  return { index, tail };
}

/** Three bytes a frame: of a message of 100 GB. */
const MOST_INDEX_BYTES = 4 * 1024 * 1024;

/**
 * The message, or a range of it, clamped to its size. The first frame is read and opened before this resolves, so that a
 * message of one frame is known to be whole before any of it is used. The iteration rejects with `DamagedBlobError` where
 * a later frame is not what was written.
 */
export async function readFramed(
  source: BlobSource,
  identity: BlobIdentity,
  opened: { readonly index: FrameIndex; readonly tail?: Uint8Array },
  range: ByteRange | undefined,
  options: Signalled = {},
): Promise<AsyncIterable<Uint8Array>> {
  const { index, tail = new Uint8Array(0) } = opened;
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? index.size, index.size);
  const frames = framesFor(index, start, end);
  if (frames.first === frames.last) return nothing();
  const pieces = await PieceReader.open(source, index, tail, frames, identity.blob, options);
  const cut = (plain: Uint8Array, frame: number): Uint8Array => {
    const at = frame * FRAME_BYTES;
    return plain.subarray(Math.max(0, start - at), end - at);
  };
  const next = async (frame: number): Promise<Uint8Array> => {
    const length = startOf(index, frame + 1) - startOf(index, frame);
    return cut(openFrame(index, frame, await pieces.read(length), identity.blob), frame);
  };
  let first: Uint8Array;
  try {
    first = await next(frames.first);
  } catch (error) {
    await pieces.close();
    throw error;
  }
  async function* plain(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield first;
      for (let frame = frames.first + 1; frame < frames.last; frame++) {
        options.signal?.throwIfAborted();
        yield await next(frame);
      }
    } finally {
      await pieces.close();
    }
  }
  return closingIterable(plain(), () => void pieces.close());
}

/** Bytes of the object one piece after the other: first those that have to be asked for, then those in hand. */
class PieceReader {
  readonly #blob: string;
  readonly #asked: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #inHand: Uint8Array;

  private constructor(blob: string, asked: AsyncIterator<Uint8Array> | undefined, inHand: Uint8Array) {
    this.#blob = blob;
    this.#asked = asked;
    this.#inHand = inHand;
  }

  static async open(
    source: BlobSource,
    index: FrameIndex,
    tail: Uint8Array,
    { start, end }: { readonly start: number; readonly end: number },
    blob: string,
    options: Signalled,
  ): Promise<PieceReader> {
    const held = Math.min(end, Math.max(start, index.stored - tail.length));
    const inHand = tail.subarray(Math.max(0, tail.length - (index.stored - held)));
    if (held === start) return new PieceReader(blob, undefined, inHand);
    const asked = await source({ start, end: held }, options);
    return new PieceReader(blob, asked[Symbol.asyncIterator](), inHand);
  }

  async read(length: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) this.#rest = await this.#more();
      const taken = this.#rest.subarray(0, missing);
      chunks.push(taken);
      missing -= taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    const [only] = chunks;
    return only && chunks.length === 1 ? only : Buffer.concat(chunks);
  }

  async #more(): Promise<Uint8Array> {
    for (;;) {
      const next = await this.#asked?.next();
      if (!next || next.done === true) break;
      if (next.value.length > 0) return next.value;
    }
    const inHand = this.#inHand;
    this.#inHand = new Uint8Array(0);
    if (inHand.length === 0) throw new DamagedBlobError(this.#blob, 'it ends before its last frame does');
    return inHand;
  }

  async close(): Promise<void> {
    await this.#asked?.return?.();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // No bytes.
}

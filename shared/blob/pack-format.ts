/**
 * A pack: the stored bytes of many small blobs in one object, so that S3's colder tiers can take them, which bill 128 KB for
 * anything smaller. All numbers are little-endian.
 *
 *     blobs     each as it lay in its own object, one behind the other
 *     index     zstd of CBOR: [ ids of the blobs, 16 bytes each; stored bytes of each (`packNumbers`) ]
 *     trailer   20 bytes: bytes of the index (4), bytes of all blobs (8), magic and version (8)
 *
 * It is read from its end: one request for the last `INDEX_TAIL_BYTES` brings the index, which says where each blob lies.
 * The bytes of a blob bind account, blob and frame, never the place, so that packing opens and seals nothing.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import type { BlobId } from '../account/ids.ts';
import { blobBytesOf, blobIdsOf } from '../account/pack-op.ts';
import { packNumbers, unpackNumbers } from '../account/packed-numbers.ts';
import type { ByteRange } from './blob-store.ts';

const MAGIC = Uint8Array.of(0x89, 0x51, 0x50, 0x41, 0x43, 0x4b, 0x0a, 1);
const BLOBS_AT = 4;
const MAGIC_AT = 12;
export const TRAILER_BYTES = 20;
/** The index of 3,000 blobs, and its trailer: what hardly any pack exceeds, so that it is one request. */
export const INDEX_TAIL_BYTES = 65_536;

export interface PackedBlob {
  readonly blob: BlobId;
  readonly bytes: Uint8Array;
}

/** Where the blobs of a pack lie in it, in their order there. */
export type PackIndex = ReadonlyMap<BlobId, ByteRange>;

/** The pack is not what it should be: nothing of it is handed out. */
export class DamagedPackError extends Error {
  readonly why: string;
  constructor(why: string) {
    super(`a pack is damaged: ${why}`);
    this.name = 'DamagedPackError';
    this.why = why;
  }
}

/** The object that holds `blobs`. */
export function encodePack(blobs: readonly PackedBlob[]): Uint8Array {
  const lengths = blobs.map(({ bytes }) => bytes.length);
  const index = zstdCompressSync(encode([blobBytesOf(blobs.map(({ blob }) => blob)), packNumbers(lengths)]));
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(index.length);
  trailer.writeBigUInt64LE(BigInt(lengths.reduce((sum, length) => sum + length, 0)), BLOBS_AT);
  trailer.set(MAGIC, MAGIC_AT);
  return Buffer.concat([...blobs.map(({ bytes }) => bytes), index, trailer]);
}

/**
 * The index from the last bytes of a pack; else how many of the last bytes it takes to read it. `whole`: they are all that
 * there is.
 */
export function decodeIndex(tail: Uint8Array, whole: boolean): PackIndex | { readonly needed: number } {
  if (tail.length < TRAILER_BYTES) throw new DamagedPackError('it is too short for one');
  const trailer = Buffer.from(tail.buffer, tail.byteOffset + tail.length - TRAILER_BYTES, TRAILER_BYTES);
  if (!MAGIC.every((byte, at) => trailer[MAGIC_AT + at] === byte))
    throw new DamagedPackError('it does not end as a pack of a version that this release knows');
  const needed = trailer.readUInt32LE() + TRAILER_BYTES;
  if (needed > tail.length && whole) throw new DamagedPackError('it is shorter than its index');
  if (needed > tail.length) return { needed };
  const index = indexOf(tail.subarray(tail.length - needed, tail.length - TRAILER_BYTES));
  const end = [...index.values()].at(-1)?.end ?? 0;
  const backwards = [...index.values()].some((range) => range.end < range.start);
  if (
    backwards ||
    BigInt(end) !== trailer.readBigUInt64LE(BLOBS_AT) ||
    (whole && end + needed !== tail.length)
  )
    throw new DamagedPackError('its index does not cover its blobs');
  return index;
}

function indexOf(bytes: Uint8Array): PackIndex {
  const { ids, lengths } = fieldsOf(bytes);
  const index = new Map<BlobId, ByteRange>();
  let at = 0;
  ids.forEach((blob, place) => {
    const end = at + (lengths[place] ?? 0);
    index.set(blob, { start: at, end });
    at = end;
  });
  return index;
}

/** Whatever bytes there are, they are an index or a damaged one. */
function fieldsOf(bytes: Uint8Array): {
  readonly ids: readonly BlobId[];
  readonly lengths: readonly number[];
} {
  try {
    const [ids, lengths] = decode(zstdDecompressSync(bytes)) as [Uint8Array, Uint8Array];
    const fields = { ids: blobIdsOf(ids), lengths: unpackNumbers(lengths) };
    if (fields.ids.length !== fields.lengths.length) throw new RangeError('of another number of lengths');
    return fields;
  } catch (error) {
    throw new DamagedPackError(`its index cannot be read (${String(error)})`);
  }
}

/**
 * Segments: up to 4,096 messages of one mailbox as packed columns, compressed. Numbers are written as distances from
 * the row before (UIDs and mod-sequences rise, dates and places nearly do), so that a message takes about as many bytes
 * as its random blob id.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import type { Columns, Row } from './columns.ts';
import { ZONE_STEP } from './columns.ts';
import type { BlobId, ModSeq, PackId, Uid } from './ids.ts';
import { BLOB_BYTES } from './pack-op.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';
import { UnknownVersionError } from './unknown-version.ts';

/** Version 2 adds packs; a segment without any is written as version 1 (I8). */
export const SEGMENT_VERSION = 2;
const UNPACKED_VERSION = 1;
export const MESSAGES_PER_SEGMENT = 4096;

/** Bytes of the rows `from` … `to` (end excluded) of `columns`. */
export function encodeSegment(columns: Columns, from: number, to: number): Uint8Array {
  const rows = Array.from({ length: to - from }, (_, index) => columns.row(from + index));
  return encodeRows(rows);
}

/** Bytes of `rows`, ascending by UID. */
export function encodeRows(rows: readonly Row[]): Uint8Array {
  const sets: (readonly string[])[] = [];
  const setIndex = new Map<string, number>();
  const internedSet = (keywords: readonly string[]): number => {
    const key = keywords.join(' ');
    const known = setIndex.get(key);
    if (known !== undefined) return known;
    setIndex.set(key, sets.length);
    return sets.push(keywords) - 1;
  };
  const column = (pick: (row: Row) => number): Uint8Array => packNumbers(rows.map(pick));
  const packs = [...new Set(rows.map(({ pack }) => pack))].filter((pack) => pack !== null);
  return zstdCompressSync(
    encode([
      packs.length > 0 ? SEGMENT_VERSION : UNPACKED_VERSION,
      sets,
      column((row) => row.uid),
      Uint8Array.from(rows, (row) => row.system),
      column((row) => internedSet(row.keywords)),
      column((row) => row.modSeq),
      column((row) => row.size),
      column((row) => row.date),
      column((row) => row.zone / ZONE_STEP),
      column((row) => row.saved),
      Buffer.concat(rows.map((row) => Buffer.from(row.blob, 'hex'))),
      column((row) => row.summary.chunk),
      column((row) => row.summary.at),
      column((row) => row.summary.slot),
      ...(packs.length > 0
        ? [
            Buffer.from(packs.join(''), 'hex'),
            column(({ pack }) => (pack === null ? 0 : packs.indexOf(pack) + 1)),
          ]
        : []),
    ]),
  );
}

/** A segment as it is stored: each column still packed by `packNumbers`, but for `system` (a byte a row) and `blob`. */
export interface SegmentColumns {
  readonly sets: readonly (readonly string[])[];
  readonly uid: Uint8Array;
  readonly system: Uint8Array;
  /** Indices into `sets`. */
  readonly set: Uint8Array;
  readonly modSeq: Uint8Array;
  readonly size: Uint8Array;
  readonly date: Uint8Array;
  /** In steps of `ZONE_STEP`. */
  readonly zone: Uint8Array;
  readonly saved: Uint8Array;
  readonly blob: Uint8Array;
  readonly chunk: Uint8Array;
  readonly at: Uint8Array;
  readonly slot: Uint8Array;
  /** The packs in which rows lie. */
  readonly packs: readonly PackId[];
  /** Indices into `packs`, from 1; 0: in none. Empty if there are no packs. */
  readonly packed: Uint8Array;
}

/** Opens a segment without unpacking its columns. */
export function decodeColumns(bytes: Uint8Array): SegmentColumns {
  const fields = decode(zstdDecompressSync(bytes)) as [number, string[][], ...Column12, B?, B?];
  const [version, sets, ...columns] = fields;
  if (version !== SEGMENT_VERSION && version !== UNPACKED_VERSION)
    throw new UnknownVersionError(`a segment of version ${version}`);
  const [uid, system, set, modSeq, size, date, zone, saved, blob, chunk, at, slot, ids, packed = NO_BYTES] =
    columns;
  const packs = ids ? packIdsOf(ids) : [];
  return { sets, uid, system, set, modSeq, size, date, zone, saved, blob, chunk, at, slot, packs, packed };
}

/** Inverse of `encodeSegment` and `encodeRows`. */
export function decodeRows(bytes: Uint8Array): Row[] {
  const packed = decodeColumns(bytes);
  const { sets, system, blob: blobs, packs } = packed;
  const packOf = unpackNumbers(packed.packed);
  const [uids, setOf, modSeqs, sizes] = [packed.uid, packed.set, packed.modSeq, packed.size].map(
    unpackNumbers,
  ) as Numbers4;
  const [dates, zones, savedAt] = [packed.date, packed.zone, packed.saved].map(unpackNumbers) as Numbers3;
  const [chunks, ats, slots] = [packed.chunk, packed.at, packed.slot].map(unpackNumbers) as Numbers3;
  return uids.map((value, row) => ({
    uid: value as Uid,
    system: system[row] as number,
    keywords: sets[setOf[row] as number] ?? [],
    modSeq: modSeqs[row] as ModSeq,
    size: sizes[row] as number,
    date: dates[row] as number,
    zone: (zones[row] as number) * ZONE_STEP,
    saved: savedAt[row] as number,
    blob: Buffer.from(blobs.buffer, blobs.byteOffset + row * BLOB_BYTES, BLOB_BYTES).toString(
      'hex',
    ) as BlobId,
    pack: packs[(packOf[row] ?? 0) - 1] ?? null,
    summary: { chunk: chunks[row] as number, at: ats[row] as number, slot: slots[row] as number },
  }));
}

const NO_BYTES = new Uint8Array(0);

function packIdsOf(bytes: Uint8Array): PackId[] {
  const ids = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  const digits = BLOB_BYTES * 2;
  return Array.from(
    { length: ids.length / digits },
    (_, index) => ids.slice(index * digits, (index + 1) * digits) as PackId,
  );
}

type B = Uint8Array;
type Column12 = [B, B, B, B, B, B, B, B, B, B, B, B];
type N = number[];
type Numbers3 = [N, N, N];
type Numbers4 = [N, N, N, N];

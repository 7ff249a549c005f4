/**
 * Segments: up to 4,096 messages of one mailbox as packed columns, compressed. Numbers are written as distances from
 * the row before (UIDs and mod-sequences rise, dates and places nearly do), so that a message takes about as many bytes
 * as its random blob id.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import type { Columns, Row } from './columns.ts';
import { ZONE_STEP } from './columns.ts';
import type { BlobId, ModSeq, Uid } from './ids.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';
import { UnknownVersionError } from './unknown-version.ts';

export const SEGMENT_VERSION = 1;
export const MESSAGES_PER_SEGMENT = 4096;

const BLOB_BYTES = 16;

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
  return zstdCompressSync(
    encode([
      SEGMENT_VERSION,
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
}

/** Opens a segment without unpacking its columns. */
export function decodeColumns(bytes: Uint8Array): SegmentColumns {
  const fields = decode(zstdDecompressSync(bytes)) as [number, string[][], ...Column12];
  const [version, sets, ...columns] = fields;
  if (version !== SEGMENT_VERSION) throw new UnknownVersionError(`a segment of version ${version}`);
  const [uid, system, set, modSeq, size, date, zone, saved, blob, chunk, at, slot] = columns;
  return { sets, uid, system, set, modSeq, size, date, zone, saved, blob, chunk, at, slot };
}

/** Inverse of `encodeSegment` and `encodeRows`. */
export function decodeRows(bytes: Uint8Array): Row[] {
  const packed = decodeColumns(bytes);
  const { sets, system, blob: blobs } = packed;
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
    summary: { chunk: chunks[row] as number, at: ats[row] as number, slot: slots[row] as number },
  }));
}

type B = Uint8Array;
type Column12 = [B, B, B, B, B, B, B, B, B, B, B, B];
type N = number[];
type Numbers3 = [N, N, N];
type Numbers4 = [N, N, N, N];

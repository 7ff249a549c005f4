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
import { UnknownVersionError } from './record.ts';

export const SEGMENT_VERSION = 1;
export const MESSAGES_PER_SEGMENT = 4096;

const BLOB_BYTES = 16;

/** Signed numbers as distances, zigzag and LEB128, of any magnitude below 2^52. */
export function packNumbers(values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let previous = 0;
  for (const value of values) {
    const distance = value - previous;
    previous = value;
    let zigzag = distance < 0 ? -distance * 2 - 1 : distance * 2;
    while (zigzag >= 0x80) {
      bytes.push((zigzag % 0x80) | 0x80);
      zigzag = Math.floor(zigzag / 0x80);
    }
    bytes.push(zigzag);
  }
  return Uint8Array.from(bytes);
}

/** Inverse of `packNumbers`. */
export function unpackNumbers(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let previous = 0;
  let zigzag = 0;
  let scale = 1;
  for (const byte of bytes) {
    zigzag += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte & 0x80) continue;
    previous += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    values.push(previous);
    zigzag = 0;
    scale = 1;
  }
  return values;
}

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

/** Inverse of `encodeSegment` and `encodeRows`. */
export function decodeRows(bytes: Uint8Array): Row[] {
  const fields = decode(zstdDecompressSync(bytes)) as [number, string[][], ...Uint8Array[]];
  const [version, sets, ...columns] = fields;
  if (version !== SEGMENT_VERSION) throw new UnknownVersionError(`a segment of version ${version}`);
  const [uid, system, set, modSeq, size, date, zone, saved, blobs, chunk, at, slot] = columns as Column12;
  const numbers = [uid, set, modSeq, size, date, zone, saved, chunk, at, slot].map(unpackNumbers);
  const [uids, setOf, modSeqs, sizes, dates, zones, savedAt, chunks, ats, slots] = numbers as Numbers10;
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
type Numbers10 = [N, N, N, N, N, N, N, N, N, N];

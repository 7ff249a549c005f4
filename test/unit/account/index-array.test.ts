/** The columns of indices that keep a mailbox small in memory. */
import { expect, test } from '@jest/globals';
import { Columns } from '../../../shared/account/columns.ts';
import type { BlobId, ModSeq, Uid } from '../../../shared/account/ids.ts';
import { IndexArray } from '../../../shared/account/index-array.ts';
import { decodeColumns, encodeSegment } from '../../../shared/account/segment.ts';

test('a column of indices becomes wider when one needs it, and keeps what it holds', () => {
  const narrow = new IndexArray(4);
  narrow.set(0, 7);
  narrow.set(1, 0xffff);
  expect(narrow.bytes).toBe(8);
  const copy = narrow.copy(2, 6);
  narrow.set(2, 0x1_0000);
  expect(narrow.bytes).toBe(16);
  expect([0, 1, 2].map((row) => narrow.at(row))).toEqual([7, 0xffff, 0x1_0000]);
  // A copy is of its own.
  expect([copy.bytes, copy.at(1), copy.at(2)]).toEqual([12, 0xffff, 0]);
  expect(narrow.copy(3, 3).at(2)).toBe(0x1_0000);
});

test('a mailbox whose account has had more than 65,535 chunks of summaries finds each of them', () => {
  const chunks = [0, 1, 0xffff, 0x1_0000, 0xffff_ffff, 3];
  const columns = Columns.of(chunks.map(rowIn));
  const chunksOf = (some: Columns) =>
    Array.from({ length: some.count }, (_, row) => some.summaryAt(row).chunk);
  expect(chunksOf(columns)).toEqual(chunks);
  const segment = encodeSegment(columns, 0, columns.count);
  expect(chunksOf(Columns.ofSegments([decodeColumns(segment)]))).toEqual(chunks);
  expect(chunksOf(columns.without(Uint32Array.of(1, 1, 5, 5)))).toEqual([1, 0xffff, 0x1_0000, 3]);
  expect(columns.anyMoved(0, 4, null, new Set([0x1_0000]))).toBe(true);
  expect(columns.anyMoved(0, 3, null, new Set([0x1_0000]))).toBe(false);
});

function rowIn(chunk: number, index: number) {
  return {
    uid: (index + 1) as Uid,
    system: 0,
    keywords: [],
    modSeq: 1024 as ModSeq,
    size: 7,
    date: 1_700_000_000,
    zone: 0,
    saved: 1_700_000_000,
    blob: 'ab'.repeat(16) as BlobId,
    pack: null,
    summary: { chunk, at: index, slot: 1 },
  };
}

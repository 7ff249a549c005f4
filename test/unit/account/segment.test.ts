/** Segments: what is packed is what is unpacked, by rows and by columns. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Columns, type Row } from '../../../shared/account/columns.ts';
import type { BlobId, ModSeq, PackId, Uid } from '../../../shared/account/ids.ts';
import { packNumbers, unpackNumbers } from '../../../shared/account/packed-numbers.ts';
import { decodeColumns, decodeRows, encodeRows, encodeSegment } from '../../../shared/account/segment.ts';

const UINT32 = 0xffff_ffff;
const uint32 = fc.integer({ min: 0, max: UINT32 });

/** One row at the edges of what each column takes; its UID comes from its place. */
const anyRow = fc.record({
  system: fc.integer({ min: 0, max: 31 }),
  keywords: fc.subarray(['$Forwarded', '$Label1', 'Work']),
  modSeq: fc.integer({ min: 1, max: 2 ** 51 }).map((value) => value as ModSeq),
  size: uint32,
  date: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  zone: fc.integer({ min: -48, max: 56 }).map((quarters) => quarters * 15),
  saved: uint32,
  blob: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((id) => Buffer.from(id).toString('hex') as BlobId),
  pack: fc.option(fc.constantFrom(...['aa', 'bb', 'c0'].map((digits) => digits.repeat(16) as PackId)), {
    freq: 2,
  }),
  summary: fc.record({ chunk: uint32, at: uint32, slot: uint32 }),
});

const segments = fc
  .array(fc.array(anyRow, { minLength: 1, maxLength: 30 }), { maxLength: 4 })
  .map((parts) => {
    let uid = 0;
    return parts.map((rows) => rows.map((row): Row => ({ ...row, uid: (uid += 3) as Uid })));
  });

test('numbers of any size and order come back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 50), max: 2 ** 50 })), (values) => {
      expect(unpackNumbers(packNumbers(values))).toEqual(values);
    }),
  );
  for (const edge of [0, 2 ** 30, 2 ** 30 - 1, 2 ** 31, -(2 ** 30), -(2 ** 30) - 1, 2 ** 50])
    expect(unpackNumbers(packNumbers([edge, 0, -edge]))).toEqual([edge, 0, -edge].map((value) => value + 0));
});

test('columns of segments hold the rows that their segments were made of', () => {
  fc.assert(
    fc.property(segments, fc.nat({ max: 200 }), (parts, expected) => {
      const encoded = parts.map(encodeRows);
      expect(encoded.flatMap(decodeRows)).toEqual(parts.flat());
      const all = parts.flat();
      const unpacked = encoded.map(decodeColumns);
      // However many rows a list has said that there are.
      for (const columns of [Columns.ofSegments(unpacked), Columns.unpacked(unpacked.values(), expected)]) {
        expect(all.map((_, row) => columns.row(row))).toEqual(all);
        expect(columns.count).toBe(all.length);
      }
    }),
  );
});

test('columns of segments are a value: what is appended to one is not seen by another', () => {
  const [first, second] = fc
    .sample(anyRow, { numRuns: 2, seed: 1 })
    .map((row, index) => ({ ...row, uid: (index + 1) as Uid }));
  if (!first || !second) throw new Error('two rows were asked for');
  const columns = Columns.ofSegments([decodeColumns(encodeRows([first]))]);
  const one = columns.append(second);
  const other = columns.append({ ...second, size: second.size ^ 1 });
  expect([columns.count, one.count, other.count]).toEqual([1, 2, 2]);
  expect(one.row(1)).toEqual(second);
  expect(other.row(1).size).toBe(second.size ^ 1);
  expect(decodeRows(encodeSegment(one, 0, 2))).toEqual([first, second]);
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BatchRequests, batchesOf } from '../../../../gateway/imap/session/batches.ts';
import { View } from '../../../../gateway/imap/session/view.ts';

const view = (uids: readonly number[], next = (uids.at(-1) ?? 0) + 1): View =>
  View.of(Uint32Array.from(uids), uids.length, next);
const ALL = { first: 1, last: Infinity };
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('batches', () => {
  test('adjoin, hold what was asked for, and lie over all messages', () => {
    const uids = fc.uniqueArray(fc.integer({ min: 1, max: 300 })).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(uids, fc.integer({ min: 1, max: 40 }), fc.nat(20), (list, size, above) => {
        const next = (list.at(-1) ?? 0) + 1 + above;
        const batches = batchesOf(view(list, next), { size, ...ALL });
        expect(batches).toHaveLength(Math.ceil(list.length / size));
        let high = next - 1;
        batches.forEach((batch, index) => {
          expect(batch.high).toBe(high);
          high = batch.low - 1;
          const inside = list.filter((uid) => uid >= batch.low && uid <= batch.high);
          const expected = index === batches.length - 1 ? list.length - index * size : size;
          expect(inside).toHaveLength(expected);
        });
        if (list.length > 0) expect(high).toBe(0);
      }),
    );
  });

  test('a range of them is a part of all of them', () => {
    const mailbox = view(upTo(95));
    const all = batchesOf(mailbox, { size: 10, ...ALL });
    expect(batchesOf(mailbox, { size: 10, first: 3, last: 5 })).toEqual(all.slice(2, 5));
    expect(batchesOf(mailbox, { size: 10, first: 9, last: 20 })).toEqual(all.slice(8));
    expect(batchesOf(mailbox, { size: 10, first: 11, last: 12 })).toEqual([]);
  });
});

describe('a request', () => {
  const request = { size: 10, ...ALL };

  test('is not answered again before half a batch has come or gone', () => {
    const requests = new BatchRequests();
    expect(requests.admit(request, view(upTo(100)))).toBe(true);
    expect(requests.admit(request, view(upTo(104)))).toBe(false);
    expect(requests.admit(request, view(upTo(105)))).toBe(true);
    expect(requests.admit(request, view(upTo(105).slice(4)))).toBe(false);
    expect(requests.admit(request, view(upTo(105).slice(5)))).toBe(true);
  });

  test('for other batches is another request', () => {
    const requests = new BatchRequests();
    const mailbox = view(upTo(100));
    expect(requests.admit(request, mailbox)).toBe(true);
    expect(requests.admit({ ...request, size: 11 }, mailbox)).toBe(true);
    expect(requests.admit({ ...request, first: 2, last: 3 }, mailbox)).toBe(true);
  });
});

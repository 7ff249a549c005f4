import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SeqNum } from '../../../../shared/account/ids.ts';
import { Bad } from '../../../../gateway/imap/session/refusals.ts';
import { View } from '../../../../gateway/imap/session/view.ts';
import { SequenceSet } from '../../../../gateway/imap/wire/sequence-set.ts';

const NONE = new Uint32Array(0);
const viewOf = (...uids: number[]): View =>
  View.of(Uint32Array.from(uids), uids.length, (uids.at(-1) ?? 0) + 1);
const set = (text: string): SequenceSet => SequenceSet.parse(text);

describe('message numbers', () => {
  const view = viewOf(3, 7, 8, 20);

  test.each([
    ['1', [3]],
    ['2:3', [7, 8]],
    ['3:2,1', [3, 7, 8]],
    ['*', [20]],
    ['4:*', [20]],
    ['*:1', [3, 7, 8, 20]],
  ])('%s', (text, uids) => {
    expect([...view.resolveNumbers(set(text), NONE)]).toEqual(uids);
  });

  test('beyond EXISTS they are the client’s mistake', () => {
    expect(() => view.resolveNumbers(set('5'), NONE)).toThrow(Bad);
    expect(() => view.resolveNumbers(set('2:5'), NONE)).toThrow(Bad);
  });

  test('in an empty mailbox 1:* means nothing', () => {
    expect([...View.EMPTY.resolveNumbers(set('1:*'), NONE)]).toEqual([]);
  });

  test('lead to UIDs and back', () => {
    expect(view.uidAt(2 as SeqNum)).toBe(7);
    expect(view.numberOf(8)).toBe(3);
    expect(view.numberOf(9)).toBe(0);
  });
});

describe('UIDs', () => {
  const view = viewOf(3, 7, 8, 20);

  test.each([
    ['7', [7]],
    ['4:6', []],
    ['1:*', [3, 7, 8, 20]],
    // The greatest UID is always in a range that ends with *.
    ['99:*', [20]],
    ['20:99', [20]],
  ])('%s', (text, uids) => {
    expect([...view.resolveUids(set(text), NONE)]).toEqual(uids);
  });

  test('$ is the saved result, as far as it is still there', () => {
    expect([...view.resolveUids(set('$'), Uint32Array.of(7, 9, 20))]).toEqual([7, 20]);
    expect([...view.resolveNumbers(set('$'), Uint32Array.of(7, 9, 20))]).toEqual([7, 20]);
  });
});

test('what lies behind the count belongs to others', () => {
  const shared = Uint32Array.of(1, 2, 3, 4);
  const view = View.of(shared, 2, 3);
  expect([...view.uids]).toEqual([1, 2]);
  expect(view.numberOf(3)).toBe(0);
});

test('a resting view of 100,000 messages takes a few bytes a run', () => {
  const whole = View.of(
    Uint32Array.from({ length: 100_000 }, (_, index) => index + 1),
    100_000,
    100_001,
  );
  whole.rest();
  expect(whole.restingBytes).toBeLessThan(8);
  const gaps = viewOf(...Array.from({ length: 1000 }, (_, index) => index * 3 + 1));
  gaps.rest();
  expect(gaps.restingBytes).toBeLessThan(2_100);
});

const ascending = fc
  .uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 200 })
  .map((uids) => uids.sort((a, b) => a - b));

test('a resting view answers as before', () => {
  fc.assert(
    fc.property(ascending, fc.integer({ min: 0, max: 5 }), (uids, more) => {
      const view = viewOf(...uids);
      const packed = viewOf(...uids);
      packed.rest();
      expect([...packed.uids]).toEqual(uids);
      for (const uid of uids) expect(packed.numberOf(uid)).toBe(view.numberOf(uid));
      const next = view.next;
      const added = Array.from({ length: more }, (_, index) => next + index);
      for (const grown of [view.appended(next, more), packed.appended(next, more)]) {
        expect([...grown.uids]).toEqual([...uids, ...added]);
        expect(grown.next).toBe(next + more);
      }
      expect(packed.appended(next, more).isPacked).toBe(true);
    }),
  );
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { additions, removals } from '../../../../gateway/imap/search/context-changes.ts';
import { type Results, esearchText, plainText, returned } from '../../../../gateway/imap/search/results.ts';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import { placesOf } from '../../../../gateway/imap/wire/result-range.ts';
import { OF_SEARCH, parseReturn } from '../../../../gateway/imap/wire/search-return.ts';
import type { SearchReturn } from '../../../../gateway/imap/wire/ast.ts';

function options(text: string): SearchReturn {
  const returns = parseReturn(openCommand({ segments: [`a SEARCH RETURN (${text})`] }).cursor, OF_SEARCH);
  if (!returns) throw new Error('no RETURN');
  return returns;
}

const found = (numbers: readonly number[], more: Partial<Results> = {}): Results => ({
  numbers,
  modSeqs: [],
  scores: [],
  ...more,
});

describe('ESEARCH', () => {
  test.each<[string, Results, string]>([
    ['MIN COUNT', found([2, 5, 6]), 'MIN 2 COUNT 3'],
    ['', found([2, 10, 11]), 'ALL 2,10:11'],
    ['MIN MAX ALL COUNT', found([]), 'COUNT 0'],
    // RFC 5267 §3.2: ranges only where numbers rise.
    ['ALL', found([23765, 23764, 23763, 7, 8, 9]), 'ALL 23765,23764,23763,7:9'],
    ['MIN MAX', found([5, 9, 1]), 'MIN 5 MAX 1'],
    // RFC 5267 §4.4, RFC 9394 §3.1.
    ['PARTIAL 2:3', found([2, 5, 6, 8]), 'PARTIAL (2:3 5:6)'],
    ['PARTIAL 3:2 COUNT', found([2, 5, 6, 8]), 'PARTIAL (3:2 5:6) COUNT 4'],
    ['PARTIAL 4:9', found([2, 5, 6, 8]), 'PARTIAL (4:9 8)'],
    ['PARTIAL 5:9', found([2, 5, 6, 8]), 'PARTIAL (5:9 NIL)'],
    ['PARTIAL -1:-2', found([2, 5, 6, 8]), 'PARTIAL (-1:-2 6,8)'],
    ['PARTIAL -3:-9', found([2, 5, 6, 8]), 'PARTIAL (-3:-9 2,5)'],
    ['PARTIAL -5:-9', found([2, 5, 6, 8]), 'PARTIAL (-5:-9 NIL)'],
    // RFC 6203 §4.
    ['RELEVANCY ALL', found([1, 5, 10], { scores: [4, 99, 42] }), 'ALL 1,5,10 RELEVANCY (4 99 42)'],
    ['RELEVANCY PARTIAL 2:2', found([1, 5, 10], { scores: [4, 99, 42] }), 'PARTIAL (2:2 5) RELEVANCY (99)'],
    ['RELEVANCY ALL', found([]), 'RELEVANCY ()'],
    // RFC 4731 §3.2.
    ['MIN', found([2, 5, 6], { modSeqs: [7, 9, 8] }), 'MIN 2 MODSEQ 7'],
    ['MIN MAX', found([2, 5, 6], { modSeqs: [7, 9, 8] }), 'MIN 2 MAX 6 MODSEQ 8'],
    ['MIN COUNT', found([2, 5, 6], { modSeqs: [7, 9, 8] }), 'MIN 2 COUNT 3 MODSEQ 9'],
    ['UPDATE', found([2]), ''],
  ])('RETURN (%s)', (text, results, expected) => {
    expect(esearchText(options(text), false, results)).toBe(expected);
    expect(esearchText(options(text), true, results)).toBe(expected === '' ? 'UID' : `UID ${expected}`);
  });

  test('SAVE alone asks for no answer', () => {
    expect(esearchText(options('SAVE'), true, found([1]))).toBeNull();
    expect(esearchText(options('SAVE COUNT'), true, found([1]))).toBe('UID COUNT 1');
  });
});

test.each([
  ['SAVE', [2, 5, 6, 8]],
  // RFC 5182 §2.4.
  ['SAVE MIN', [2]],
  ['SAVE MAX', [8]],
  ['SAVE MIN MAX', [2, 8]],
  ['SAVE ALL MIN', [2, 5, 6, 8]],
  ['SAVE MAX MIN COUNT', [2, 5, 6, 8]],
  // RFC 9394 §3.2.
  ['SAVE PARTIAL 2:3', [5, 6]],
  ['SAVE PARTIAL 2:3 MIN', [2, 5, 6]],
  ['SAVE PARTIAL 2:3 MAX', [5, 6, 8]],
  ['SAVE PARTIAL 2:3 MIN MAX', [2, 5, 6, 8]],
  ['SAVE PARTIAL 9:10 MIN', [2]],
  ['SAVE PARTIAL 2:3 COUNT', [2, 5, 6, 8]],
])('RETURN (%s) keeps %j', (text, kept) => {
  expect(returned(options(text), [2, 5, 6, 8])).toEqual(kept);
  expect(returned(options(text), [])).toEqual([]);
});

test('without RETURN', () => {
  expect(plainText('SEARCH', found([]))).toBe('SEARCH');
  expect(plainText('SORT', found([5, 3]))).toBe('SORT 5 3');
  expect(plainText('SEARCH', found([2, 5], { modSeqs: [4, 9] }))).toBe('SEARCH 2 5 (MODSEQ 9)');
});

test('windows side by side hold everything once', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 9 }), fc.boolean(), (count, width, fromEnd) => {
      const all = Array.from({ length: count }, (_, place) => place);
      const windows: number[][] = [];
      for (let low = 1; low <= count; low += width) {
        const { start, end } = placesOf({ text: '', low, high: low + width - 1, fromEnd }, count);
        windows.push(all.slice(start, end));
      }
      expect((fromEnd ? windows.reverse() : windows).flat()).toEqual(all);
    }),
  );
});

describe('a list that is kept up to date (RFC 5267 §4.3)', () => {
  test('as the client of the RFC is told', () => {
    expect(additions(Uint32Array.of(2731, 2732, 2733, 2734, 2735), (uid) => uid < 2734, true)).toEqual([
      { position: 1, uids: [2731, 2732, 2733] },
    ]);
    expect(removals(Uint32Array.of(9, 7, 5, 3), (uid) => uid === 7, true)).toEqual([
      { position: 1, uids: [9] },
      { position: 2, uids: [5, 3] },
    ]);
    expect(removals(Uint32Array.of(3, 5), () => false, false)).toEqual([{ position: 0, uids: [3, 5] }]);
  });

  test('a client that does what it is told has the new list', () => {
    const lists = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 15 });
    fc.assert(
      fc.property(
        lists,
        fc.uniqueArray(fc.integer({ min: 31, max: 60 }), { maxLength: 8 }),
        fc.infiniteStream(fc.nat(20)),
        (before, joining, chance) => {
          const next = (): number => Number(chance.next().value);
          const after = before.filter(() => next() % 3 > 0);
          for (const uid of joining) after.splice(next() % (after.length + 1), 0, uid);
          const list = [...before];
          for (const { position, uids } of removals(
            Uint32Array.from(before),
            (uid) => after.includes(uid),
            true,
          ))
            expect(list.splice(position - 1, uids.length)).toEqual(uids);
          for (const { position, uids } of additions(
            Uint32Array.from(after),
            (uid) => joining.includes(uid),
            true,
          )) {
            expect(position - 1).toBeLessThanOrEqual(list.length);
            list.splice(position - 1, 0, ...uids);
          }
          expect(list).toEqual(after);
        },
      ),
    );
  });
});

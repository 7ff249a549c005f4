import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import { formatInOrder, NumberSet, SequenceSet } from '../../../../gateway/imap/wire/sequence-set.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';

describe('parsing', () => {
  test.each([
    ['1', 10, '1'],
    ['2,4:7,9,12:*', 15, '2,4:7,9,12:15'],
    ['*:4,5:7', 10, '4:10'],
    ['559:*', 100, '100:559'],
    ['*', 7, '7'],
    ['3:1,2', 9, '1:3'],
    ['5:6,1:2,3', 9, '1:3,5:6'],
    ['4294967295', 9, '4294967295'],
    ['1:*', 0, ''],
    ['*,7', 0, '7'],
  ])('%s with %d as the last is %s', (text, max, resolved) => {
    expect(SequenceSet.parse(text).resolve(max).toString()).toBe(resolved);
  });

  test.each(['', '0', '1:', ':1', '1,', ',1', '4294967296', '01', '1:2:3', '$,1', '1 ', 'a', '**'])(
    '%p is refused',
    (text) => {
      expect(() => SequenceSet.parse(text)).toThrow(ImapSyntaxError);
    },
  );

  test('$ is the saved result', () => {
    expect(
      SequenceSet.parse('$')
        .resolve(9, NumberSet.of([3, 1]))
        .toString(),
    ).toBe('1,3');
    expect(SequenceSet.parse('$').resolve(9).isEmpty).toBe(true);
  });
});

const end = fc.oneof(fc.integer({ min: 1, max: 40 }).map(String), fc.constant('*'));
const setText = fc
  .array(
    fc.oneof(
      end,
      fc.tuple(end, end).map(([a, b]) => `${a}:${b}`),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(','));

/** The same by listing every number. */
function naive(text: string, max: number): Set<number> {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [a, b = a] = part.split(':');
    if (max === 0 && (a === '*' || b === '*')) continue;
    const [x, y] = [a, b].map((word) => (word === '*' ? max : Number(word))) as [number, number];
    for (let n = Math.min(x, y); n <= Math.max(x, y); n++) numbers.add(n);
  }
  return numbers;
}

test('property: a resolved set holds what listing every number holds', () => {
  fc.assert(
    fc.property(
      setText,
      fc.integer({ min: 0, max: 40 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 50 })),
      (text, max, uids) => {
        const model = naive(text, max);
        const set = SequenceSet.parse(text).resolve(max);
        const all = [...model].sort((a, b) => a - b);
        expect([...set]).toEqual(all);
        expect([set.size, set.min, set.max, set.isEmpty]).toEqual([
          all.length,
          all[0],
          all.at(-1),
          all.length === 0,
        ]);
        for (let n = 0; n <= 52; n++) expect(set.contains(n)).toBe(model.has(n));
        const sorted = Uint32Array.from(uids).sort();
        expect([...set.intersect(sorted)]).toEqual([...sorted].filter((n) => model.has(n)));
        const places: number[] = [];
        set.forEachRun(sorted, (from, to) => {
          expect(to).toBeGreaterThan(from);
          for (let i = from; i < to; i++) places.push(i);
        });
        expect(places).toEqual([...sorted.keys()].filter((i) => model.has(sorted[i] ?? 0)));
        if (all.length > 0)
          expect(SequenceSet.parse(set.toString()).resolve(max).toString()).toBe(set.toString());
        expect(NumberSet.of(all.toReversed()).toString()).toBe(set.toString());
        expect(NumberSet.ofSorted(all).toString()).toBe(set.toString());
        expect(SequenceSet.parse(SequenceSet.parse(text).toString()).resolve(max).toString()).toBe(
          set.toString(),
        );
      },
    ),
  );
});

test('ranges coalesce, up to the last number there is', () => {
  expect(NumberSet.of([7, 5, 6, 6, 9, 4294967295, 4294967294]).toString()).toBe(
    '5:7,9,4294967294:4294967295',
  );
  expect(NumberSet.EMPTY.toString()).toBe('');
  expect(NumberSet.of([4294967295]).contains(4294967295)).toBe(true);
  expect(NumberSet.of([4294967295]).intersect(Uint32Array.of(1, 4294967295))).toEqual(
    Uint32Array.of(4294967295),
  );
  expect(() => NumberSet.ofSorted([3, 2])).toThrow(RangeError);
});

test('COPYUID keeps the order, so that source and destination pair up', () => {
  expect(formatInOrder([3, 4, 5, 1, 2, 9])).toBe('3:5,1:2,9');
  expect(formatInOrder([])).toBe('');
});

test('sets that span everything cost no more than their ranges', () => {
  const set = SequenceSet.parse('1:*,1:4294967295').resolve(100_000);
  expect(set.size).toBe(4294967295);
  expect(set.intersect(Uint32Array.from({ length: 100_000 }, (_, i) => i + 1)).length).toBe(100_000);
});

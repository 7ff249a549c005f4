import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SortTable, type SortFacts, needsSummaries } from '../../../../gateway/imap/search/sort.ts';
import type { SortCriterion, SortKey } from '../../../../gateway/imap/wire/ast.ts';
import type { EnvelopeAddress } from '../../../../shared/message/envelope-reader.ts';

const address = (
  mailbox: string | null,
  name: string | null = null,
  host: string | null = 'x.test',
): EnvelopeAddress => ({
  name,
  route: null,
  mailbox,
  host,
});

interface Sketch extends Partial<Omit<SortFacts, 'envelope'>> {
  readonly subject?: string;
  readonly from?: EnvelopeAddress;
  readonly to?: EnvelopeAddress;
  readonly cc?: EnvelopeAddress;
}

/** The order, messages numbered from 1. */
function order(criteria: string, messages: readonly Sketch[]): number[] {
  const words = criteria.split(' ');
  const parsed: SortCriterion[] = words.flatMap((word, index) =>
    word === 'REVERSE' ? [] : [{ key: word as SortKey, reverse: words[index - 1] === 'REVERSE' }],
  );
  const table = new SortTable(parsed);
  for (const { subject, from, to, cc, ...facts } of messages)
    table.add({
      size: 0,
      arrived: 0,
      sent: 0,
      relevancy: 0,
      ...facts,
      envelope: {
        date: null,
        subject: subject ?? null,
        from: from ? [from] : [],
        to: to ? [to] : [],
        cc: cc ? [cc] : [],
        bcc: [],
        inReplyTo: null,
        messageId: null,
      },
    });
  const work = table.order();
  for (;;) {
    const step = work.next();
    if (step.done) return [...step.value].map((place) => place + 1);
  }
}

describe('SORT', () => {
  test.each<[string, Sketch[], number[]]>([
    ['ARRIVAL', [{ arrived: 3 }, { arrived: 1 }, { arrived: 2 }], [2, 3, 1]],
    ['REVERSE ARRIVAL', [{ arrived: 3 }, { arrived: 1 }, { arrived: 2 }], [1, 3, 2]],
    ['DATE', [{ sent: 5 }, { sent: -5 }], [2, 1]],
    ['SIZE', [{ size: 10 }, { size: 9 }], [2, 1]],
    // The base subject, without regard to case; what has none comes first.
    ['SUBJECT', [{ subject: 'b' }, { subject: 'Re: A' }, {}, { subject: '[x] B (fwd)' }], [3, 2, 1, 4]],
    [
      'SUBJECT',
      [{ subject: '=?utf-8?Q?=C3=A9?=' }, { subject: 'F' }, { subject: 'd' }, { subject: 'ez' }],
      [3, 4, 1, 2],
    ],
    // The part before the at-sign, not the name.
    ['FROM', [{ from: address('b', 'A') }, { from: address('A', 'b') }, {}], [3, 2, 1]],
    ['TO', [{ to: address('b') }, { to: address('a') }], [2, 1]],
    ['CC', [{ cc: address('b') }, { cc: address('a') }], [2, 1]],
    // RFC 5957 §3: the name, or the address, or what there is of it.
    [
      'DISPLAYFROM',
      [{ from: address('z', 'Bob') }, { from: address('a', 'carl') }, { from: address('anna') }],
      [3, 1, 2],
    ],
    [
      'DISPLAYFROM',
      [{ from: address('b', '=?utf-8?Q?=C3=81?=') }, { from: address('a', 'B') }, { from: address('b', '') }],
      [1, 2, 3],
    ],
    [
      'DISPLAYTO',
      [{ to: address('a', null, '') }, { to: address('a.b', null, null) }, { to: address('a', null, null) }],
      [3, 2, 1],
    ],
    ['DISPLAYTO', [{ to: address('a', null, 'b.test') }, { to: address('a', null, null) }, {}], [3, 2, 1]],
    ['RELEVANCY', [{ relevancy: 4 }, { relevancy: 99 }, { relevancy: 42 }], [2, 3, 1]],
    ['REVERSE RELEVANCY', [{ relevancy: 4 }, { relevancy: 99 }, { relevancy: 42 }], [1, 3, 2]],
    // One criterion after the other; REVERSE is of the one behind it.
    [
      'SUBJECT REVERSE DATE',
      [
        { subject: 'a', sent: 1 },
        { subject: 'A', sent: 2 },
        { subject: '0', sent: 0 },
      ],
      [3, 2, 1],
    ],
    // RFC 5256 §3: equal messages stay in the order of the mailbox, REVERSE or not.
    ['REVERSE SUBJECT', [{ subject: 'a' }, { subject: 'Re: a' }, { subject: 'b' }], [3, 1, 2]],
  ])('%s', (criteria, messages, expected) => {
    expect(order(criteria, messages)).toEqual(expected);
  });

  test('is a permutation, ascending, and stable, however many messages there are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.nat(5), sent: fc.nat(5) }), { maxLength: 3000, size: 'max' }),
        fc.boolean(),
        fc.boolean(),
        (messages, reverseSize, reverseDate) => {
          const criteria = `${reverseSize ? 'REVERSE ' : ''}SIZE ${reverseDate ? 'REVERSE ' : ''}DATE`;
          // The same by the library's own sort, which is stable.
          const expected = messages
            .map((message, index) => ({ ...message, number: index + 1 }))
            .sort(
              (a, b) =>
                (a.size - b.size) * (reverseSize ? -1 : 1) || (a.sent - b.sent) * (reverseDate ? -1 : 1),
            )
            .map(({ number }) => number);
          expect(order(criteria, messages)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('lets others have a turn', () => {
    const table = new SortTable([{ key: 'SIZE', reverse: false }]);
    for (let size = 10_000; size > 0; size--)
      table.add({ size, arrived: 0, sent: 0, envelope: undefined, relevancy: 0 });
    const work = table.order();
    let pauses = 0;
    while (!work.next().done) pauses++;
    expect(pauses).toBeGreaterThan(10);
  });

  test('asks for summaries only where columns do not tell', () => {
    const needs = (...keys: SortKey[]): boolean =>
      needsSummaries(keys.map((key) => ({ key, reverse: false })));
    expect(needs('ARRIVAL', 'SIZE', 'RELEVANCY')).toBe(false);
    expect(needs('SIZE', 'DATE')).toBe(true);
  });
});

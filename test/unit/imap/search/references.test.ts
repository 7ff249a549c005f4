import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { orderedSubjectThreads } from '../../../../gateway/imap/search/ordered-subject.ts';
import {
  ReferenceThreads,
  type Thread,
  type ThreadedMessage,
} from '../../../../gateway/imap/search/references.ts';
import type { Pause } from '../../../../gateway/imap/search/steps.ts';
import { threadText } from '../../../../gateway/imap/search/thread-text.ts';
import { naiveReferences } from './naive-references.ts';

function done<T>(work: Pause<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function threads(messages: readonly ThreadedMessage[], algorithm: 'REFERENCES' | 'REFS'): Thread[] {
  const building = new ReferenceThreads();
  for (const message of messages) building.add(message);
  return done(building.finish(algorithm));
}

type Sketch = Partial<Omit<ThreadedMessage, 'number'>>;

/** Messages numbered from 1, sent one after the other, each of a subject of its own. */
function mailbox(...sketches: Sketch[]): ThreadedMessage[] {
  return sketches.map((sketch, index) => ({
    number: index + 1,
    id: String.fromCharCode(97 + index),
    references: [],
    sent: index,
    arrived: index,
    subject: `SUBJECT ${index}`,
    isReply: false,
    ...sketch,
  }));
}

const references = (...sketches: Sketch[]): string => threadText(threads(mailbox(...sketches), 'REFERENCES'));
const refs = (...sketches: Sketch[]): string => threadText(threads(mailbox(...sketches), 'REFS'));

describe('REFERENCES', () => {
  test('a chain of answers, and one beside it', () => {
    expect(
      references({}, { references: ['a'] }, { references: ['a', 'b'] }, { references: ['a', 'b'] }),
    ).toBe('(1 2 (3)(4))');
  });

  test('answers that came before what they answer', () => {
    expect(references({ references: ['c', 'b'] }, { references: ['c'] }, {})).toBe('(3 2 1)');
  });

  test('two answers to a message that is not here', () => {
    expect(references({ references: ['x'] }, { references: ['x'] })).toBe('((1)(2))');
  });

  test('one answer to a message that is not here', () => {
    expect(references({ references: ['x', 'y'] })).toBe('(1)');
  });

  test('a message in between is not here', () => {
    expect(references({}, { references: ['a', 'x'] })).toBe('(1 2)');
  });

  test('references to each other make no loop', () => {
    expect(references({ references: ['b'] }, { references: ['a'] })).toBe('(2 1)');
    expect(references({ references: ['a'] })).toBe('(1)');
    // The last reference counts, and it is the message itself.
    expect(references({ references: ['b', 'a', 'b', 'a'] }, {})).toBe('(1)(2)');
  });

  test('a later word of the message itself on its parent counts more than that of others', () => {
    expect(references({}, { references: ['a', 'c'] }, { references: [] })).toBe('(1)(3 2)');
  });

  test('of two messages with one ID the first is meant', () => {
    expect(references({ id: 'x' }, { id: 'x' }, { references: ['x'] })).toBe('(1 3)(2)');
    expect(references({ id: null }, { id: null })).toBe('(1)(2)');
  });

  test('siblings and threads are in the order in which they were sent', () => {
    expect(
      references({ sent: 9 }, { sent: 5, references: ['a'] }, { sent: 3, references: ['a'] }, { sent: 1 }),
    ).toBe('(4)(1 (3)(2))');
  });

  test('threads of one subject: an answer goes below what it may answer', () => {
    expect(references({ subject: 'S' }, { subject: 'S', isReply: true })).toBe('(1 2)');
    expect(references({ subject: 'S', isReply: true }, { subject: 'S' })).toBe('(2 1)');
  });

  test('threads of one subject: equals stand beside each other', () => {
    expect(references({ subject: 'S' }, { subject: 'S' })).toBe('((1)(2))');
    expect(
      references(
        { subject: 'S', isReply: true },
        { subject: 'S', isReply: true },
        { subject: 'S', isReply: true },
      ),
    ).toBe('((1)(2)(3))');
  });

  test('threads of one subject: parts of a lost thread come together', () => {
    expect(
      references(
        { subject: 'S', references: ['x'] },
        { references: ['x'] },
        { subject: 'S', references: ['y'] },
        { references: ['y'] },
        { subject: 'S' },
      ),
    ).toBe('((1)(2)(3)(4)(5))');
  });

  test('messages without a subject are left alone', () => {
    expect(references({ subject: '' }, { subject: '' })).toBe('(1)(2)');
  });
});

describe('REFS', () => {
  test('takes no notice of subjects', () => {
    expect(refs({ subject: 'S' }, { subject: 'S', isReply: true })).toBe('(1)(2)');
  });

  test('tells the thread that was added to last at the end', () => {
    expect(refs({}, {}, { references: ['a'] })).toBe('(2)(1 3)');
  });

  test('goes by arrival there, and within a thread by the sent date', () => {
    expect(refs({ arrived: 9 }, { sent: 9, references: ['a'] }, { sent: 8, references: ['a'] }, {})).toBe(
      '(4)(1 (3)(2))',
    );
  });
});

describe('ORDEREDSUBJECT', () => {
  const ordered = (...sketches: Sketch[]): string => threadText(orderedSubjectThreads(mailbox(...sketches)));

  test('the first of a subject, and all others as its children', () => {
    expect(
      ordered({ subject: 'A' }, { subject: 'B' }, { subject: 'A' }, { subject: 'A' }, { subject: 'B' }),
    ).toBe('(1 (3)(4))(2 5)');
  });

  test('threads are in the order of their first messages', () => {
    expect(ordered({ subject: 'A', sent: 5 }, { subject: 'B', sent: 4 }, { subject: 'A', sent: 1 })).toBe(
      '(3 1)(2)',
    );
  });
});

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Small worlds, in which everything refers to everything. */
const mailboxes = fc
  .array(
    fc.record({
      id: fc.option(fc.constantFrom(...IDS.slice(0, 6)), { freq: 6 }),
      references: fc.array(fc.constantFrom(...IDS), { maxLength: 4 }),
      sent: fc.nat(4),
      arrived: fc.nat(4),
      subject: fc.constantFrom('', 'S', 'T', 'U'),
      isReply: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((sketches) => mailbox(...sketches));

function numbersIn(list: readonly Thread[]): number[] {
  return list.flatMap(({ number, children }) => [
    ...(number === null ? [] : [number]),
    ...numbersIn(children),
  ]);
}

describe.each(['REFERENCES', 'REFS', 'ORDEREDSUBJECT'] as const)('%s', (algorithm) => {
  test('tells each message once', () => {
    fc.assert(
      fc.property(mailboxes, (messages) => {
        const found =
          algorithm === 'ORDEREDSUBJECT' ? orderedSubjectThreads(messages) : threads(messages, algorithm);
        expect(numbersIn(found).sort((a, b) => a - b)).toEqual(messages.map(({ number }) => number));
      }),
    );
  });
});

test('REFERENCES is what the RFC says, step by step', () => {
  fc.assert(
    fc.property(mailboxes, (messages) => {
      expect(threadText(threads(messages, 'REFERENCES'))).toBe(threadText(naiveReferences(messages)));
    }),
    { numRuns: 2000 },
  );
});

test('a chain of 50,000 answers, in either order of coming, is one thread', () => {
  const count = 50_000;
  const chain = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    id: `id${index}`,
    references: index > 0 ? [`id${index - 1}`] : [],
    sent: index,
    arrived: index,
    subject: '',
    isReply: index > 0,
  }));
  expect(threadText(threads(chain, 'REFERENCES'))).toBe(`(${chain.map(({ number }) => number).join(' ')})`);
  const reversed = chain.toReversed();
  expect(threadText(threads(reversed, 'REFS'))).toBe(`(${chain.map(({ number }) => number).join(' ')})`);
});

describe('the text of threads (RFC 5256 §4)', () => {
  const leaf = (number: number): Thread => ({ number, children: [] });

  test('as in the examples of the RFC', () => {
    const first: Thread = {
      number: 3,
      children: [
        {
          number: 6,
          children: [
            { number: 4, children: [leaf(23)] },
            { number: 44, children: [{ number: 7, children: [leaf(96)] }] },
          ],
        },
      ],
    };
    expect(threadText([leaf(2), first])).toBe('(2)(3 6 (4 23)(44 7 96))');
    expect(threadText([{ number: null, children: [leaf(3), leaf(5)] }])).toBe('((3)(5))');
    expect(threadText([])).toBe('');
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { baseSubject } from '../../../shared/message/base-subject.ts';

describe('the base subject (RFC 5256 §2.1)', () => {
  test.each([
    ['plain', 'plain', false],
    ['Re: a', 'a', true],
    ['RE:a', 'a', true],
    ['re : a', 'a', true],
    ['Fw: a', 'a', true],
    ['FWD: a', 'a', true],
    ['Re: Re: Fwd: a', 'a', true],
    // Nothing else is a reply: other languages are not guessed at.
    ['AW: a', 'AW: a', false],
    ['Reply: a', 'Reply: a', false],
    ['Re a', 'Re a', false],
    // Blobs.
    ['[list] a', 'a', false],
    ['[list] Re: a', 'a', true],
    ['Re: [list] a', 'a', true],
    ['Re [list]: a', 'a', true],
    ['Re [1] : a', 'a', true],
    ['Re [1][2]: a', 'Re [1][2]: a', false],
    ['[x][y] Re: [z] a', 'a', true],
    // A blob that is all there is stays.
    ['[only]', '[only]', false],
    ['[x] [only]', '[only]', false],
    ['Re: [only]', '[only]', true],
    ['[a [b] c', '[a [b] c', false],
    // Trailers.
    ['a (fwd)', 'a', true],
    ['a (FWD) (fwd)  ', 'a', true],
    ['a(fwd)', 'a', true],
    // A forward in brackets is opened, again and again.
    ['[Fwd: a]', 'a', true],
    ['[fwd: [Fwd: Re: a (fwd)]]', 'a', true],
    ['[fwd: ]', '', true],
    ['[fwd:a] b', 'b', false],
    // Blanks.
    ['  a \t b\r\n c  ', 'a b c', false],
    ['', '', false],
    ['Re:', '', true],
    ['Re: Re:', '', true],
  ])('of %j is %j, reply %s', (subject, text, isReply) => {
    expect(baseSubject(subject)).toEqual({ text, isReply });
  });

  const subjects = fc
    .array(fc.constantFrom('re:', 'Fwd:', '(fwd)', '[fwd:', ']', '[', '[x]', ' ', 'a', 'B', ':', 're'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));

  test('has no base subject but itself', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const { text } = baseSubject(subject);
        expect(baseSubject(text)).toEqual({ text, isReply: false });
      }),
    );
  });

  test('is the same for an answer, and for an answer forwarded', () => {
    fc.assert(
      fc.property(subjects, (subject) => {
        const { text } = baseSubject(subject);
        expect(baseSubject(`Re: ${subject}`)).toEqual({ text, isReply: true });
        expect(baseSubject(`Fwd: Re: ${subject} (fwd)`)).toEqual({ text, isReply: true });
      }),
    );
  });

  test('of a subject of many blobs is found in a time that grows with its length', () => {
    const blobs = '[x]'.repeat(200_000);
    expect(baseSubject(`${blobs}a`).text).toBe('a');
    expect(baseSubject(blobs).text).toBe('[x]');
  });
});

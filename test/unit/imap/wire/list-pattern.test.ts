import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalPattern,
  compileListPattern,
  compilePattern,
} from '../../../../gateway/imap/wire/list-pattern.ts';
import { encodeModifiedUtf7 } from '../../../../gateway/imap/wire/mailbox-name.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';

const REV1 = { utf8: false };
const UTF8 = { utf8: true };

const NAMES = ['INBOX', 'INBOX/a', 'Sent', 'Sent/2024', 'Sent/2024/Q1', 'Senti'];

describe('matching', () => {
  test.each([
    ['*', NAMES],
    ['%', ['INBOX', 'Sent', 'Senti']],
    ['%/%', ['INBOX/a', 'Sent/2024']],
    ['Sent', ['Sent']],
    ['sent', []],
    ['Sent*', ['Sent', 'Sent/2024', 'Sent/2024/Q1', 'Senti']],
    ['Sent%', ['Sent', 'Senti']],
    ['%4*', []],
    ['*4%', ['Sent/2024']],
    ['inbox', ['INBOX']],
    ['inb%', ['INBOX']],
    ['%nbox*', ['INBOX', 'INBOX/a']],
    ['inbox/A', []],
    ['inbox/a', ['INBOX/a']],
    ['', []],
  ])('%p', (pattern, expected) => {
    expect(NAMES.filter(compileListPattern(pattern))).toEqual(expected);
  });

  test('reference and pattern are put together', () => {
    expect(canonicalPattern('Sent/', '%', REV1)).toBe('Sent/%');
    expect(canonicalPattern('&', 'AOk-*', REV1)).toBe('é*');
    expect(canonicalPattern('&', 'AOk-*', UTF8)).toBe('&AOk-*');
  });

  test.each([
    ['Caf&AO*', ['Café']],
    ['*&*', ['Café', 'R&D', 'été', 'INBOX/é']],
    ['&AOk-t%', ['été']],
    ['*&A%k-', ['Café', 'été', 'INBOX/é']],
    ['%OkAc*', []],
    ['R&', []],
    ['inbox/&%', ['INBOX/é']],
  ])('a wildcard within an encoded run: %p', (sent, expected) => {
    const names = ['Café', 'R&D', 'INBOX', 'Cafe', 'été', 'INBOX/é'];
    expect(names.filter(compilePattern(canonicalPattern('', sent, REV1)))).toEqual(expected);
  });

  test('8-bit characters are no pattern before they are enabled', () => {
    expect(() => canonicalPattern('', 'Caf\u00e9*', REV1)).toThrow(ImapSyntaxError);
    expect(canonicalPattern('', 'Caf\u00e9*', UTF8)).toBe('Café*');
  });
});

/** By trying everything; fine for short ones. */
function naive(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const [first, rest] = [pattern.charAt(0), pattern.slice(1)];
  if (first === '*' || first === '%') {
    if (naive(rest, name)) return true;
    return name !== '' && (first === '*' || !name.startsWith('/')) && naive(pattern, name.slice(1));
  }
  return name.startsWith(first) && naive(rest, name.slice(1));
}

test('property: the same as trying everything', () => {
  const text = (letters: string) => fc.string({ unit: fc.constantFrom(...letters.split('')), maxLength: 9 });
  fc.assert(
    fc.property(text('ab/%*'), text('ab/'), (pattern, name) => {
      expect(compileListPattern(pattern)(name)).toBe(naive(pattern, name));
    }),
    { numRuns: 2000 },
  );
});

test('property: a piece of an encoded run is compared with what names are on the wire', () => {
  const names = fc.string({ unit: fc.constantFrom('a', '/', '&', 'é', '日', '😀', ','), maxLength: 8 });
  let pieces = 0;
  fc.assert(
    fc.property(
      names,
      names,
      fc.nat(),
      fc.nat(),
      fc.constantFrom('*', '%'),
      (name, other, one, two, wildcard) => {
        const encoded = encodeModifiedUtf7(name);
        const [start = 0, end = 0] = [one, two]
          .map((place) => place % (encoded.length + 1))
          .sort((a, b) => a - b);
        const sent = encoded.slice(0, start) + wildcard + encoded.slice(end);
        const pattern = canonicalPattern('', sent, REV1);
        if (typeof pattern === 'string') return;
        pieces++;
        const matches = compilePattern(pattern);
        for (const candidate of [name, other])
          expect(matches(candidate)).toBe(naive(sent, encodeModifiedUtf7(candidate)));
      },
    ),
    { numRuns: 3000 },
  );
  expect(pieces).toBeGreaterThan(500);
});

test('a pattern made to backtrack ends soon', () => {
  const matches = compileListPattern('*a%'.repeat(300) + 'b');
  expect(matches('a'.repeat(1000))).toBe(false);
  expect(matches(`${'a'.repeat(1000)}b`)).toBe(true);
});

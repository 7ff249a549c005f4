import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import { canonicalPattern, compileListPattern } from '../../../../gateway/imap/wire/list-pattern.ts';

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
    expect(canonicalPattern('Sent/', '%')).toBe('Sent/%');
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

test('a pattern made to backtrack ends soon', () => {
  const matches = compileListPattern('*a%'.repeat(300) + 'b');
  expect(matches('a'.repeat(1000))).toBe(false);
  expect(matches(`${'a'.repeat(1000)}b`)).toBe(true);
});

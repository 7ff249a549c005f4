import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { imapNString, imapString, wireBytes } from '../../../shared/message/imap-string.ts';
import { readImap } from './imap-reader.ts';
import { anyCharacter } from '../../support/any-character.ts';

test('NIL, quoted, literal', () => {
  expect(imapNString(null, 'ascii')).toBe('NIL');
  expect(imapNString('', 'ascii')).toBe('""');
  expect(imapString('a "b" \\c', 'ascii')).toBe('"a \\"b\\" \\\\c"');
  expect(imapString('x'.repeat(1001), 'ascii')).toMatch(/^\{1001\}\r\nx+$/);
});

test('what a string cannot hold is left out', () => {
  expect(imapString('a\0b\rc\nd', 'ascii')).toBe('"abcd"');
  expect(imapString(`\0${'x'.repeat(1001)}\n`, 'ascii')).toMatch(/^\{1001\}\r\nx{1001}$/);
});

test('any text is one well-formed string, in ASCII unless UTF-8 was asked for', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 1500 }), (text) => {
      expect(typeof readImap(wireBytes(imapString(text, 'ascii')))).toBe('string');
      const utf8 = readImap(wireBytes(imapString(text, 'utf8')), { utf8: true });
      expect(Buffer.from(utf8 as string, 'latin1').toString('utf8')).toBe(
        text.replace(/[\0\r\n]/g, '').toWellFormed(),
      );
    }),
    { numRuns: 1000 },
  );
});

import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import { CommandReader } from '../../../../gateway/imap/wire/command-reader.ts';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import type { CommandCursor } from '../../../../gateway/imap/wire/parser.ts';
import { parseSection } from '../../../../gateway/imap/wire/fetch-grammar.ts';
import type { Section, SectionText } from '../../../../gateway/imap/wire/ast.ts';
import {
  astring,
  binaryLabel,
  bodyLabel,
  continuation,
  dateTime,
  flagList,
  formatCode,
  formatSection,
  mailbox,
  nstring,
  status,
  string,
} from '../../../../gateway/imap/wire/response.ts';
import { NumberSet } from '../../../../gateway/imap/wire/sequence-set.ts';
import { sourceOf } from './byte-source.ts';
import { anyCharacter } from '../../../support/any-character.ts';

describe('strings', () => {
  test.each([
    ['', '""'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['a\r\nb', '{4}\r\na\r\nb'],
    ['é', '{2}\r\né'],
    ['a\0b', '{5}\r\na\ufffdb'],
    ['x'.repeat(1025), `{1025}\r\n${'x'.repeat(1025)}`],
  ])('%p', (value, sent) => {
    expect(string(value)).toBe(sent);
  });

  test('8-bit text is quoted for a client that reads UTF-8', () => {
    expect(string('é', { utf8: true })).toBe('"é"');
    expect(string('é\n', { utf8: true })).toBe('{3}\r\né\n');
  });

  test('atoms where possible; NIL is not', () => {
    expect(['abc', 'a b', '', 'nil', 'a]', 'a(b', 'é'].map((value) => astring(value))).toEqual([
      'abc',
      '"a b"',
      '""',
      '"nil"',
      '"a]"',
      '"a(b"',
      '{2}\r\né',
    ]);
    expect([nstring(null), nstring('NIL')]).toEqual(['NIL', '"NIL"']);
  });

  test('mailbox names', () => {
    expect(mailbox('Entwürfe & mehr', { utf8: false })).toBe('"Entw&APw-rfe &- mehr"');
    expect(mailbox('Entwürfe', { utf8: true })).toBe('"Entwürfe"');
    expect(mailbox('INBOX', { utf8: false })).toBe('INBOX');
  });
});

describe('status responses', () => {
  test('with and without a code', () => {
    expect(status('a', 'OK', 'done')).toBe('a OK done\r\n');
    expect(status('*', 'BYE', 'gone', 'UNAVAILABLE')).toBe('* BYE [UNAVAILABLE] gone\r\n');
  });

  test('text from elsewhere can forge nothing', () => {
    expect(status('a', 'NO', 'x\r\n* BYE\0')).toBe('a NO x * BYE\r\n');
    expect(status('a', 'NO', '[ALERT] x')).toBe('a NO -[ALERT] x\r\n');
    expect(status('a', 'NO', 'café')).toBe('a NO caf?\r\n');
    expect(status('a', 'NO', 'café', undefined, { utf8: true })).toBe('a NO café\r\n');
    expect(status('a', 'NO', ' \r\n')).toBe('a NO -\r\n');
    expect(continuation('a\r\nb')).toBe('+ a b\r\n');
  });

  test('codes', () => {
    expect(
      [
        { code: 'APPENDUID', uidValidity: 7, uids: NumberSet.of([3, 4]) } as const,
        { code: 'COPYUID', uidValidity: 7, source: '1:2', destination: '8:9' } as const,
        { code: 'BADCHARSET', charsets: ['UTF-8', 'X Y'] } as const,
        { code: 'CAPABILITY', capabilities: ['IMAP4rev1', 'IDLE'] } as const,
        { code: 'MODIFIED', numbers: NumberSet.of([7, 9]) } as const,
        { code: 'PERMANENTFLAGS', flags: ['\\Seen', '\\*'] } as const,
        { code: 'UIDNEXT', value: 4392 } as const,
        'TRYCREATE' as const,
      ].map(formatCode),
    ).toEqual([
      'APPENDUID 7 3:4',
      'COPYUID 7 1:2 8:9',
      'BADCHARSET (UTF-8 "X Y")',
      'CAPABILITY IMAP4rev1 IDLE',
      'MODIFIED 7,9',
      'PERMANENTFLAGS (\\Seen \\*)',
      'UIDNEXT 4392',
      'TRYCREATE',
    ]);
  });
});

test('labels, flags, dates', () => {
  const fields: SectionText = { kind: 'header.fields', not: true, fields: ['From', 'X Y'] };
  expect(bodyLabel({ part: [1, 2], text: fields }, 0)).toBe('BODY[1.2.HEADER.FIELDS.NOT (From "X Y")]<0>');
  expect(bodyLabel({ part: [], text: { kind: 'all' } })).toBe('BODY[]');
  expect(binaryLabel([1, 2], 5)).toBe('BINARY[1.2]<5>');
  expect(flagList(['\\Seen', 'x'])).toBe('(\\Seen x)');
  expect(dateTime(0, 60)).toBe('" 1-Jan-1970 01:00:00 +0100"');
});

/** What a client would send if it wrote as the server does, read back. Literals go out as LITERAL+. */
async function readBack<T>(text: string, take: (cursor: CommandCursor) => T, utf8 = false): Promise<T> {
  const sent = Buffer.from(`a X ${text.replace(/^\{([0-9]+)\}/, '{$1+}')}\r\n`);
  const limits = { lineBytes: 65_536, bufferedLiteralBytes: 65_536, messageBytes: 0, discardBytes: 0 };
  const reader = new CommandReader(sourceOf([sent]), limits);
  const read = await reader.next({
    literalPolicy: () => ({ kind: 'buffer' }),
    continuation: async () => undefined,
  });
  if (read.kind !== 'command') throw new Error(read.kind);
  const { cursor } = openCommand(read.command, { utf8 });
  cursor.space('an argument');
  const value = take(cursor);
  cursor.end();
  return value;
}

const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom('"', '\\', '\r', '\n', ' ', '{', '}', '&', '%'), anyCharacter),
});

test('property: strings survive the way out and back', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, fc.boolean(), async (value, utf8) => {
      const expected = value.replaceAll('\0', '\ufffd');
      expect(await readBack(string(value, { utf8 }), (cursor) => cursor.string())).toBe(expected);
      expect(await readBack(astring(value, { utf8 }), (cursor) => cursor.astring())).toBe(expected);
      expect(await readBack(nstring(value, { utf8 }), (cursor) => cursor.nstring())).toBe(expected);
    }),
  );
});

test('property: mailbox names survive the way out and back', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, fc.boolean(), async (name, utf8) => {
      fc.pre(!name.includes('\0') && !/^inbox/i.test(name));
      expect(await readBack(mailbox(name, { utf8 }), (cursor) => cursor.mailbox(), utf8)).toBe(name);
    }),
  );
});

test('property: sections survive the way out and back', async () => {
  const part = fc.array(fc.integer({ min: 1, max: 4294967295 }), { maxLength: 5 });
  const fields = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  });
  const text: fc.Arbitrary<SectionText> = fc.oneof(
    fc.constantFrom<SectionText>({ kind: 'all' }, { kind: 'header' }, { kind: 'text' }),
    fc.record({ kind: fc.constant('header.fields' as const), not: fc.boolean(), fields }),
  );
  await fc.assert(
    fc.asyncProperty(fc.record({ part, text }), async (section: Section) => {
      expect(await readBack(`[${formatSection(section)}]`, parseSection)).toEqual(section);
    }),
  );
});

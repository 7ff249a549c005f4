import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { binaryDecoder, binarySection, isStored } from '../../../shared/message/binary.ts';
import { decodeHeaderText, decodeTransfer, searchText } from '../../../shared/message/decode.ts';
import type { PartOffsets } from '../../../shared/message/part-offsets.ts';
import { transferDecoder } from '../../../shared/message/transfer-encoding.ts';
import { chunked } from './mail.ts';

function decoded(encoding: string, chunks: readonly Uint8Array[]): Buffer {
  const decoder = transferDecoder(encoding);
  if (!decoder) throw new Error(`no decoder for ${encoding}`);
  return Buffer.concat([...chunks.map((chunk) => Buffer.from(decoder.write(chunk))), decoder.end()]);
}

const one = (encoding: string, text: string): string =>
  decoded(encoding, [Buffer.from(text, 'latin1')]).toString('latin1');

async function* stream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function searched(
  body: Uint8Array,
  encoding: string,
  charset: string | null,
  cuts: number[] = [],
): Promise<string> {
  let text = '';
  for await (const piece of searchText(stream(chunked(body, cuts)), encoding, charset)) text += piece;
  return text;
}

describe('header text', () => {
  test.each([
    [' plain\r\n text ', ' plain text '],
    [' =?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= x', ' Keld Jørn Simonsen x'],
    // RFC 2047 §8.
    [' (=?ISO-8859-1?Q?a?= b)', ' (a b)'],
    [' (=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', ' (ab)'],
    [' =?utf-8?B?w7w?= =?utf-8?Q?_?=', ' ü '],
    [' =?utf-8?B?8J+Y?= =?utf-8?B?gA==?=', ' 😀'],
    [' =?iso-2022-jp?B?GyRCJCIbKEI=?=', ' あ'],
    [' =?no-such-charset?Q?abc?=', ' abc'],
    [' =?utf-8?X?abc?=', ' =?utf-8?X?abc?='],
    [' a\0b', ' ab'],
  ])('%j', (raw, expected) => {
    expect(decodeHeaderText(Buffer.from(raw, 'latin1'))).toBe(expected);
  });

  test('raw 8-bit is UTF-8 if it can be, else Windows-1252', () => {
    expect(decodeHeaderText(Buffer.from('Grüße'))).toBe('Grüße');
    expect(decodeHeaderText(Buffer.from('Grüße', 'latin1'))).toBe('Grüße');
  });

  test('nothing makes it throw', () => {
    const nasty = fc.array(
      fc.constantFrom('=?', '?=', '?', 'Q', 'B', 'utf-8', '=', 'x', ' ', 'iso-2022-jp', '\xff', '*'),
    );
    fc.assert(
      fc.property(
        nasty,
        (parts) => typeof decodeHeaderText(Buffer.from(parts.join(''), 'latin1')) === 'string',
      ),
      {
        numRuns: 3000,
      },
    );
  });
});

describe('base64', () => {
  test('of anything, in lines, in any chunks', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(fc.nat()), (bytes, cuts) => {
        const lines = Buffer.from(bytes).toString('base64').replace(/.{8}/g, '$&\r\n');
        expect(decoded('base64', chunked(Buffer.from(lines), cuts))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([
    ['aGVsbG8', 'hello'],
    ['aGVsbG8=aGVsbG8=', 'hellohello'],
    ['aGVs!*bG8=\0', 'hello'],
    ['aGVsbG8==== ', 'hello'],
    ['a', ''],
    ['', ''],
    ['_-8=', '\xff\xef'],
  ])('%j', (encoded, expected) => {
    expect(one('base64', encoded)).toBe(expected);
  });
});

describe('quoted-printable', () => {
  test.each([
    ['a=3Db=20=', 'a=b '],
    ['a=\r\nb=\nc= \t\r\nd', 'abcd'],
    ['blanks \t \r\nat the end \n', 'blanks\r\nat the end\n'],
    ['a b\tc', 'a b\tc'],
    ['lower =c3=bc', 'lower \xc3\xbc'],
    ['=zz =4 =', '=zz =4 '],
    ['=3', '=3'],
    ['==3D', '=='],
    ['a\rb', 'a\rb'],
    ['=\rx', '=\rx'],
    ['= x', '= x'],
    ['end   ', 'end'],
  ])('%j', (encoded, expected) => {
    expect(one('quoted-printable', encoded)).toBe(expected);
  });

  test('chunks never matter, and nothing makes it throw', () => {
    const nasty = fc
      .array(fc.constantFrom('=', '3', 'D', 'f', ' ', '\t', '\r', '\n', 'x', '\xff', '=\r\n'))
      .map((parts) => Buffer.from(parts.join(''), 'latin1'));
    fc.assert(
      fc.property(nasty, fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
        expect(decoded('quoted-printable', chunked(bytes, cuts))).toEqual(
          decoded('quoted-printable', [bytes]),
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('endless blanks take no endless memory', () => {
    expect(one('quoted-printable', `${' '.repeat(5000)}x`)).toHaveLength(5001);
    expect(one('quoted-printable', `=${' '.repeat(5000)}x`)).toHaveLength(5002);
  });
});

describe('transfer encodings', () => {
  test('that change nothing', () => {
    for (const encoding of ['7bit', '8bit', 'binary'])
      expect(one(encoding, 'a=3D\0\xff\r\n')).toBe('a=3D\0\xff\r\n');
  });

  test('that are not known have no decoder, and SEARCH sees what is stored', async () => {
    expect(transferDecoder('x-uuencode')).toBeNull();
    const pieces: Uint8Array[] = [];
    for await (const piece of decodeTransfer(stream([Buffer.from('a=3D')]), null)) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('a=3D');
  });
});

describe('text for SEARCH', () => {
  test.each([
    ['utf-8', 'Grüße 😀', Buffer.from('Grüße 😀')],
    ['UTF8', 'Grüße', Buffer.from('Grüße')],
    [null, 'Grüße', Buffer.from('Grüße')],
    ['us-ascii', 'Grüße', Buffer.from('Grüße')],
    ['no-such-charset', 'Grüße', Buffer.from('Grüße')],
    ['latin1', 'Grüße', Buffer.from('Grüße', 'latin1')],
    ['windows-1252', '“€”', Buffer.from([0x93, 0x80, 0x94])],
    ['koi8-r', 'Привет', Buffer.from('f0d2c9d7c5d4', 'hex')],
    ['iso-2022-jp', 'あ', Buffer.from('1b244224221b2842', 'hex')],
    ['shift_jis', 'あ', Buffer.from('82a0', 'hex')],
    ['gb2312', '中', Buffer.from('d6d0', 'hex')],
    ['big5', '中', Buffer.from('a4a4', 'hex')],
  ])('in %s: %s', async (charset, expected, bytes) => {
    const cuts = Array.from(bytes, (_, index) => index);
    expect(await searched(bytes, '8bit', charset, cuts)).toBe(expected);
    expect(await searched(Buffer.from(bytes.toString('base64')), 'base64', charset, [1, 2, 3])).toBe(
      expected,
    );
  });
});

describe('sections for BINARY', () => {
  const section = (encoding: string, kind: PartOffsets['kind'], charset: string | null = null) =>
    binarySection({ kind, start: 0, bodyStart: 9, end: 20, encoding, charset, children: [] }, false).decoding;

  test('of text leave with CR LF, in any chunks; the size is that of what is sent', () => {
    const text = fc
      .array(fc.constantFrom('a', '\r', '\n', '\r\n', '=', '\0'))
      .map((all) => Buffer.from(all.join('')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        const decoder = binaryDecoder(section('8bit', 'text'));
        const pieces = chunked(bytes, cuts).map((chunk) => decoder?.write(chunk) ?? new Uint8Array(0));
        const expected = bytes.toString('latin1').replace(/\r?\n/g, '\r\n');
        expect(Buffer.concat(pieces).toString('latin1')).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('of other types, and of text whose line feeds are wider than a byte, are exact', () => {
    for (const decoding of [section('base64', 'basic'), section('base64', 'text', 'UTF-16LE')]) {
      expect(Buffer.from(binaryDecoder(decoding)?.write(Buffer.from('CgA=')) ?? []).toString('hex')).toBe(
        '0a00',
      );
    }
  });

  test('that need no decoding are known to', () => {
    expect(isStored(section('7bit', 'basic'))).toBe(true);
    expect(isStored(section('7bit', 'text'))).toBe(false);
    expect(isStored(section('base64', 'basic'))).toBe(false);
    expect(isStored(section('base64', 'multipart'))).toBe(true);
  });

  test('of an unknown encoding cannot be decoded', () => {
    expect(binaryDecoder(section('x-uuencode', 'basic'))).toBeNull();
  });
});

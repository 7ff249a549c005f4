import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bodyOf } from '../../../shared/message/body.ts';
import { anyMail } from './arbitrary-mail.ts';
import { checkBody, readImap } from './imap-reader.ts';
import { mail, summaryOf, text } from './mail.ts';

function structureOf(message: Uint8Array): string {
  const { bodyStructure, bodyStructureUtf8 } = summaryOf(message);
  checkBody(readImap(bodyStructure), { extended: true });
  checkBody(readImap(bodyOf(bodyStructure)), { extended: false });
  if (bodyStructureUtf8) {
    checkBody(readImap(bodyStructureUtf8, { utf8: true }), { extended: true, utf8: true });
    checkBody(readImap(bodyOf(bodyStructureUtf8), { utf8: true }), { extended: false, utf8: true });
    expect(Buffer.from(Buffer.from(bodyStructureUtf8).toString('utf8')).equals(bodyStructureUtf8)).toBe(true);
  }
  return text(bodyStructure);
}

/** As a connection sees it that reads UTF-8. */
function utf8StructureOf(message: Uint8Array): string {
  structureOf(message);
  const { bodyStructure, bodyStructureUtf8 } = summaryOf(message);
  return Buffer.from(bodyStructureUtf8 ?? bodyStructure).toString('utf8');
}

function bodyText(message: Uint8Array): string {
  return text(bodyOf(summaryOf(message).bodyStructure));
}

describe('BODYSTRUCTURE as RFC 3501 and RFC 9051 print it', () => {
  test('a simple text message of 48 lines and 2279 octets (RFC 9051 §7.5.2)', () => {
    const lines = Array.from({ length: 48 }, (_, index) => 'x'.repeat(index === 0 ? 2279 - 47 * 47 - 2 : 45));
    const message = mail('Content-Type: text/plain; charset=us-ascii', '', ...lines);
    expect(bodyText(message)).toBe('("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 2279 48)');
  });

  test('a two-part message of text and a base64 attachment (RFC 9051 §7.5.2)', () => {
    const first = Array.from({ length: 23 }, (_, index) => 'a'.repeat(index === 0 ? 1152 - 22 * 50 - 2 : 48));
    const second = Array.from({ length: 73 }, (_, index) =>
      'b'.repeat(index === 0 ? 4554 - 72 * 62 - 2 : 60),
    );
    const message = mail(
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="frontier"',
      '',
      'preamble',
      '--frontier',
      'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
      '',
      ...first,
      '',
      '--frontier',
      'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"',
      'Content-ID: <960723163407.20117h@cac.washington.edu>',
      'Content-Description: Compiler diff',
      'Content-Transfer-Encoding: BASE64',
      '',
      ...second,
      '',
      '--frontier--',
    );
    expect(bodyText(message)).toBe(
      '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)' +
        '("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") ' +
        '"<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")',
    );
  });
});

describe('every kind of part', () => {
  test('with all extension data', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Language: en',
      '',
      '--b',
      'Content-Type: image/PNG; name=x.png',
      'Content-Transfer-Encoding: base64',
      'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
      'Content-Disposition: attachment; filename="x y.png"; size=3',
      'Content-Language: de, fr-CA (comment)',
      'Content-Location: http://example.test/',
      ' x.png',
      '',
      'AAAA',
      '--b--',
    );
    expect(structureOf(message)).toBe(
      '(("IMAGE" "PNG" ("NAME" "x.png") NIL NIL "BASE64" 4 "Q2hlY2sgSW50ZWdyaXR5IQ==" ' +
        '("ATTACHMENT" ("FILENAME" "x y.png" "SIZE" "3")) ("de" "fr-CA") "http://example.test/x.png") ' +
        '"MIXED" ("BOUNDARY" "b") NIL "en" NIL)',
    );
    expect(bodyText(message)).toBe('(("IMAGE" "PNG" ("NAME" "x.png") NIL NIL "BASE64" 4) "MIXED")');
  });

  const inner = mail(
    'Subject: inner',
    'Content-Type: multipart/alternative; boundary=i',
    '',
    '--i',
    '',
    'hi',
    '--i--',
  );
  const messageOf = (subtype: string): Buffer =>
    Buffer.concat([mail(`Content-Type: message/${subtype}`, ''), inner]);
  const envelope = '(NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL)';
  const child = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2 0';
  const structure = (subtype: string): string =>
    `("MESSAGE" "${subtype}" NIL NIL NIL "7BIT" ${inner.length} ${envelope} ` +
    `(${child} NIL NIL NIL NIL) "ALTERNATIVE" ("BOUNDARY" "i") NIL NIL NIL) 7 NIL NIL NIL NIL)`;

  test('message/rfc822 has its envelope, its structure and its lines', () => {
    expect(structureOf(messageOf('rfc822'))).toBe(structure('RFC822'));
    expect(summaryOf(messageOf('rfc822')).bodyStructureUtf8).toBeUndefined();
    expect(bodyText(messageOf('rfc822'))).toBe(
      `("MESSAGE" "RFC822" NIL NIL NIL "7BIT" ${inner.length} ${envelope} (${child}) "ALTERNATIVE") 7)`,
    );
  });

  test('message/global is that to who reads UTF-8, and a type like any other to RFC 3501', () => {
    const message = messageOf('global');
    expect(utf8StructureOf(message)).toBe(structure('GLOBAL'));
    expect(structureOf(message)).toBe(
      `("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" ${inner.length} NIL NIL NIL NIL)`,
    );
    expect(bodyText(message)).toBe(`("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" ${inner.length})`);
  });

  test('an encoded message/global (RFC 6532 §3.7) is opaque', () => {
    const message = mail('Content-Type: message/global', 'Content-Transfer-Encoding: base64', '', 'eA==');
    expect(utf8StructureOf(message)).toBe(
      '("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BASE64" 6 NIL NIL NIL NIL)',
    );
  });

  test('other message types are as any other part', () => {
    expect(structureOf(mail('Content-Type: message/delivery-status', '', 'Action: failed'))).toBe(
      '("MESSAGE" "DELIVERY-STATUS" NIL NIL NIL "7BIT" 16 NIL NIL NIL NIL)',
    );
  });
});

describe('parameters', () => {
  const params = (field: string): string =>
    /^\("APPLICATION" "X" (.*) NIL NIL "7BIT" 0 NIL NIL NIL NIL\)$/.exec(
      structureOf(Buffer.from(`Content-Type: application/x${field}\r\n\r\n`)),
    )?.[1] ?? 'no match';

  test.each([
    ['', 'NIL'],
    ['; a=1;b = "2" ; c=(comment) 3', '("A" "1" "B" "2" "C" "3")'],
    ['; name="a \\"b\\" ; c"', '("NAME" "a \\"b\\" ; c")'],
    ['; name=with blanks.txt', '("NAME" "with blanks.txt")'],
    ['; name="never closed', '("NAME" "never closed")'],
    ['; name=a; name=b', '("NAME" "a")'],
    ['; name=', '("NAME" "")'],
    [';;; ; a=1;', '("A" "1")'],
    [' a=1', '("A" "1")'],
    // RFC 2231 §3, §4 and §4.1.
    ['; URL*0="ftp://";\r\n URL*1="cs.utk.edu/x"', '("URL" "ftp://cs.utk.edu/x")'],
    ['; URL*1=b; URL*0=a; URL*2=c', '("URL" "abc")'],
    [
      "; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      `("TITLE*" "utf-8'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A")`,
    ],
    [
      `; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
      `("TITLE*" "utf-8'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!")`,
    ],
    ["; name*=iso-8859-1''na%EFve.txt", `("NAME*" "utf-8''na%C3%AFve.txt")`],
    ["; name=plain; name*=utf-8''%C3%A4", `("NAME" "plain" "NAME*" "utf-8''%C3%A4")`],
    ['; name="naïve.txt"', `("NAME*" "utf-8''na%C3%AFve.txt")`],
    ["; name*=utf-8''%zz%0d%0a%00x", `("NAME*" "utf-8''%25zzx")`],
    // What cannot be told in UTF-8 is told as it came.
    ["; name*=x-odd'en'%E4b", `("NAME*" "x-odd'en'%E4b")`],
    ["; name*=utf-8''%C3", `("NAME*" "utf-8''%C3")`],
    ["; name*=''plain", `("NAME*" "''plain")`],
    // Segments that do not count from 0 are no continuation.
    ['; URL*1=b; URL*2=c', '("URL*1" "b" "URL*2" "c")'],
    ["; URL*0*=utf-8''a; URL*2=c", `("URL*0*" "utf-8''a" "URL*2" "c")`],
    ['; name*=no-charset', '("NAME" "no-charset")'],
    ['; name="=?utf-8?Q?=C3=A4?="', '("NAME" "=?utf-8?Q?=C3=A4?=")'],
  ])('%s', (field, expected) => {
    expect(params(field)).toBe(expected);
  });

  test('are UTF-8 to who reads it', () => {
    const message = mail(
      'Content-Type: text/plain; charset=utf-8; name="naïve.txt"; title*=iso-8859-1\'\'%EF',
      'Content-Description: Übersicht',
      '',
    );
    const utf8 = Buffer.from(message.toString('latin1'), 'utf8');
    expect(utf8StructureOf(utf8)).toBe(
      `("TEXT" "PLAIN" ("CHARSET" "utf-8" "NAME" "naïve.txt" "TITLE*" "utf-8''%C3%AF") NIL "Übersicht" "7BIT" 0 0 NIL NIL NIL NIL)`,
    );
  });

  test('text without a charset is US-ASCII, with one it is that', () => {
    expect(structureOf(mail('Content-Type: text/html; name=x', ''))).toContain(
      '("NAME" "x" "CHARSET" "US-ASCII")',
    );
    expect(structureOf(mail("Content-Type: text/html; charset*=us-ascii''utf-8", ''))).not.toContain(
      'US-ASCII',
    );
    expect(structureOf(mail('Content-Type: text/html; Charset=utf-8', ''))).toContain('("CHARSET" "utf-8")');
  });
});

describe('fields that are broken', () => {
  test.each([
    ['Content-Type: text', '"TEXT" "PLAIN"'],
    ['Content-Type:', '"TEXT" "PLAIN"'],
    ['Content-Type: image', '"TEXT" "PLAIN"'],
    ['Content-Type: /png', '"TEXT" "PLAIN"'],
    ['Content-Type: (c) image (c) / (c) png', '"IMAGE" "PNG"'],
    ['Content-Type : image/png', '"IMAGE" "PNG"'],
    ['Content-Transfer-Encoding: (c) "base64" x', '"BASE64"'],
    ['Content-Transfer-Encoding:', '"7BIT"'],
    ['Content-Transfer-Encoding: x-uue', '"X-UUE"'],
    ['Content-Disposition: ; filename=x', '("ATTACHMENT" ("FILENAME" "x"))'],
    ['Content-Disposition:', 'NIL NIL NIL NIL)'],
    ['Content-Language: ,,(', 'NIL NIL NIL NIL)'],
    ['Content-Description: \u00fc', '"=?utf-8?B?w7w=?="'],
    ['Content-ID: <a"b\\c>', '"<a\\"b\\\\c>"'],
  ])('%s', (field, expected) => {
    expect(structureOf(mail(field, ''))).toContain(expected);
  });
});

test.each([
  ['name*=a.txt; name=b.txt', '("NAME" "a.txt")'],
  ['name*0=a; name*=b; name*1=.txt', '("NAME" "a.txt")'],
  ["name=\xe9; name*=utf-8''b", `("NAME*" "utf-8''b")`],
  ["name*=utf-8''b; name=\xe9", `("NAME*" "utf-8''b")`],
  ["name=b; name*=utf-8''%C3%A9", `("NAME" "b" "NAME*" "utf-8''%C3%A9")`],
])('no parameter is told twice: %j', (params, told) => {
  expect(structureOf(mail(`Content-Type: image/png; ${params}`, '', ''))).toContain(
    `"IMAGE" "PNG" ${told} NIL`,
  );
});

test('what is nested too deep is opaque, and the whole still well-formed', () => {
  const messages = Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(150));
  expect(structureOf(messages)).toContain('"APPLICATION" "OCTET-STREAM" NIL');
  const multiparts = Array.from({ length: 150 }, (_, at) => [
    `Content-Type: multipart/x; boundary=b${at}`,
    '',
    `--b${at}`,
  ]);
  expect(structureOf(mail(...multiparts.flat()))).toContain('"APPLICATION" "OCTET-STREAM" NIL');
});

test('10,000 parts give one well-formed structure', () => {
  const parts = Array.from({ length: 12_000 }, () => '--b\r\n\r\nx');
  expect(structureOf(mail('Content-Type: multipart/mixed; boundary=b', '', ...parts)).length).toBeLessThan(
    1_000_000,
  );
});

test('whatever the message, BODYSTRUCTURE and BODY are well-formed', () => {
  fc.assert(
    fc.property(anyMail(), (message) => {
      structureOf(message);
    }),
    { numRuns: 2000 },
  );
});

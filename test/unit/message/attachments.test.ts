import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attachmentKeywords } from '../../../shared/message/attachments.ts';
import { anyMail } from './arbitrary-mail.ts';
import { mail, scan } from './mail.ts';

/** A part by its header. */
type PartOfMail = readonly string[];

const TEXT: PartOfMail = ['Content-Type: text/plain'];
const HTML: PartOfMail = ['Content-Type: text/html'];
const PDF: PartOfMail = ['Content-Type: application/pdf; name=invoice.pdf'];
const PHOTO: PartOfMail = ['Content-Type: image/jpeg', 'Content-ID: <photo@example.test>'];

let boundaries = 0;

/** A multipart as the lines of an entity. */
function multipart(subtype: string, ...parts: readonly PartOfMail[]): string[] {
  const boundary = `b${++boundaries}`;
  return [
    `Content-Type: multipart/${subtype}; boundary=${boundary}`,
    '',
    ...parts.flatMap((part) => [`--${boundary}`, ...part, ...(part.includes('') ? [] : ['', 'x'])]),
    `--${boundary}--`,
  ];
}

function keywordsOf(...lines: readonly string[]): readonly string[] {
  return attachmentKeywords(scan(mail(...lines, ...(lines.includes('') ? [] : ['', 'x']))).root);
}

const HAS = ['$hasattachment'];
const HAS_NONE = ['$hasnoattachment'];

describe('$hasattachment (RFC 9979 section 4, RFC 8621 section 4.1.4)', () => {
  test.each<readonly [string, readonly string[]]>([
    ['a file beside a text', multipart('mixed', TEXT, PDF)],
    ['a file deep within', multipart('mixed', multipart('alternative', TEXT, multipart('mixed', HTML, PDF)))],
    ['a message that is nothing but a file', PDF],
    ['a text that is called an attachment', [...TEXT, 'Content-Disposition: attachment; filename=a.txt']],
    ['a disposition that nobody knows', [...TEXT, 'Content-Disposition: x-unknown']],
    [
      'a text with a name behind the first',
      multipart('mixed', TEXT, ['Content-Type: text/plain; name=a.txt']),
    ],
    ['a text of another type', multipart('mixed', TEXT, ['Content-Type: text/csv'])],
    ['a message that is forwarded', multipart('mixed', TEXT, ['Content-Type: message/rfc822'])],
    ['a message in a digest', multipart('digest', [])],
    ['a file in a page that does not name it', multipart('related', HTML, PDF)],
    ['a file in a signed message', multipart('signed', multipart('mixed', TEXT, PDF), PDF)],
    [
      'a named file among alternatives',
      multipart('alternative', TEXT, ['Content-Type: text/calendar; name=i.ics']),
    ],
  ])('%s', (_, lines) => {
    expect(keywordsOf(...lines)).toEqual(HAS);
  });
});

describe('$hasnoattachment', () => {
  test.each<readonly [string, readonly string[]]>([
    ['nothing but a header', []],
    ['a text', TEXT],
    ['a text with a name, and nothing before it', ['Content-Type: text/plain; name=a.txt']],
    ['a text and a page', multipart('alternative', TEXT, HTML)],
    ['a list and its footer', multipart('mixed', TEXT, TEXT)],
    ['a file to be shown', multipart('mixed', TEXT, [...PDF, 'Content-Disposition: inline'])],
    ['a photo that is shown in its place', multipart('mixed', TEXT, PHOTO)],
    ['a page and its pictures', multipart('related', HTML, PHOTO)],
    [
      'a page and a style sheet by its address',
      multipart('related', HTML, ['Content-Type: text/css', 'Content-Location: a.css']),
    ],
    [
      'a signed text',
      multipart('signed', TEXT, [
        'Content-Type: application/pgp-signature; name=s.asc',
        'Content-Disposition: attachment',
      ]),
    ],
    ['an invitation', multipart('alternative', TEXT, ['Content-Type: text/calendar; method=REQUEST'])],
  ])('%s', (_, lines) => {
    expect(keywordsOf(...lines)).toEqual(HAS_NONE);
  });
});

test('neither, where a part can be read with a key only', () => {
  const encrypted = multipart(
    'encrypted',
    ['Content-Type: application/pgp-encrypted'],
    ['Content-Type: application/octet-stream'],
  );
  expect(keywordsOf(...encrypted)).toEqual([]);
  expect(keywordsOf(...multipart('mixed', TEXT, encrypted))).toEqual([]);
  expect(keywordsOf('Content-Type: application/pkcs7-mime; smime-type=enveloped-data')).toEqual([]);
  expect(keywordsOf('Content-Type: application/x-pkcs7-mime')).toEqual([]);
});

test('property: never both, whatever the mail', () => {
  fc.assert(
    fc.property(anyMail(), (bytes) => {
      const { root } = scan(bytes);
      expect([[], HAS, HAS_NONE]).toContainEqual(attachmentKeywords(root));
    }),
    { numRuns: 300 },
  );
});

import { describe, expect, test } from '@jest/globals';
import { bodyOf } from '../../../shared/message/body.ts';
import { checkBody, readImap } from './imap-reader.ts';
import { mail, summaryOf, text } from './mail.ts';

function structureOf(message: Uint8Array): string {
  const { bodyStructure } = summaryOf(message);
  checkBody(readImap(bodyStructure), true);
  checkBody(readImap(bodyOf(bodyStructure)), false);
  return text(bodyStructure);
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

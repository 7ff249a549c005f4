import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeListPattern,
  decodeMailboxName,
  decodeModifiedUtf7,
  encodeMailboxName,
  encodeModifiedUtf7,
} from '../../../../gateway/imap/wire/mailbox-name.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';
import { anyCharacter } from '../../../support/any-character.ts';

const REV1 = { utf8: false };
const UTF8 = { utf8: true };

describe('modified UTF-7', () => {
  test.each([
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['R&D', 'R&-D'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['😀', '&2D3eAA-'],
    ['', ''],
  ])('%s is %s', (name, encoded) => {
    expect(encodeModifiedUtf7(name)).toBe(encoded);
    expect(decodeModifiedUtf7(encoded)).toBe(name);
  });

  test.each([
    ['R&D', 'an "&" itself is written "&-"'],
    ['&AOk', 'that "-" must end'],
    ['&A-', 'not whole UTF-16'],
    ['&AOl-x&AO-', 'not whole UTF-16'],
    ['&AOn-', 'not whole UTF-16'],
    ['&2D0-', 'half a surrogate pair'],
    ['&AGE-', 'printable ASCII must not be encoded'],
    ['é', 'only printable ASCII'],
    ['a\tb', 'only printable ASCII'],
  ])('%p is refused: %s', (encoded, why) => {
    expect(() => decodeModifiedUtf7(encoded)).toThrow(ImapSyntaxError);
    expect(() => decodeModifiedUtf7(encoded)).toThrow(why);
  });

  test('property: every name survives the way out and back, as printable ASCII', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.constantFrom('&', '-', '/', ',', '+'), anyCharacter),
        }),
        (name) => {
          const encoded = encodeModifiedUtf7(name);
          expect(encoded).toMatch(/^[\x20-\x7e]*$/);
          expect(decodeModifiedUtf7(encoded)).toBe(name);
        },
      ),
    );
  });

  test('property: what decodes has one spelling', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('&', '-', 'A', 'G', 'E', 'D', '2', 'x', ',') }),
        (text) => {
          let name: string;
          try {
            name = decodeModifiedUtf7(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ImapSyntaxError);
            return;
          }
          // Runs that follow one another directly could have been one; that alone is let pass.
          expect(encodeModifiedUtf7(name)).toBe(
            text.replaceAll(/(&[A-Za-z0-9+,]+-)(?:&[A-Za-z0-9+,]+-)+/g, (run) =>
              encodeModifiedUtf7(decodeModifiedUtf7(run)),
            ),
          );
        },
      ),
    );
  });
});

describe('names', () => {
  test('INBOX in any case, alone and as the first level', () => {
    expect(['inbox', 'iNbOx/Sub', 'Inboxes', 'x/inbox'].map((name) => decodeMailboxName(name, REV1))).toEqual(
      ['INBOX', 'INBOX/Sub', 'Inboxes', 'x/inbox'],
    );
  });

  test('Thunderbird sends a raw & under UTF8=ACCEPT: it is an &', () => {
    expect(decodeMailboxName('R&D &AOk-', UTF8)).toBe('R&D &AOk-');
    expect(decodeMailboxName('Entwürfe', UTF8)).toBe('Entwürfe');
    expect(encodeMailboxName('Entwürfe & mehr', UTF8)).toBe('Entwürfe & mehr');
    expect(encodeMailboxName('Entwürfe & mehr', REV1)).toBe('Entw&APw-rfe &- mehr');
  });

  test('a pattern keeps its wildcards, and inbox as it was sent', () => {
    expect(decodeListPattern('inbox/&AOk-%*', REV1)).toBe('inbox/é%*');
    expect(decodeListPattern('inbox/&AO%', REV1)).toBeUndefined();
  });
});

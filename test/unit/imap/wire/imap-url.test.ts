import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ImapUrlError, parseMessageUrl } from '../../../../gateway/imap/wire/imap-url.ts';

const WHOLE = { part: [], text: { kind: 'all' } };

describe('URLs of messages (RFC 5092), as CATENATE takes them', () => {
  test.each([
    [
      '/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER',
      { mailbox: 'Drafts', uidValidity: 385759045, uid: 20 },
    ],
    ['/Drafts/;UID=3002', { mailbox: 'Drafts', uidValidity: undefined, uid: 3002, section: WHOLE }],
    ['/INBOX/;uid=1/;SECTION=1.5.9', { section: { part: [1, 5, 9], text: { kind: 'all' } } }],
    ['/INBOX/;UID=1/;SECTION=2.MIME/;PARTIAL=10.20', { partial: { offset: 10, length: 20 } }],
    ['/INBOX/;UID=1/;PARTIAL=7', { section: WHOLE, partial: { offset: 7, length: undefined } }],
    ['/Entw%C3%BCrfe/a%3Bb%25/;UID=9', { mailbox: 'Entwürfe/a;b%', uid: 9 }],
    [
      '/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(To%20Cc)',
      { section: { part: [], text: { kind: 'header.fields', not: false, fields: ['To', 'Cc'] } } },
    ],
    // Relative to the selected mailbox, which is Work/Old.
    [';UID=4/;SECTION=TEXT', { mailbox: 'Work/Old', uid: 4 }],
    ['New/;UID=4', { mailbox: 'Work/New' }],
    ['../Sent/;UID=4', { mailbox: 'Sent' }],
    ['./;UID=4', { mailbox: 'Work' }],
  ])('%s', (url, expected) => {
    expect(parseMessageUrl(url, 'Work/Old')).toMatchObject(expected);
  });

  test.each([
    ['imap://alice@example.test/INBOX/;UID=1', 'scheme'],
    ['//example.test/INBOX/;UID=1', 'scheme'],
    ['/INBOX', 'it is not'],
    ['/INBOX;UID=1', 'it is not'],
    ['/INBOX/;UID=', 'it is not'],
    ['/INBOX/;UID=1/;SECTION=', 'it is not'],
    ['/INBOX/;UID=1/;URLAUTH=anonymous:internal:abc', 'URLAUTH'],
    ['/INBOX?SUBJECT%20x', 'search'],
    ['/;UID=1', 'names no mailbox'],
    ['/INBOX/;UID=0', 'UID is between'],
    ['/INBOX/;UID=4294967296', 'UID is between'],
    ['/INBOX/;UID=1/;PARTIAL=0.0', 'PARTIAL is between'],
    ['/INBOX/;UID=1/;SECTION=MIME', 'section'],
    ['/INBOX/;UID=1/;SECTION=1]', 'section'],
    ['/%FF/;UID=1', 'UTF-8'],
    ['/a b/;UID=1', 'printable'],
  ])('%s is refused', (url, why) => {
    expect(() => parseMessageUrl(url, 'INBOX')).toThrow(ImapUrlError);
    expect(() => parseMessageUrl(url, 'INBOX')).toThrow(why);
  });

  test('nothing selected: nothing to be relative to', () => {
    expect(() => parseMessageUrl(';UID=1', undefined)).toThrow('none is selected');
    expect(parseMessageUrl('Sent/;UID=1', undefined)).toMatchObject({ mailbox: 'Sent' });
  });

  test('property: whatever is sent is a message or is refused', () => {
    const piece = fc.constantFrom(
      '/',
      ';',
      'UID=',
      '1',
      'SECTION=',
      'PARTIAL=',
      'TEXT',
      '%',
      'C3',
      'a',
      '..',
      ']',
      '.',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        try {
          expect(parseMessageUrl(pieces.join(''), 'a/b').mailbox).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(ImapUrlError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

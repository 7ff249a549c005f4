import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDate } from '../../../shared/message/date.ts';

/** ISO time and zone minutes. */
function read(text: string): string | null {
  const sent = parseDate(text);
  return sent && `${new Date(sent.at).toISOString().replace('.000Z', 'Z')} ${sent.zone}`;
}

describe('dates', () => {
  test.each([
    // RFC 5322, appendix A and §4.3.
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z -360'],
    ['Tue, 1 Jul 2003 10:52:37 +0200', '2003-07-01T08:52:37Z 120'],
    ['Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)', '1969-02-14T03:02:00Z -210'],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z 0'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06Z -360'],
    ['Wed, 17 Jul 1996 02:23:25 -0700 (PDT)', '1996-07-17T09:23:25Z -420'],
    ['1 Jan 49 00:00 EST', '2049-01-01T05:00:00Z -300'],
    ['1 Jan 50 00:00 PDT', '1950-01-01T07:00:00Z -420'],
    ['1 Jan 103 00:00 Z', '2003-01-01T00:00:00Z 0'],
    ['Sun, 22 Nov 2026 14:05:06 A', '2026-11-22T14:05:06Z 0'],
    // As real mail has them.
    ['Sun Nov 22 14:05:06 2026', '2026-11-22T14:05:06Z 0'],
    ['Sun Nov 22 14:05:06 CET 2026', '2026-11-22T13:05:06Z 60'],
    ['2026-11-22T14:05:06Z', '2026-11-22T14:05:06Z 0'],
    ['2026-11-22 14:05:06.123 +01:00', '2026-11-22T13:05:06Z 60'],
    ['22-Nov-2026 14:05:06 +0100', '2026-11-22T13:05:06Z 60'],
    ['Sunday, November 22, 2026 2:05 PM', '2026-11-22T14:05:00Z 0'],
    ['22 November 2026', '2026-11-22T00:00:00Z 0'],
    ['Sat, 31 Dec 2016 23:59:60 +0000', '2016-12-31T23:59:59Z 0'],
    ['1 Jan 2026 00:00 +9999', '2026-01-01T00:00:00Z 0'],
    ['29 Feb 2024 12:00 +0000', '2024-02-29T12:00:00Z 0'],
    // RFC 5256 section 2.2: a time that is none is midnight.
    ['1 Jan 2026 25:00', '2026-01-01T00:00:00Z 0'],
    ['1 Jan 2026 12:61 -0500', '2026-01-01T05:00:00Z -300'],
    ['1 Jan 2026 24:00:00 +9999', '2026-01-01T00:00:00Z 0'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    '',
    'yesterday',
    '29 Feb 2026 12:00',
    '32 Jan 2026',
    '1 Foo 2026',
    '(1 Jan 2026)',
    `${' '.repeat(300)}1 Jan 2026`,
  ])('%s is none', (text) => {
    expect(read(text)).toBeNull();
  });

  test('what is written as RFC 5322 says is read back', () => {
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    const min = new Date(0);
    const instant = fc.date({ min, max: new Date('2400-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, zone) => {
        const local = new Date(Math.floor(date.getTime() / 1000) * 1000 + zone * 60_000);
        const two = (value: number): string => `${value}`.padStart(2, '0');
        const sign = zone < 0 ? '-' : '+';
        const minutes = Math.abs(zone);
        const day = `${local.getUTCDate()} ${months[local.getUTCMonth()] ?? ''} ${local.getUTCFullYear()}`;
        const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
        const text = `${day} ${time} ${sign}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
        expect(parseDate(text)).toEqual({ at: Math.floor(date.getTime() / 1000) * 1000, zone });
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'019:+- JanZ,().T'.split(/(?:)/u)) }), (text) => {
        const sent = parseDate(text);
        if (sent) expect(Number.isFinite(sent.at)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

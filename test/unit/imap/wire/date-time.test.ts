import { test, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  dayNumber,
  formatDateTime,
  parseCalendarDate,
  parseDateTime,
} from '../../../../gateway/imap/wire/date-time.ts';

test.each([
  ['17-Jul-1996 02:44:25 -0700', '1996-07-17T09:44:25.000Z', -420],
  [' 1-Feb-2024 00:00:00 +0530', '2024-01-31T18:30:00.000Z', 330],
  ['1-feb-2024 00:00:00 +0000', '2024-02-01T00:00:00.000Z', 0],
  ['29-Feb-2024 23:59:60 +0000', '2024-03-01T00:00:00.000Z', 0],
])('%p', (text, iso, offsetMinutes) => {
  expect(parseDateTime(text)).toEqual({ time: Date.parse(iso), offsetMinutes });
});

test.each([
  '30-Feb-2024 00:00:00 +0000',
  '1-Foo-2024 00:00:00 +0000',
  '01-Feb-2024 24:00:00 +0000',
  '1-Feb-24',
  '',
  '00-Jan-2024 00:00:00 +0000',
])('%p is no moment', (text) => {
  expect(parseDateTime(text)).toBeUndefined();
});

test('days', () => {
  expect(parseCalendarDate('1-Feb-0099')).toEqual({ year: 99, month: 2, day: 1 });
  expect([parseCalendarDate('31-Apr-2024'), parseCalendarDate('0-Jan-2024'), parseCalendarDate('x')]).toEqual(
    [undefined, undefined, undefined],
  );
  expect(dayNumber({ year: 1970, month: 1, day: 2 })).toBe(1);
});

test('property: moments survive the way out and back', () => {
  const seconds = fc.integer({ min: -60_000_000_000, max: 250_000_000_000 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: -23 * 60, max: 23 * 60 }), (second, offsetMinutes) => {
      const text = formatDateTime(second * 1000, offsetMinutes);
      expect(text).toHaveLength(26);
      expect(parseDateTime(text)).toEqual({ time: second * 1000, offsetMinutes });
    }),
  );
});

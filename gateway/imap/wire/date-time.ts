/** Dates of RFC 9051 §9: `date`, `date-time`. Pure text in and out; the caller owns the clock. */

/** A calendar day without time or zone, as SEARCH compares them (RFC 9051 §6.4.4). */
export interface CalendarDate {
  readonly year: number;
  /** 1 … 12. */
  readonly month: number;
  /** 1 … 31. */
  readonly day: number;
}

/** A moment with the zone that it was written in. */
export interface ZonedMoment {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Minutes east of UTC, as written. */
  readonly offsetMinutes: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `1-Feb-2024` (one or two digits for the day); undefined if it is no such day. */
export function parseCalendarDate(text: string): CalendarDate | undefined {
  const match = /^([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})$/.exec(text);
  return match === null ? undefined : calendarDate(match[1], match[2], match[3]);
}

/** ` 1-Feb-2024 12:34:56 +0100` (without its quotes); undefined if it is no such moment. */
export function parseDateTime(text: string): ZonedMoment | undefined {
  const match =
    // The grammar wants a day of two places; a lone digit is what several clients send.
    /^ ?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})$/.exec(
      text,
    );
  if (match === null) return undefined;
  const date = calendarDate(match[1], match[2], match[3]);
  const [hour, minute, second, zoneHour, zoneMinute] = [match[4], match[5], match[6], match[8], match[9]].map(
    Number,
  );
  if (date === undefined || hour === undefined || minute === undefined || second === undefined)
    return undefined;
  if (zoneHour === undefined || zoneMinute === undefined) return undefined;
  // A leap second (:60) is taken as the first second of the next minute.
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const offsetMinutes = (match[7] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute);
  const local = utcMilliseconds(date) + ((hour * 60 + minute) * 60 + second) * 1000;
  return { time: local - offsetMinutes * 60_000, offsetMinutes: offsetMinutes === 0 ? 0 : offsetMinutes };
}

/** ` 1-Feb-2024 12:34:56 +0100`, without quotes, in the zone `offsetMinutes` east of UTC. Years 0 … 9999. */
export function formatDateTime(time: number, offsetMinutes = 0): string {
  const local = new Date(time + offsetMinutes * 60_000);
  const zone = Math.abs(offsetMinutes);
  const day = String(local.getUTCDate()).padStart(2, ' ');
  const month = MONTHS[local.getUTCMonth()] ?? 'Jan';
  const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(twoDigits).join(':');
  const sign = offsetMinutes < 0 ? '-' : '+';
  const year = String(local.getUTCFullYear()).padStart(4, '0');
  return `${day}-${month}-${year} ${clock} ${sign}${twoDigits(Math.floor(zone / 60))}${twoDigits(zone % 60)}`;
}

/** Days since the epoch of a calendar day: what SEARCH compares. */
export function dayNumber(date: CalendarDate): number {
  return utcMilliseconds(date) / 86_400_000;
}

function calendarDate(day?: string, month?: string, year?: string): CalendarDate | undefined {
  const name = (month ?? '').toLowerCase();
  const monthNumber = MONTHS.findIndex((candidate) => candidate.toLowerCase() === name) + 1;
  const date = { year: Number(year), month: monthNumber, day: Number(day) };
  if (monthNumber === 0) return undefined;
  const real = new Date(utcMilliseconds(date));
  // 31-Feb would roll over into March.
  return real.getUTCDate() === date.day && date.day > 0 ? date : undefined;
}

function utcMilliseconds(date: CalendarDate): number {
  // Date.UTC takes years below 100 as 19xx.
  const moment = new Date(0);
  moment.setUTCFullYear(date.year, date.month - 1, date.day);
  return moment.getTime();
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

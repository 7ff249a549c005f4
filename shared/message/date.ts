/** A point in time as a header wrote it. */
export interface SentDate {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Minutes east of UTC of the zone it was written in. */
  readonly zone: number;
}

/** A date is a short text; what is longer is not read for one. */
const MAX_DATE = 256;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(${MONTHS.join('|')})[a-z]*`;

/** RFC 5322 §4.3; the one-letter zones were misdefined and mean nothing. */
const ZONES: Readonly<Record<string, number>> = {
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
  cet: 60,
  mez: 60,
  cest: 120,
  mesz: 120,
};

const DATE = new RegExp(`(?:^|[^\\d])(\\d{1,2})[\\s-]+${MONTH}\\.?[\\s-]+(\\d{2,4})(?!\\d)`, 'i');
/** `Sun Nov 22 14:05:06 2026`, as asctime writes it, perhaps with a zone before the year. */
const ASCTIME = new RegExp(
  `${MONTH}\\s+(\\d{1,2}),?\\s+(?:\\d{1,2}:\\d{2}(?::\\d{2})?\\s+(?:[a-z]{3,4}\\s+)?)?(\\d{4})(?!\\d)`,
  'i',
);
const ISO = /^(\d{4})-(\d{2})-(\d{2})/;
const TIME = /(\d{1,2})\s*:\s*(\d{1,2})(?:\s*:\s*(\d{1,2})(?:\.\d+)?)?\s*(am|pm)?/i;
const OFFSET = /(?:^|[\s\d])([+-])(\d{2}):?(\d{2})(?!\d)/;

/**
 * Reads a Date field (RFC 5322 §3.3 and its obsolete forms §4.3; also asctime and ISO 8601, which mail has as well).
 * A time or zone that is missing, or is none, is midnight and UTC (RFC 5256 §2.2). Null if there is no date in it, or none
 * that the calendar has.
 */
export function parseDate(text: string): SentDate | null {
  const clean = withoutComments(text.slice(0, MAX_DATE)).trim();
  const day = calendarDay(clean);
  if (day === null) return null;
  const time = TIME.exec(clean);
  const clock = time ? clockSeconds(time) : 0;
  const zone = zoneOf(time ? clean.slice(time.index + time[0].length) : '');
  return { at: day + clock * 1000 - zone * 60_000, zone };
}

/** Milliseconds at the start of the day, in UTC. */
function calendarDay(text: string): number | null {
  const iso = ISO.exec(text);
  if (iso) return utcDay(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
  const plain = DATE.exec(text);
  if (plain) return utcDay(fullYear(plain[3] ?? ''), monthIndex(plain[2] ?? ''), Number(plain[1]));
  const asctime = ASCTIME.exec(text);
  return asctime ? utcDay(Number(asctime[3]), monthIndex(asctime[1] ?? ''), Number(asctime[2])) : null;
}

function utcDay(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() : null;
}

/** Two digits below 50 are of this century, other two and three count from 1900 (RFC 5322 §4.3). */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length >= 4) return year;
  return digits.length === 2 && year < 50 ? 2000 + year : 1900 + year;
}

function monthIndex(name: string): number {
  return MONTHS.indexOf(name.toLowerCase());
}

/** Seconds since midnight; 0 if no clock shows that. A leap second counts as the one before. */
function clockSeconds(time: RegExpExecArray): number {
  const [, h, m, s, half] = time;
  const hour = half ? (Number(h) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0) : Number(h);
  const minute = Number(m);
  const second = Number(s ?? 0);
  if (hour > 23 || minute > 59 || second > 60) return 0;
  return hour * 3600 + minute * 60 + Math.min(second, 59);
}

function zoneOf(text: string): number {
  const offset = OFFSET.exec(text);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    // A zone that no place on earth can have is a mistake for none.
    return minutes >= 24 * 60 ? 0 : minutes * (offset[1] === '-' ? -1 : 1) || 0;
  }
  const name = /[a-z]+/i.exec(text)?.[0].toLowerCase() ?? '';
  return ZONES[name] ?? 0;
}

function withoutComments(text: string): string {
  let out = '';
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    else if (char === ')' && depth > 0) depth--;
    else if (depth === 0) out += char;
  }
  return out;
}

/** PARTIAL's window into a list (RFC 5267 §4.4, RFC 9394 §3.1): its grammar, and what it cuts out. */
import type { ResultRange } from './ast.ts';
import type { CommandCursor } from './parser.ts';

/** `1:500`, or `-1:-100`. Either end may come first; both must count from the same side. */
export function parseResultRange(cursor: CommandCursor): ResultRange {
  const what = 'a range of results such as 1:100';
  const fromEnd = cursor.accept('-');
  if (fromEnd) cursor.needs('PARTIAL', 'a range that counts from the last result');
  const sign = fromEnd ? '-' : '';
  const first = cursor.nzNumber(what);
  cursor.expect(`:${sign}`, `":${sign}" and the other end of a range of results`);
  const last = cursor.nzNumber(what);
  return {
    text: `${sign}${first}:${sign}${last}`,
    low: Math.min(first, last),
    high: Math.max(first, last),
    fromEnd,
  };
}

/** Where the window begins and ends (excluded) in a list of `count`, from 0. Empty beyond the list. */
export function placesOf({ low, high, fromEnd }: ResultRange, count: number): { start: number; end: number } {
  const [first, last] = [Math.min(low - 1, count), Math.min(high, count)];
  return fromEnd ? { start: count - last, end: count - first } : { start: first, end: last };
}

import type { ByteRange, ByteSuffix } from './blob-store.ts';

/** Longest key that S3 takes, in bytes of UTF-8. */
const LONGEST_KEY = 1024;
/** Longest name of a file on the file systems that we run on, in bytes. */
const LONGEST_SEGMENT = 255;

/**
 * Throws unless `key` can be stored everywhere alike: segments joined by `/`, none empty, none beginning with a dot
 * (so neither `.` nor `..`, nor the temporary files of the folder store), no control characters, no backslash.
 */
export function checkBlobKey(key: string): void {
  const wrong = complaint(key);
  if (wrong !== undefined)
    throw new RangeError(`invalid blob key ${JSON.stringify(key.slice(0, 200))}: ${wrong}`);
}

function complaint(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it is not well-formed Unicode';
  if (Buffer.byteLength(key) > LONGEST_KEY) return `it is longer than ${LONGEST_KEY} bytes`;
  if (/[\x00-\x1f\x7f\\]/.test(key)) return 'it holds a control character or a backslash';
  for (const segment of key.split('/')) {
    if (segment === '') return 'it begins or ends with "/" or holds "//"';
    if (segment.startsWith('.')) return 'one of its segments begins with a dot';
    if (Buffer.byteLength(segment) > LONGEST_SEGMENT)
      return `a segment is longer than ${LONGEST_SEGMENT} bytes`;
  }
  return undefined;
}

/** Throws unless the range is of whole bytes, in order. */
export function checkByteRange(range: ByteRange | ByteSuffix): void {
  if ('last' in range) {
    if (!Number.isSafeInteger(range.last) || range.last < 0)
      throw new RangeError(`invalid byte range: the last ${range.last}`);
    return;
  }
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new RangeError(`invalid byte range ${start} … ${end}`);
  }
}

/** What a range means for an object of `size` bytes. */
export function rangeWithin(range: ByteRange | ByteSuffix | undefined, size: number): ByteRange {
  if (!range) return { start: 0, end: size };
  if ('last' in range) return { start: Math.max(0, size - range.last), end: size };
  return { start: range.start, end: Math.min(range.end, size) };
}

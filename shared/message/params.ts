import { decodeCharset } from './charset.ts';
import type { Cursor } from './cursor.ts';
import type { Param } from './parts.ts';

/** More parameters than this on one field are an attack; real ones have a handful, RFC 2231 segments included. */
const MAX_PARAMS = 256;

/** `name*1*`: the name, a segment's number if there is one, and whether the value is percent-encoded (RFC 2231). */
const SEGMENT = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/;

interface Segment {
  readonly number: number;
  readonly value: string;
  readonly encoded: boolean;
}

interface Gathered {
  readonly name: string;
  readonly extended: boolean;
  readonly segments: Segment[];
}

/**
 * The parameters from the cursor to the end of the field, RFC 2231 undone: segments joined, charsets decoded. A name
 * that comes twice counts once, the first time; `name` and `name*` are two. Tolerates missing semicolons and values
 * with blanks that should have been quoted.
 */
export function parseParams(cursor: Cursor): Param[] {
  const gathered = new Map<string, Gathered>();
  for (let count = 0; count < MAX_PARAMS && !cursor.done; count++) {
    const pair = nextPair(cursor);
    if (pair) gather(gathered, pair.name, pair.value);
  }
  return [...gathered.values()].map(joined);
}

function nextPair(cursor: Cursor): { name: string; value: string } | null {
  cursor.skipBlanks();
  while (cursor.take(';')) cursor.skipBlanks();
  const name = cursor.until(' \t;="(');
  cursor.skipBlanks();
  if (!cursor.take('=')) {
    // Not `name=`: a stray word, quote or bracket. Go past it, at least one character.
    if (name === '') cursor.pos++;
    return null;
  }
  cursor.skipBlanks();
  const quoted = cursor.quotedString();
  const value = quoted ?? unquoted(cursor.until(';'));
  return name === '' ? null : { name, value };
}

/** A value without its quotes: trailing blanks and comment are not part of it, nor is a quote that is never closed. */
function unquoted(text: string): string {
  const value = text.trimEnd();
  const comment = value.endsWith(')') ? value.lastIndexOf('(') : -1;
  const bare = comment < 0 ? value : value.slice(0, comment).trimEnd();
  return bare.startsWith('"') ? bare.slice(1) : bare;
}

function gather(gathered: Map<string, Gathered>, written: string, value: string): void {
  const match = SEGMENT.exec(written);
  // A name with stars in odd places is no RFC 2231: it stays what it is.
  const name = match?.[1] ?? written;
  const segmented = match?.[2] !== undefined;
  const encoded = match?.[3] !== undefined;
  const number = Number(match?.[2] ?? 0);
  const lower = name.toLowerCase();
  const key = segmented ? `${lower}*n` : encoded ? `${lower}*` : lower;
  const before = gathered.get(key);
  if (!before) gathered.set(key, { name, extended: encoded, segments: [{ number, value, encoded }] });
  else if (segmented && !before.segments.some((segment) => segment.number === number)) {
    before.segments.push({ number, value, encoded });
    // Segment 0 carries the charset, and need not come first.
    if (number === 0 && encoded) gathered.set(key, { ...before, extended: true });
  }
}

function joined({ name, extended, segments }: Gathered): Param {
  const ordered = segments.toSorted((a, b) => a.number - b.number);
  const first = ordered[0];
  const label = extended && first?.encoded ? /^([^']*)'[^']*'/.exec(first.value) : null;
  if (!label) return { name, extended: false, value: ordered.map((segment) => segment.value).join('') };
  const bytes = ordered.map((segment, index) => {
    const value = index === 0 ? segment.value.slice(label[0].length) : segment.value;
    return segment.encoded ? percentDecoded(value) : Buffer.from(value, 'utf8');
  });
  return {
    name,
    extended: true,
    value: decodeCharset(Buffer.concat(bytes), label[1] ?? null).replace(/[\0\r\n]/g, ''),
  };
}

/** `%E4` → its byte; a `%` before anything else is itself. */
function percentDecoded(value: string): Buffer {
  const source = Buffer.from(value, 'utf8');
  const bytes = Buffer.alloc(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++) {
    const hex = source[at] === 0x25 ? hexByte(source[at + 1], source[at + 2]) : -1;
    bytes[length++] = hex < 0 ? (source[at] ?? 0) : hex;
    if (hex >= 0) at += 2;
  }
  return bytes.subarray(0, length);
}

/** The byte of two hexadecimal digits, -1 if they are none. */
export function hexByte(high: number | undefined, low: number | undefined): number {
  const a = hexDigit(high);
  const b = hexDigit(low);
  return a < 0 || b < 0 ? -1 : a * 16 + b;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

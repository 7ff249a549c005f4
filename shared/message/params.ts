import { decodeCharset, isKnownCharset } from './charset.ts';
import type { Cursor } from './cursor.ts';
import type { Param } from './parts.ts';

/** More parameters than this on one field are an attack; real ones have a handful, RFC 2231 segments included. */
const MAX_PARAMS = 256;

/** `name*1*`: the name, a segment's number if there is one, and whether the value is percent-encoded (RFC 2231). */
const SEGMENT = /^([^*]+)(?:\*(\d{1,4}))?(\*)?$/;

interface Segment {
  /** Its whole name, as written. */
  readonly written: string;
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
 * that comes twice counts once, the first time (RFC 6838 §4.3 calls it an error); `name` and `name*` are two. Segments
 * that do not count from 0 without a gap are no continuation (RFC 2231 §3), and stay what they are. Tolerates missing
 * semicolons and values with blanks that should have been quoted.
 */
export function parseParams(cursor: Cursor): Param[] {
  const gathered = new Map<string, Gathered>();
  for (let count = 0; count < MAX_PARAMS && !cursor.done; count++) {
    const pair = nextPair(cursor);
    if (pair) gather(gathered, pair.name, pair.value);
  }
  return [...gathered.values()].flatMap(joined);
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
  const segment = { written, number, value, encoded };
  if (!before) gathered.set(key, { name, extended: encoded, segments: [segment] });
  else if (segmented && !before.segments.some((other) => other.number === number)) {
    before.segments.push(segment);
    // Segment 0 carries the charset, and need not come first.
    if (number === 0 && encoded) gathered.set(key, { ...before, extended: true });
  }
}

function joined({ name, extended, segments }: Gathered): Param[] {
  const ordered = segments.toSorted((a, b) => a.number - b.number);
  if (ordered.some((segment, index) => segment.number !== index)) {
    return ordered.map(({ written, value }) => ({ name: written, value, extended: null }));
  }
  const first = ordered[0];
  const label = extended && first?.encoded ? /^([^']*)'([^']*)'/.exec(first.value) : null;
  if (!label) return [{ name, extended: null, value: ordered.map((segment) => segment.value).join('') }];
  const [prefix, charset = '', language = ''] = label;
  const bytes = ordered.map((segment, index) => {
    const value = index === 0 ? segment.value.slice(prefix.length) : segment.value;
    return segment.encoded ? percentDecoded(value) : Buffer.from(value, 'utf8');
  });
  return [{ name, ...decoded(charset, language, Buffer.concat(bytes)) }];
}

/** Told in UTF-8 (RFC 9051 §7.5.2), unless that would lose what the bytes say: then in the charset they came in. */
function decoded(charset: string, language: string, bytes: Uint8Array): Pick<Param, 'value' | 'extended'> {
  const value = decodeCharset(bytes, charset).replace(/[\0\r\n]/g, '');
  const isLossless = isKnownCharset(charset) && !value.includes('\ufffd');
  const extended = isLossless
    ? extendedValue('utf-8', language, Buffer.from(value, 'utf8'))
    : extendedValue(charset, language, bytes);
  return { value, extended };
}

/** `charset'language'value` with RFC 2231 attribute-chars as they are, every other byte as `%XX`. */
export function extendedValue(charset: string, language: string, bytes: Uint8Array): string {
  let out = `${charset}'${language}'`;
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9!#$&+.^_`{|}~-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
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

const NON_ASCII = /[^\x00-\x7f]/;

/** UTF-8 bytes in one encoded word: 45 give 60 digits of base64, and a word of 72 (RFC 2047 §2 allows 75). */
const WORD_BYTES = 45;
/** Quoted-printable triples the bytes it escapes, and `=?utf-8?Q??=` is 12. */
const WORD_Q_CHARS = 60;

export function isAscii(text: string): boolean {
  return !NON_ASCII.test(text);
}

/**
 * `text` in ASCII: the words that need it, from the first to the last, are replaced by RFC 2047 encoded words in UTF-8.
 * Meant for unstructured text and for a display name alone, which a phrase may be.
 */
export function encodeWords(text: string): string {
  const first = text.search(NON_ASCII);
  if (first < 0) return text;
  let last = text.length - 1;
  while (last > first && text.charCodeAt(last) < 0x80) last--;
  let start = text.lastIndexOf(' ', first) + 1;
  let end = text.indexOf(' ', last);
  if (end < 0) end = text.length;
  // Blanks between encoded words are not shown (RFC 2047 §6.2), so a neighbour's blank has to be inside.
  if (text.endsWith('?= ', start)) start--;
  if (text.startsWith(' =?', end)) end++;
  const before = text.endsWith('?=', start) ? ' ' : '';
  const after = text.startsWith('=?', end) ? ' ' : '';
  return text.slice(0, start) + before + encodedRun(text.slice(start, end)) + after + text.slice(end);
}

function encodedRun(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let escaped = 0;
  for (const byte of bytes) if (byte !== 0x20 && !isPlain(byte)) escaped++;
  // Text that is mostly ASCII stays readable, at some cost in bytes.
  const isQuoted = escaped < bytes.length * 0.4;
  const limit = isQuoted ? WORD_Q_CHARS : WORD_BYTES;
  const words: string[] = [];
  let start = 0;
  let size = 0;
  for (let at = 0; at < bytes.length;) {
    let end = at + 1;
    while (isTrailing(bytes[end])) end++;
    // A character is never split between words (RFC 2047 §5).
    const cost = isQuoted ? quotedCost(bytes, at, end) : end - at;
    if (size + cost > limit) {
      words.push(word(bytes.subarray(start, at), isQuoted));
      start = at;
      size = 0;
    }
    size += cost;
    at = end;
  }
  words.push(word(bytes.subarray(start), isQuoted));
  return words.join(' ');
}

/** A byte of a UTF-8 character that is not its first. */
function isTrailing(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function quotedCost(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  return first === 0x20 || isPlain(first) ? 1 : 3 * (end - start);
}

function word(bytes: Buffer, isQuoted: boolean): string {
  return isQuoted ? `=?utf-8?Q?${quoted(bytes)}?=` : `=?utf-8?B?${bytes.toString('base64')}?=`;
}

function quoted(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) {
    if (isPlain(byte)) out += String.fromCharCode(byte);
    else out += byte === 0x20 ? '_' : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** What may stand for itself in a phrase's encoded word (RFC 2047 §5 (3)); a blank costs one character as well. */
function isPlain(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x21 ||
    byte === 0x2a ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2f
  );
}

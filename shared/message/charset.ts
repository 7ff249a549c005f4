import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import libmime from 'libmime';

/** Turns bytes into text, piece by piece; a character may be split between pieces. Never throws. */
export interface CharsetDecoder {
  write(bytes: Uint8Array): string;
  end(): string;
}

const UTF8_OR_ASCII = /^(utf-?8|us-ascii|ascii|ansi_x3)/i;

/**
 * The decoder of a charset as mail names it. An unknown or missing charset, and US-ASCII, read as UTF-8 with
 * whatever is not UTF-8 replaced: mail that says US-ASCII and holds UTF-8 is common, and ASCII is the same in both.
 */
export function charsetDecoder(charset: string | null): CharsetDecoder {
  const name = libmime.normalizeCharset(charset ?? 'utf-8');
  if (UTF8_OR_ASCII.test(charset?.trim() ?? 'utf-8')) return webDecoder('utf-8');
  // iconv-lite has no stateful Japanese encodings, ICU has.
  if (/^iso-2022-jp/i.test(name)) return webDecoder('iso-2022-jp');
  if (!iconv.encodingExists(name)) return webDecoder('utf-8');
  const decoder = iconv.getDecoder(name);
  return {
    write: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    end: () => decoder.end() ?? '',
  };
}

/** Codecs of iconv-lite that are no charsets. */
const NO_CHARSETS = new Set(['base64', 'hex', 'binary']);

/** Of two or four bytes a character: their texts hold NUL, which no string of IMAP can (RFC 9051 §9, `CHAR8`). */
const WIDE_CHARSET = /^(?:utf|ucs)[-_]?(?:2|4|16|32)/i;

/** The decoder of whole texts that a client sends in the charset of that name; undefined if it can send none in it. */
export function charsetOf(name: string): ((bytes: Uint8Array) => string) | undefined {
  const known =
    /^iso-2022-jp/i.test(name) ||
    (iconv.encodingExists(name) && !NO_CHARSETS.has(name.toLowerCase()) && !WIDE_CHARSET.test(name));
  return known ? (bytes) => decodeCharset(bytes, name) : undefined;
}

function webDecoder(label: string): CharsetDecoder {
  const decoder = new TextDecoder(label);
  return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
}

/** False for a name that `charsetDecoder` can only guess the meaning of. */
export function isKnownCharset(charset: string): boolean {
  if (UTF8_OR_ASCII.test(charset.trim())) return true;
  const name = libmime.normalizeCharset(charset);
  return charset.trim() !== '' && (/^iso-2022-jp/i.test(name) || iconv.encodingExists(name));
}

/** `bytes` as text in `charset`, as `charsetDecoder` reads it. */
export function decodeCharset(bytes: Uint8Array, charset: string | null): string {
  const decoder = charsetDecoder(charset);
  return decoder.write(bytes) + decoder.end();
}

const windows1252 = new TextDecoder('windows-1252');
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Raw header bytes as text. 8-bit bytes in a header carry no charset: what is valid UTF-8 is UTF-8 (RFC 6532), the
 * rest is taken for Windows-1252, of which printable Latin-1 is a part.
 */
export function guessText(bytes: Uint8Array): string {
  return (isUtf8(bytes) ? utf8 : windows1252).decode(bytes);
}

import { encodeWords, isAscii } from './encoded-word.ts';

/** What a connection may be sent in a string: only ASCII, or UTF-8 once it enabled that (RFC 9755 §3, RFC 9051 §4.3). */
export type WireText = 'ascii' | 'utf8';

/** A quoted string longer than this goes as a literal: line buffers of clients are not made for more (RFC 2683 §3.2.1.5). */
const MAX_QUOTED = 1000;

/**
 * `text` as an IMAP string, one char per byte. 8-bit text for an ASCII connection leaves as RFC 2047 encoded words, so
 * that whatever a message holds, raw 8-bit never goes out unasked. NUL, CR and LF cannot be in a string and are left out.
 */
export function imapString(text: string, wire: WireText): string {
  const clean = text.replace(/[\0\r\n]/g, '');
  const chars = isAscii(clean)
    ? clean
    : wire === 'utf8'
      ? Buffer.from(clean, 'utf8').toString('latin1')
      : encodeWords(clean);
  if (chars.length > MAX_QUOTED) return `{${chars.length}}\r\n${chars}`;
  return `"${chars.replace(/["\\]/g, '\\$&')}"`;
}

/** `imapString`, or NIL for null. */
export function imapNString(text: string | null, wire: WireText): string {
  return text === null ? 'NIL' : imapString(text, wire);
}

/** The bytes of a string of one char per byte. */
export function wireBytes(chars: string): Uint8Array {
  return Buffer.from(chars, 'latin1');
}

import libmime from 'libmime';
import { charsetDecoder } from './charset.ts';
import { unfolded } from './field-text.ts';
import { type TransferDecoder, transferDecoder } from './transfer-encoding.ts';

/**
 * A header field's raw value as the text that a person reads: unfolded, encoded words (RFC 2047) decoded, raw 8-bit
 * bytes read as UTF-8 or else as Windows-1252. For SEARCH, which looks at "what comes after the colon" (RFC 9051 §6.4.4),
 * blanks at both ends among it.
 */
export function decodeHeaderText(raw: Uint8Array): string {
  return decodeWords(unfolded(raw));
}

/** `text` with its encoded words replaced by what they say; a character split between two words is made whole. */
export function decodeWords(text: string): string {
  return text.includes('=?') ? libmime.decodeWords(text) : text;
}

/**
 * The text of a body part for SEARCH: transfer encoding and charset undone, in pieces as they come. An encoding that
 * is not known is searched as it is stored. Pieces break anywhere: a search has to keep the end of one for the next.
 *
 * @param encoding as in `MimeFields.encoding`, lower case
 * @param charset the part's charset, null for none
 */
export async function* searchText(
  body: AsyncIterable<Uint8Array>,
  encoding: string,
  charset: string | null,
): AsyncGenerator<string, void, undefined> {
  const decoder = charsetDecoder(charset);
  for await (const bytes of decodeTransfer(body, transferDecoder(encoding))) {
    const text = decoder.write(bytes);
    if (text !== '') yield text;
  }
  const rest = decoder.end();
  if (rest !== '') yield rest;
}

/** The body without its transfer encoding; as it is, if there is no decoder for it. */
export async function* decodeTransfer(
  body: AsyncIterable<Uint8Array>,
  decoder: TransferDecoder | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const bytes of body) {
    const decoded = decoder ? decoder.write(bytes) : bytes;
    if (decoded.length > 0) yield decoded;
  }
  const rest = decoder?.end();
  if (rest && rest.length > 0) yield rest;
}

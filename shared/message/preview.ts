import { decodeCharset } from './charset.ts';
import { htmlText } from './html-text.ts';
import { paramOf } from './parts.ts';
import type { CapturedText } from './scanner.ts';
import { transferDecoder } from './transfer-encoding.ts';

/** RFC 8970 §3.3: should be at most 200 characters, must not be more than 256. */
const PREVIEW_CHARS = 200;

/** How much of how many text parts a preview is made from: newsletters start with kilobytes of style sheet. */
export const PREVIEW_CAPTURE = { parts: 3, bytes: 32 * 1024 } as const;

/** Soft hyphens, joiners and direction marks: newsletters pad the line that a preview would show with them. */
const INVISIBLE =
  /\u00AD|\u034F|\u061C|\u180E|\u200B|\u200E|\u200F|[\u202A-\u202E]|[\u2060-\u2064]|\uFEFF|\uFFFD|(?:\u200C|\u200D)(?=\s|\u200C|\u200D|$)/g;
const BLANKS = /[\s\p{Cc}\p{Cs}]+/gu;

/** The first words of the first text part that says something (RFC 8970), '' if none does. */
export function previewOf(texts: readonly CapturedText[]): string {
  for (const text of texts) {
    const preview = shortened(plainText(text));
    if (preview !== '') return preview;
  }
  return '';
}

function plainText({ mime, bytes }: CapturedText): string {
  const decoder = transferDecoder(mime.encoding);
  if (!decoder) return '';
  const text = decodeCharset(
    Buffer.concat([decoder.write(bytes), decoder.end()]),
    paramOf(mime.params, 'charset'),
  );
  return mime.subtype === 'html' ? htmlText(text) : text;
}

function shortened(text: string): string {
  const clean = text.replace(INVISIBLE, '').replace(BLANKS, ' ').trim();
  // Code points, as the RFC counts them; none takes more than two units.
  const chars = Array.from(clean.slice(0, PREVIEW_CHARS * 2));
  return chars.slice(0, PREVIEW_CHARS).join('').trim();
}

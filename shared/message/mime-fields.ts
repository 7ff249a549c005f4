import { Cursor } from './cursor.ts';
import { fieldText } from './field-text.ts';
import type { HeaderField } from './header-fields.ts';
import type { Disposition, MimeFields, Param } from './parts.ts';
import { parseParams } from './params.ts';

/** The fields that `mimeFields` reads. */
export const MIME_FIELDS: ReadonlySet<string> = new Set([
  'content-type',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'content-md5',
  'content-disposition',
  'content-language',
  'content-location',
]);

/** More languages than this on one part are noise. */
const MAX_LANGUAGES = 64;

/**
 * The MIME fields of a part from its header's fields. Of a field that comes twice the first counts. A part without
 * Content-Type is text/plain, in a multipart/digest message/rfc822 (RFC 2046 §5.1.5); a Content-Type that cannot be
 * read is text/plain (RFC 2045 §5.2).
 */
export function mimeFields(fields: readonly HeaderField[], inDigest: boolean): MimeFields {
  const texts = new Map<string, string>();
  for (const field of fields) {
    if (MIME_FIELDS.has(field.name) && !texts.has(field.name)) {
      texts.set(field.name, fieldText(field.raw.subarray(field.valueAt)));
    }
  }
  const text = (name: string): string | null => texts.get(name) ?? null;
  return {
    ...contentType(text('content-type'), inDigest),
    encoding: firstToken(text('content-transfer-encoding')) ?? '7bit',
    id: text('content-id'),
    description: text('content-description'),
    md5: text('content-md5'),
    disposition: disposition(text('content-disposition')),
    languages: languages(text('content-language')),
    // A URI is folded wherever it is too long, and the blanks are not part of it (RFC 2557 §4.4.1).
    location: text('content-location')?.replace(/\s+/g, '') ?? null,
  };
}

/** What a part without any header is: text/plain. */
export const PLAIN: MimeFields = mimeFields([], false);

function contentType(
  text: string | null,
  inDigest: boolean,
): { type: string; subtype: string; params: readonly Param[] } {
  if (text === null)
    return { type: inDigest ? 'message' : 'text', subtype: inDigest ? 'rfc822' : 'plain', params: [] };
  const cursor = new Cursor(text);
  const type = token(cursor);
  cursor.skipBlanks();
  const subtype = cursor.take('/') ? token(cursor) : '';
  const params = parseParams(cursor);
  // `Content-Type: text` is what old Sun mailers write.
  if (type === 'text' && subtype === '') return { type, subtype: 'plain', params };
  if (type === '' || subtype === '') return { type: 'text', subtype: 'plain', params: [] };
  return { type, subtype, params };
}

function disposition(text: string | null): Disposition | null {
  if (!text) return null;
  const cursor = new Cursor(text);
  const type = token(cursor);
  const params = parseParams(cursor);
  // RFC 2183 §2.8: what is not known is an attachment; `; filename=x` without a type gives one to say so of.
  return type === '' && params.length === 0 ? null : { type: type || 'attachment', params };
}

function languages(text: string | null): readonly string[] {
  if (!text) return [];
  const cursor = new Cursor(text);
  const found: string[] = [];
  while (!cursor.done && found.length < MAX_LANGUAGES) {
    cursor.skipBlanks();
    const tag = cursor.until(', \t(');
    if (tag !== '') found.push(tag);
    else if (!cursor.take(',')) cursor.pos += cursor.peek() === '(' ? 1 : 0;
  }
  return found;
}

function firstToken(text: string | null): string | null {
  if (text === null) return null;
  const cursor = new Cursor(text);
  cursor.skipBlanks();
  // Some mailers quote it.
  return (cursor.quotedString() ?? token(cursor)).trim().toLowerCase() || null;
}

function token(cursor: Cursor): string {
  cursor.skipBlanks();
  return cursor.until(' \t()<>@,;:\\"/[]?=').toLowerCase();
}

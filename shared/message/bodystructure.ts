import { envelopeText } from './envelope.ts';
import { isAscii } from './encoded-word.ts';
import { imapNString, imapString, wireBytes } from './imap-string.ts';
import type { Disposition, MimeFields, Param, Part } from './parts.ts';

/**
 * The value of FETCH BODYSTRUCTURE with all its extension data (RFC 9051 §7.5.2), ASCII only: it is kept once for all
 * connections. Parameters with a charset go out as RFC 2231 writes them in one segment, `FILENAME*` with
 * `utf-8''na%C3%AFve.txt`, which is what clients decode; so do parameters that held raw 8-bit text.
 *
 * What cannot be said well-formed is said as something that can: a multipart or message that is nested too deep is
 * application/octet-stream, with its bytes where they are.
 */
export function bodyStructureBytes(root: Part): Uint8Array {
  return wireBytes(structureText(root));
}

function structureText(part: Part): string {
  const { mime } = part;
  if (part.kind === 'multipart') {
    const children = part.children.map(structureText).join('');
    return `(${children} ${upper(mime.subtype)} ${paramList(mime.params)} ${tail(mime)})`;
  }
  const fields = [
    ...mediaType(part),
    nstring(mime.id),
    nstring(mime.description),
    upper(mime.encoding),
    `${part.end - part.bodyStart}`,
    ...typeFields(part),
    nstring(mime.md5),
    tail(mime),
  ];
  return `(${fields.join(' ')})`;
}

/** Type, subtype and parameters. */
function mediaType(part: Part): string[] {
  const { type, subtype, params } = part.mime;
  const opaque =
    part.kind === 'basic' &&
    (type === 'multipart' || (type === 'message' && (subtype === 'rfc822' || subtype === 'global')));
  if (opaque) return ['"APPLICATION"', '"OCTET-STREAM"', 'NIL'];
  // RFC 2046 §4.1.2: text without a charset is US-ASCII; clients expect to be told.
  const isBare = part.kind === 'text' && !params.some((param) => param.name.toLowerCase() === 'charset');
  const all = isBare ? [...params, { name: 'CHARSET', value: 'US-ASCII', extended: false }] : params;
  return [upper(type), upper(subtype), paramList(all)];
}

function typeFields(part: Part): string[] {
  if (part.kind === 'text') return [`${part.lines}`];
  const [inner] = part.children;
  if (part.kind !== 'message' || !inner?.envelope) return [];
  return [envelopeText(inner.envelope, 'ascii'), structureText(inner), `${part.lines}`];
}

/** Disposition, language and location. */
function tail(mime: MimeFields): string {
  return `${dispositionText(mime.disposition)} ${languageText(mime.languages)} ${nstring(mime.location)}`;
}

function dispositionText(disposition: Disposition | null): string {
  return disposition ? `(${upper(disposition.type)} ${paramList(disposition.params)})` : 'NIL';
}

function languageText(languages: readonly string[]): string {
  if (languages.length === 0) return 'NIL';
  const tags = languages.map((tag) => imapString(tag, 'ascii'));
  return tags.length === 1 ? (tags[0] ?? 'NIL') : `(${tags.join(' ')})`;
}

function paramList(params: readonly Param[]): string {
  return params.length === 0 ? 'NIL' : `(${params.map(paramText).join(' ')})`;
}

function paramText({ name, value, extended }: Param): string {
  const label = isAscii(name) ? name.toUpperCase() : name;
  if (!extended && isAscii(value)) return `${imapString(label, 'ascii')} ${imapString(value, 'ascii')}`;
  return `${imapString(`${label}*`, 'ascii')} ${imapString(`utf-8''${percentEncoded(value)}`, 'ascii')}`;
}

/** RFC 2231 attribute-chars as they are, every other byte of the UTF-8 as `%XX`. */
function percentEncoded(value: string): string {
  let out = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9!#$&+.^_`{|}~-]/.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function nstring(text: string | null): string {
  return imapNString(text, 'ascii');
}

function upper(text: string): string {
  return imapString(text.toUpperCase(), 'ascii');
}

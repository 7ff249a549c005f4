/**
 * Encoding of everything the server sends, as strings whose UTF-8 goes to the socket. `response-writer.ts` sends them;
 * message bytes go there as literals.
 */
import type { Section } from './ast.ts';
import { formatDateTime } from './date-time.ts';
import { encodeMailboxName, type NameEncoding } from './mailbox-name.ts';
import type { ResponseCode } from './response-code.ts';

/** What the client can read: 8-bit characters in quoted strings and response text only after UTF8=ACCEPT or rev2. */
export type TextEncoding = NameEncoding;

export type StatusCondition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/** Beyond this a string goes as a literal: some clients read a line into a fixed buffer. */
const MAX_QUOTED = 1024;

const ASCII: TextEncoding = { utf8: false };

/** Characters that make a string more than an atom; `]` too, which resp-text-code cannot hold. */
const ATOM_ONLY = /^[^\x00-\x20\x7f-\u{10ffff}(){%*"\\\]]+$/u;

/** Quoted if possible, else a literal. NUL, which neither can hold, becomes U+FFFD. */
export function string(value: string, encoding: TextEncoding = ASCII): string {
  const needsLiteral = encoding.utf8 ? /[\x00\r\n]/ : /[\x00\r\n\x80-\u{10ffff}]/u;
  if (value.length <= MAX_QUOTED && !needsLiteral.test(value))
    return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  const sent = value.replaceAll('\0', '\ufffd').toWellFormed();
  return `{${Buffer.byteLength(sent)}}\r\n${sent}`;
}

/** A string, or NIL for null. */
export function nstring(value: string | null, encoding: TextEncoding = ASCII): string {
  return value === null ? 'NIL' : string(value, encoding);
}

/** Bytes as a byte string: quoted if they are text of one line, else a literal, which is a literal8 if there is a NUL. */
export function bytes(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  if (text.length <= MAX_QUOTED && /^[\x20-\x7e]*$/.test(text)) return string(text);
  return `${text.includes('\0') ? '~' : ''}{${text.length}}\r\n${text}`;
}

/** An atom where that is possible, else a string. `NIL` is quoted: several clients read it as no value. */
export function astring(value: string, encoding: TextEncoding = ASCII): string {
  return value.length <= MAX_QUOTED && ATOM_ONLY.test(value) && value.toUpperCase() !== 'NIL'
    ? value
    : string(value, encoding);
}

/** A mailbox name: modified UTF-7 unless the client reads UTF-8. */
export function mailbox(name: string, encoding: TextEncoding): string {
  return astring(encodeMailboxName(name, encoding), encoding);
}

/** `(a b c)`: items already encoded. */
export function list(items: Iterable<string>): string {
  return `(${[...items].join(' ')})`;
}

/** `(\Seen $Forwarded)`. Flags were checked to be atoms when they came in. */
export function flagList(flags: Iterable<string>): string {
  return list(flags);
}

/** `" 1-Feb-2024 12:34:56 +0000"`; milliseconds since the epoch. */
export function dateTime(time: number, offsetMinutes = 0): string {
  return `"${formatDateTime(time, offsetMinutes)}"`;
}

/** The label of a FETCH answer, `BODY[1.HEADER.FIELDS (SUBJECT)]<0>`; `origin` only for a partial fetch. */
export function bodyLabel(section: Section, origin?: number): string {
  return `BODY[${formatSection(section)}]${origin === undefined ? '' : `<${origin}>`}`;
}

/** `BINARY[1.2]<0>`. */
export function binaryLabel(part: readonly number[], origin?: number): string {
  return `BINARY[${part.join('.')}]${origin === undefined ? '' : `<${origin}>`}`;
}

/** What stands between the brackets. */
export function formatSection(section: Section): string {
  const { part, text } = section;
  const words = text.kind === 'all' ? [...part] : [...part, text.kind.toUpperCase()];
  if (text.kind !== 'header.fields') return words.join('.');
  const fields = text.fields.map((field) => astring(field)).join(' ');
  return `${words.join('.')}${text.not ? '.NOT' : ''} (${fields})`;
}

/**
 * `tag OK [CODE …] text` with its CRLF; `tag` is `*` for an untagged one. Line breaks in the text become spaces, and what
 * the client could not read becomes `?`, so that no text from elsewhere can forge a response.
 */
export function status(
  tag: string,
  condition: StatusCondition,
  text: string,
  code?: ResponseCode,
  encoding: TextEncoding = ASCII,
): string {
  const bracket = code === undefined ? '' : `[${formatCode(code)}] `;
  return `${tag} ${condition} ${bracket}${responseText(text, code !== undefined, encoding)}\r\n`;
}

/** `+ text`: the client may go on. */
export function continuation(text = 'go ahead'): string {
  return `+ ${text.replaceAll(/[\r\n\0]+/g, ' ')}\r\n`;
}

function responseText(text: string, afterCode: boolean, encoding: TextEncoding): string {
  let clean = text.replaceAll(/[\x00-\x1f\x7f]+/g, ' ').trim();
  clean = encoding.utf8 ? clean.toWellFormed() : clean.replaceAll(/[^\x20-\x7e]+/g, '?');
  // The grammar wants at least one character; and a text that begins with "[" would be read as a code.
  if (clean === '') return '-';
  return !afterCode && clean.startsWith('[') ? `-${clean}` : clean;
}

/** A response code without its brackets. */
export function formatCode(code: ResponseCode): string {
  if (typeof code === 'string') return code;
  switch (code.code) {
    case 'APPENDUID':
      return `APPENDUID ${code.uidValidity} ${code.uids.toString()}`;
    case 'COPYUID':
      return `COPYUID ${code.uidValidity} ${code.source} ${code.destination}`;
    case 'BADURL':
      return `BADURL ${code.url.replaceAll(/[^\x21-\x5c\x5e-\x7e]/gu, encodeURIComponent)}`;
    case 'BADEVENT':
      return `BADEVENT ${list(code.events)}`;
    case 'BADCHARSET':
      return `BADCHARSET ${list(code.charsets.map((charset) => astring(charset)))}`;
    case 'CAPABILITY':
      return `CAPABILITY ${code.capabilities.join(' ')}`;
    case 'INPROGRESS':
      return `INPROGRESS (${code.tag === undefined ? 'NIL' : string(code.tag)} ${code.done ?? 'NIL'} ${code.goal ?? 'NIL'})`;
    case 'MAILBOXID':
      return `MAILBOXID (${code.id})`;
    case 'MESSAGELIMIT':
      return `MESSAGELIMIT ${code.limit}${code.lastUid === undefined ? '' : ` ${code.lastUid}`}`;
    case 'MODIFIED':
      return `MODIFIED ${code.numbers.toString()}`;
    case 'NOUPDATE':
      return `NOUPDATE ${string(code.tag)}`;
    case 'UNDEFINED-FILTER':
      return `UNDEFINED-FILTER ${code.name}`;
    case 'PERMANENTFLAGS':
      return `PERMANENTFLAGS ${flagList(code.flags)}`;
    default:
      return `${code.code} ${code.value}`;
  }
}

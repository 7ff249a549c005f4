/**
 * Mailbox names on the wire: modified UTF-7 for IMAP4rev1 (RFC 3501 §5.1.3), UTF-8 once the client has enabled
 * UTF8=ACCEPT or IMAP4rev2 (RFC 6855 §3, RFC 9051 §5.1). Inside Quire a name is a plain string with `/` between levels.
 */
import { ImapSyntaxError } from './syntax-error.ts';

export interface NameEncoding {
  /** The client has enabled UTF8=ACCEPT or IMAP4rev2. */
  readonly utf8: boolean;
}

/** Hierarchy delimiter of every mailbox name. */
export const HIERARCHY_DELIMITER = '/';

/**
 * A mailbox name from the string that the client sent (already decoded from UTF-8). Under `utf8` an `&` is just an
 * `&`: Thunderbird sends it so. Otherwise the name must be modified UTF-7. INBOX comes out in upper case (RFC 9051 §5.1),
 * also as the first level of a longer name, for `inbox/x` and `INBOX/x` would be two trees that no client can tell apart.
 */
export function decodeMailboxName(sent: string, encoding: NameEncoding): string {
  const name = decodeName(sent, encoding);
  return /^inbox(?:\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}

/**
 * A LIST pattern from the string that the client sent: as a name, but `%` and `*` mean something and INBOX is matched later.
 * Undefined if it holds a piece of an encoded run, as a pattern may; throws `ImapSyntaxError` for what no name can hold.
 */
export function decodeListPattern(sent: string, encoding: NameEncoding): string | undefined {
  if (encoding.utf8) return sent;
  checkPrintable(sent);
  try {
    return decodeModifiedUtf7(sent);
  } catch (error) {
    if (error instanceof ImapSyntaxError) return undefined;
    throw error;
  }
}

/** The string to send for a mailbox name; `astring` in `response.ts` quotes it. */
export function encodeMailboxName(name: string, encoding: NameEncoding): string {
  return encoding.utf8 ? name : encodeModifiedUtf7(name);
}

function decodeName(sent: string, encoding: NameEncoding): string {
  return encoding.utf8 ? sent : decodeModifiedUtf7(sent);
}

/** Modified base64's alphabet has `,` in the place of `/`. */
const ENCODED_RUN = /&([A-Za-z0-9+,]*)(-?)/g;

/** Decodes modified UTF-7; throws `ImapSyntaxError` if the text is not valid. */
export function decodeModifiedUtf7(text: string): string {
  checkPrintable(text);
  if (!text.includes('&')) return text;
  return text.replaceAll(ENCODED_RUN, (_run, base64: string, end: string) => {
    if (end === '') throw invalidName('"&" begins a run that "-" must end; an "&" itself is written "&-"');
    return base64 === '' ? '&' : decodeRun(base64);
  });
}

function checkPrintable(text: string): void {
  if (/[^\x20-\x7e]/.test(text))
    throw invalidName('it may hold only printable ASCII unless UTF8=ACCEPT is enabled');
}

function decodeRun(base64: string): string {
  const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
  if (bytes.length === 0 || bytes.length % 2 !== 0 || toModifiedBase64(bytes) !== base64) {
    throw invalidName('an encoded run is not whole UTF-16');
  }
  const decoded = bytes.swap16().toString('utf16le');
  if (!decoded.isWellFormed()) throw invalidName('an encoded run holds half a surrogate pair');
  // A name must have one spelling only (RFC 3501 §5.1.3).
  if (/[\x20-\x7e]/.test(decoded)) throw invalidName('printable ASCII must not be encoded');
  return decoded;
}

function invalidName(why: string): ImapSyntaxError {
  return new ImapSyntaxError(`mailbox name is not valid modified UTF-7: ${why}`);
}

/** Encodes as modified UTF-7. A lone surrogate, which no valid name holds, comes out as U+FFFD. */
export function encodeModifiedUtf7(name: string): string {
  return name
    .toWellFormed()
    .replaceAll('&', '&-')
    .replaceAll(/[^\x20-\x7e]+/g, (run) => `&${toModifiedBase64(Buffer.from(run, 'utf16le').swap16())}-`);
}

function toModifiedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('/', ',').replace(/=+$/, '');
}

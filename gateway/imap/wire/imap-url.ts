/**
 * IMAP URLs (RFC 5092) as CATENATE takes them (RFC 4469 §3): a message or a part of one, relative to
 * `imap://user@server/`, or to the selected mailbox.
 */
import type { Section } from './ast.ts';
import { parseSection } from './fetch-grammar.ts';
import { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';
import { MAX_NUMBER } from './sequence-set.ts';

export interface MessageUrl {
  /** As people write it, `/` between levels. */
  readonly mailbox: string;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  /** The whole message if the URL names none. */
  readonly section: Section;
  /** Without a length: all from there on. */
  readonly partial: { readonly offset: number; readonly length: number | undefined } | undefined;
}

/** A URL that names no message here; the message says why. */
export class ImapUrlError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ImapUrlError';
  }
}

const WHOLE: Section = { part: [], text: { kind: 'all' } };

/** Everything behind the path of the mailbox (RFC 5092 §11); the letters of the names in any case. */
const REFERENCE =
  /^([^;]*?)(?:;UIDVALIDITY=(\d{1,10}))?\/;UID=(\d{1,10})(?:\/;SECTION=([^;]+?))?(?:\/;PARTIAL=(\d{1,10})(?:\.(\d{1,10}))?)?$/i;

/** Reads a URL; `selected` is the name of the selected mailbox, if there is one. Throws `ImapUrlError`. */
export function parseMessageUrl(url: string, selected: string | undefined): MessageUrl {
  if (!/^[\x21-\x7e]+$/.test(url)) throw new ImapUrlError('a URL is printable ASCII: encode the rest with %');
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(url))
    throw new ImapUrlError('only URLs without scheme and server can be used (RFC 4469 section 3)');
  if (/[?#]/.test(url)) throw new ImapUrlError('the URL names no message: it is a search, or has a fragment');
  if (/;URLAUTH=/i.test(url)) throw new ImapUrlError('URLAUTH is not on offer');
  // A reference that begins with the UID is one within the selected mailbox.
  const inSelected = /^;UID=/i.test(url);
  const found = REFERENCE.exec(inSelected ? `/${url}` : url);
  if (!found)
    throw new ImapUrlError('it is not /mailbox/;UID=n, with or without UIDVALIDITY, SECTION and PARTIAL');
  const [, path = '', uidValidity, uid = '', section, offset, length] = found;
  return {
    mailbox: inSelected ? selectedOr(selected) : mailboxOf(path, selected),
    uidValidity: uidValidity === undefined ? undefined : nonZero(uidValidity, 'UIDVALIDITY'),
    uid: nonZero(uid, 'UID'),
    section: section === undefined ? WHOLE : sectionOf(section),
    partial:
      offset === undefined
        ? undefined
        : { offset: Number(offset), length: length === undefined ? undefined : nonZero(length, 'PARTIAL') },
  };
}

function selectedOr(selected: string | undefined): string {
  if (selected === undefined) throw new ImapUrlError('it names no mailbox, and none is selected');
  return selected;
}

/** The path, resolved against that of the selected mailbox (RFC 3986 §5.2), and decoded. */
function mailboxOf(path: string, selected: string | undefined): string {
  const above = path.startsWith('/') ? [] : (selected ?? '').split('/').slice(0, -1);
  const levels = [...above];
  for (const encoded of path.replace(/^\//, '').split('/')) {
    if (encoded === '..') levels.pop();
    else if (encoded !== '.') levels.push(decoded(encoded));
  }
  const mailbox = levels.join('/');
  if (mailbox === '') throw new ImapUrlError('it names no mailbox');
  return mailbox;
}

function sectionOf(encoded: string): Section {
  const cursor = new CommandCursor([`[${decoded(encoded)}]`]);
  try {
    const section = parseSection(cursor);
    cursor.end();
    return section;
  } catch (error) {
    if (!(error instanceof ImapSyntaxError)) throw error;
    throw new ImapUrlError(`its section is none: ${error.message}`);
  }
}

/** `%` and two digits stand for a byte of UTF-8 (RFC 5092 §3). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ImapUrlError('what is encoded with % is not UTF-8');
  }
}

function nonZero(digits: string, what: string): number {
  const value = Number(digits);
  if (value === 0 || value > MAX_NUMBER) throw new ImapUrlError(`${what} is between 1 and 4294967295`);
  return value;
}

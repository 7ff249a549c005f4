/** Arguments of SEARCH (RFC 3501 §6.4.4, RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 7162 §3.1.5). */
import type { DateRelation, SearchArguments, SearchKey, SearchReturn } from './ast.ts';
import { decodeUtf8, type CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/**
 * Decodes a byte string from a charset that is neither US-ASCII nor UTF-8. Undefined: the charset is not known, and the
 * search is answered NO [BADCHARSET].
 */
export type CharsetDecoder = (charset: string, bytes: Uint8Array) => string | undefined;

type TextDecoding = (bytes: string, what: string) => string;

/** `SEARCH` and `UID SEARCH`, from the space before the first argument to the end. */
export function parseSearch(cursor: CommandCursor, decodeCharset?: CharsetDecoder): SearchArguments {
  let returns: SearchReturn | undefined;
  if (cursor.accept(' RETURN ')) {
    cursor.needs('ESEARCH', 'RETURN');
    returns = parseReturn(cursor);
  }
  let decode = decodeDefault;
  if (cursor.accept(' CHARSET ')) decode = decoderOf(cursor.astring('a charset'), decodeCharset);
  const keys: SearchKey[] = [];
  do {
    cursor.space('a search key');
    keys.push(parseKey(cursor, decode));
  } while (cursor.at(' ') && !cursor.atTrailingSpace());
  cursor.end();
  return { returns, key: allOf(keys) };
}

function parseReturn(cursor: CommandCursor): SearchReturn {
  const options = { min: false, max: false, all: false, count: false, save: false };
  const parseOption = (): void => {
    const name = cursor.keyword('a return option of SEARCH').toLowerCase();
    if (!Object.hasOwn(options, name)) {
      throw new ImapSyntaxError('unknown return option of SEARCH: MIN, MAX, ALL, COUNT and SAVE are known');
    }
    if (name === 'save') cursor.needs('SEARCHRES', 'SAVE');
    options[name as keyof typeof options] = true;
  };
  // `RETURN ()` means ALL (RFC 4731 §3.1).
  if (cursor.list('return options', parseOption, 'allowed').length === 0) options.all = true;
  return options;
}

const decodeDefault: TextDecoding = (bytes, what) => {
  const text = decodeUtf8(bytes);
  if (text === undefined)
    throw new ImapSyntaxError(`${what} is not valid UTF-8: name its charset with CHARSET`);
  return text;
};

function decoderOf(charset: string, decodeCharset: CharsetDecoder | undefined): TextDecoding {
  if (/^(?:utf-?8|us-ascii|ascii)$/i.test(charset)) return decodeDefault;
  return (bytes) => {
    const text = decodeCharset?.(charset, Buffer.from(bytes, 'latin1'));
    if (text !== undefined) return text;
    throw new ImapSyntaxError('the charset of the search is not known', {
      status: 'NO',
      code: { code: 'BADCHARSET', charsets: ['US-ASCII', 'UTF-8'] },
    });
  };
}

function allOf(keys: readonly SearchKey[]): SearchKey {
  const [only, ...others] = keys;
  return only !== undefined && others.length === 0 ? only : { kind: 'and', keys };
}

function parseKey(cursor: CommandCursor, decode: TextDecoding): SearchKey {
  return cursor.nested(() => {
    const first = cursor.peek();
    if (first === '(') return allOf(cursor.list('search keys', () => parseKey(cursor, decode)));
    if (/^[0-9*$]/.test(first)) return parseNumbers(cursor);
    return parseNamedKey(cursor, decode, cursor.keyword('a search key'));
  });
}

/** `$` holds messages, whatever they are called. */
function parseNumbers(cursor: CommandCursor): SearchKey {
  const set = cursor.sequenceSet();
  if (!cursor.uidOnly || set.saved) return { kind: 'sequence', set };
  throw new ImapSyntaxError('message numbers are not allowed once UIDONLY is enabled: use UID', {
    code: 'UIDREQUIRED',
  });
}

const FLAG_KEYS = new Map([
  ['ANSWERED', '\\Answered'],
  ['DELETED', '\\Deleted'],
  ['DRAFT', '\\Draft'],
  ['FLAGGED', '\\Flagged'],
  ['SEEN', '\\Seen'],
]);

const DATE_KEYS = new Map<string, { of: 'internal' | 'sent'; relation: DateRelation }>([
  ['BEFORE', { of: 'internal', relation: 'before' }],
  ['ON', { of: 'internal', relation: 'on' }],
  ['SINCE', { of: 'internal', relation: 'since' }],
  ['SENTBEFORE', { of: 'sent', relation: 'before' }],
  ['SENTON', { of: 'sent', relation: 'on' }],
  ['SENTSINCE', { of: 'sent', relation: 'since' }],
]);

function not(key: SearchKey): SearchKey {
  return { kind: 'not', key };
}

function parseNamedKey(cursor: CommandCursor, decode: TextDecoding, name: string): SearchKey {
  const flag = FLAG_KEYS.get(name);
  if (flag !== undefined) return { kind: 'flag', flag };
  const unflag = name.startsWith('UN') ? FLAG_KEYS.get(name.slice(2)) : undefined;
  if (unflag !== undefined) return not({ kind: 'flag', flag: unflag });
  const date = DATE_KEYS.get(name);
  if (date !== undefined) {
    cursor.space('a date');
    return { kind: 'date', ...date, date: cursor.date() };
  }
  return parseTextKey(cursor, decode, name) ?? parseOtherKey(cursor, decode, name);
}

function parseTextKey(cursor: CommandCursor, decode: TextDecoding, name: string): SearchKey | undefined {
  const argument = (what: string): string => {
    cursor.space(what);
    return decode(cursor.astringBytes(what), what);
  };
  switch (name) {
    case 'FROM':
    case 'TO':
    case 'CC':
    case 'BCC':
      return {
        kind: 'address',
        field: name.toLowerCase() as 'from' | 'to' | 'cc' | 'bcc',
        text: argument('a string'),
      };
    case 'SUBJECT':
      return { kind: 'subject', text: argument('a string') };
    case 'BODY':
      return { kind: 'body', text: argument('a string') };
    case 'TEXT':
      return { kind: 'text', text: argument('a string') };
    case 'HEADER': {
      cursor.space('a header field name');
      const field = cursor.astring('a header field name');
      return { kind: 'header', field, text: argument('a string') };
    }
    default:
      return undefined;
  }
}

function parseOtherKey(cursor: CommandCursor, decode: TextDecoding, name: string): SearchKey {
  const inner = (): SearchKey => {
    cursor.space('a search key');
    return parseKey(cursor, decode);
  };
  switch (name) {
    case 'ALL':
      return { kind: 'all' };
    case 'RECENT':
      return { kind: 'recent' };
    case 'OLD':
      return not({ kind: 'recent' });
    case 'NEW':
      return { kind: 'and', keys: [{ kind: 'recent' }, not({ kind: 'flag', flag: '\\Seen' })] };
    case 'KEYWORD':
    case 'UNKEYWORD': {
      cursor.space('a keyword');
      const flag: SearchKey = { kind: 'flag', flag: cursor.atom('a keyword') };
      return name === 'KEYWORD' ? flag : not(flag);
    }
    case 'LARGER':
    case 'SMALLER':
      cursor.space('a size in octets');
      return {
        kind: 'size',
        relation: name === 'LARGER' ? 'larger' : 'smaller',
        bytes: cursor.number64('a size in octets'),
      };
    case 'UID':
      cursor.space('a set of UIDs');
      return { kind: 'uid', set: cursor.sequenceSet('a set of UIDs') };
    case 'NOT':
      return not(inner());
    case 'OR':
      return { kind: 'or', left: inner(), right: inner() };
    case 'MODSEQ':
      return parseModSeq(cursor);
    default:
      throw new ImapSyntaxError(`unknown search key ${name.length <= 40 ? name : `${name.slice(0, 40)}…`}`);
  }
}

/** `MODSEQ ["/flags/\\Seen" all] n` (RFC 7162 §3.1.5). */
function parseModSeq(cursor: CommandCursor): SearchKey {
  cursor.needs('CONDSTORE', 'MODSEQ');
  cursor.space('a mod-sequence');
  if (cursor.peek() === '"') {
    const entry = cursor.string('the name of a flag entry');
    if (!entry.startsWith('/flags/'))
      throw new ImapSyntaxError('an entry of MODSEQ is named /flags/ and a flag');
    cursor.space('priv, shared or all');
    if (!['PRIV', 'SHARED', 'ALL'].includes(cursor.keyword('priv, shared or all'))) {
      throw new ImapSyntaxError('the type of a MODSEQ entry is priv, shared or all');
    }
    cursor.space('a mod-sequence');
  }
  return { kind: 'modseq', atLeast: cursor.number64('a mod-sequence') };
}

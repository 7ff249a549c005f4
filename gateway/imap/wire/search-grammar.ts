/** Arguments of SEARCH (RFC 3501 §6.4.4, RFC 9051 §6.4.4), its keys, and those of WITHIN, CONDSTORE, FUZZY and FILTERS. */
import type { ExtensionName } from '../extensions.ts';
import type { DateRelation, SearchKey } from './ast.ts';
import type { Segment } from './command.ts';
import { parseMessageKey } from './message-keys.ts';
import { CommandCursor, decodeUtf8 } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/**
 * The decoder of a charset that is neither US-ASCII nor UTF-8. Undefined: the charset is not known, and the search is
 * answered NO [BADCHARSET].
 */
export type CharsetDecoder = (charset: string) => ((bytes: Uint8Array) => string) | undefined;

/** What a search depends on beside its own text. */
export interface SearchSurroundings {
  readonly decodeCharset?: CharsetDecoder;
  /** UTF8=ACCEPT is enabled: strings are UTF-8, and SEARCH must not say otherwise (RFC 9755 §3). */
  readonly utf8Accepted?: boolean;
  /** The stored search of that name (RFC 5466), as a byte string. */
  readonly filter?: (name: string) => string | undefined;
}

/** How strings of a search become text. */
export interface SearchCharset {
  /** UTF-8, or US-ASCII, which is a part of it. */
  readonly isUtf8: boolean;
  readonly decode: (bytes: string, what: string) => string;
}

export const UTF8: SearchCharset = { isUtf8: true, decode: decodeDefault };

/** Charsets that BADCHARSET names; others of the registry are read as well. */
const CHARSETS = [
  'US-ASCII',
  'UTF-8',
  'ISO-8859-1',
  'WINDOWS-1252',
  'KOI8-R',
  'ISO-2022-JP',
  'GB18030',
  'BIG5',
];

/**
 * Keys of one search, those of its filters included: each is asked of every message, and a filter that names another a
 * hundred times, eight deep, would be more keys than fit any memory.
 */
export const MAX_KEYS = 1024;
/** Filters may name filters so deep (RFC 5466 §3.1 wants 3); a loop ends there as well. */
const MAX_FILTER_DEPTH = 8;

/** `[CHARSET charset] key …`, from the space before it to the end. */
export function parseSearchProgram(cursor: CommandCursor, surroundings: SearchSurroundings = {}): SearchKey {
  let charset = UTF8;
  if (cursor.accept(' CHARSET ')) {
    if (surroundings.utf8Accepted)
      throw new ImapSyntaxError('strings are UTF-8 once UTF8=ACCEPT is enabled: leave CHARSET out');
    charset = parseCharset(cursor, surroundings);
  }
  return parseSearchKeys(cursor, charset, surroundings);
}

/** The name of a charset: throws NO [BADCHARSET] for one that is not known, whether a string is in it or not. */
export function parseCharset(cursor: CommandCursor, { decodeCharset }: SearchSurroundings): SearchCharset {
  const name = cursor.astring('a charset');
  if (/^(?:utf-?8|us-ascii|ascii)$/i.test(name)) return UTF8;
  const decode = decodeCharset?.(name);
  if (!decode)
    throw new ImapSyntaxError('the charset of the search is not known', {
      status: 'NO',
      code: { code: 'BADCHARSET', charsets: CHARSETS },
    });
  return { isUtf8: false, decode: (bytes) => decode(Buffer.from(bytes, 'latin1')) };
}

/** ` key …` to the end: all of them must match. */
export function parseSearchKeys(
  cursor: CommandCursor,
  charset: SearchCharset,
  surroundings: SearchSurroundings,
): SearchKey {
  const { filter } = surroundings;
  return allOf(parseKeys(cursor, { charset, filter, depth: 0, count: new KeyCount(), inserted: [] }));
}

/** What keys are read by. */
interface KeyContext {
  readonly charset: SearchCharset;
  readonly filter: SearchSurroundings['filter'];
  /** How many filters this key is within. */
  readonly depth: number;
  readonly count: KeyCount;
  /** Keys that stand in the place of a filter's name and are still to be read: they come before the text that follows it. */
  readonly inserted: SearchKey[];
}

class KeyCount {
  #keys = 0;

  /** One more; throws NO [LIMIT] where there are too many. */
  add(): void {
    if (++this.#keys > MAX_KEYS)
      throw new ImapSyntaxError(`a search has at most ${MAX_KEYS} keys`, { status: 'NO', code: 'LIMIT' });
  }
}

function parseKeys(cursor: CommandCursor, context: KeyContext): SearchKey[] {
  const keys: SearchKey[] = [];
  do keys.push(nextKey(cursor, context));
  while (context.inserted.length > 0 || (cursor.at(' ') && !cursor.atTrailingSpace()));
  cursor.end();
  return keys;
}

function nextKey(cursor: CommandCursor, context: KeyContext): SearchKey {
  const inserted = context.inserted.shift();
  if (inserted !== undefined) return inserted;
  cursor.space('a search key');
  return parseKey(cursor, context);
}

/** `(key key …)` */
function parseKeyList(cursor: CommandCursor, context: KeyContext): SearchKey {
  const keys = cursor.list('search keys', () => [parseKey(cursor, context), ...context.inserted.splice(0)]);
  return allOf(keys.flat());
}

function decodeDefault(bytes: string, what: string): string {
  const text = decodeUtf8(bytes);
  if (text === undefined)
    throw new ImapSyntaxError(`${what} is not valid UTF-8: name its charset with CHARSET`);
  return text;
}

function allOf(keys: readonly SearchKey[]): SearchKey {
  const [only, ...others] = keys;
  return only !== undefined && others.length === 0 ? only : { kind: 'and', keys };
}

function parseKey(cursor: CommandCursor, context: KeyContext): SearchKey {
  context.count.add();
  return cursor.nested(() => {
    const first = cursor.peek();
    if (first === '(') return parseKeyList(cursor, context);
    if (/^[0-9*$]/.test(first)) return parseNumbers(cursor);
    return parseNamedKey(cursor, context, cursor.keyword('a search key'));
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

function parseNamedKey(cursor: CommandCursor, context: KeyContext, name: string): SearchKey {
  const flag = FLAG_KEYS.get(name);
  if (flag !== undefined) return { kind: 'flag', flag };
  const unflag = name.startsWith('UN') ? FLAG_KEYS.get(name.slice(2)) : undefined;
  if (unflag !== undefined) return not({ kind: 'flag', flag: unflag });
  const date = DATE_KEYS.get(name);
  if (date !== undefined) {
    cursor.space('a date');
    return { kind: 'date', ...date, date: cursor.date() };
  }
  return parseTextKey(cursor, context, name) ?? parseOtherKey(cursor, context, name);
}

function parseTextKey(cursor: CommandCursor, context: KeyContext, name: string): SearchKey | undefined {
  const argument = (what: string): string => {
    cursor.space(what);
    return context.charset.decode(cursor.astringBytes(what), what);
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

function parseOtherKey(cursor: CommandCursor, context: KeyContext, name: string): SearchKey {
  const inner = (): SearchKey => nextKey(cursor, context);
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
    case 'OLDER':
    case 'YOUNGER':
      cursor.needs('WITHIN', name);
      cursor.space('a number of seconds');
      return {
        kind: 'within',
        relation: name === 'OLDER' ? 'older' : 'younger',
        // 0 is no interval by RFC 5032 §3; imapflow sends it for a date to come.
        seconds: cursor.number('a number of seconds'),
      };
    case 'FUZZY':
      cursor.needs('SEARCH=FUZZY', name);
      return { kind: 'fuzzy', key: inner() };
    case 'FILTER':
      return parseFilter(cursor, context);
    case 'MODSEQ':
      return parseModSeq(cursor);
    default: {
      const key = parseMessageKey(cursor, name);
      if (key) return key;
      throw new ImapSyntaxError(`unknown search key ${name.length <= 40 ? name : `${name.slice(0, 40)}...`}`);
    }
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

/**
 * `FILTER name`: the stored search, in its place word for word (RFC 5466 §3.1). So this is its first key, for a NOT or an OR
 * before it too; the others follow.
 */
function parseFilter(cursor: CommandCursor, context: KeyContext): SearchKey {
  const { charset, filter, depth } = context;
  cursor.needs('FILTERS', 'FILTER');
  cursor.space('the name of a filter');
  const name = cursor.atom('the name of a filter');
  if (!charset.isUtf8)
    throw new ImapSyntaxError('a search that names a filter is in UTF-8', {
      status: 'BAD',
      code: { code: 'BADCHARSET', charsets: ['US-ASCII', 'UTF-8'] },
    });
  const value = depth < MAX_FILTER_DEPTH && !name.includes('/') ? filter?.(name) : undefined;
  if (value === undefined)
    throw new ImapSyntaxError('there is no filter of that name', {
      status: 'NO',
      code: { code: 'UNDEFINED-FILTER', name },
    });
  try {
    const offers = (extension: ExtensionName): boolean => cursor.offers(extension);
    const stored = new CommandCursor(segmentsOf(` ${value}`), { offers, uidOnly: cursor.uidOnly });
    const [key, ...others] = parseKeys(stored, { ...context, depth: depth + 1, inserted: [] });
    context.inserted.push(...others);
    return key ?? { kind: 'all' };
  } catch (error) {
    if (!(error instanceof ImapSyntaxError) || error.status === 'NO') throw error;
    // What is wrong stands in the filter, not in this command.
    throw new ImapSyntaxError(`the filter ${name} is no search: ${error.message}`, {
      status: 'NO',
      code: 'CANNOT',
    });
  }
}

/** A stored search as text and literals in turn: a client may have stored one with literals. */
export function segmentsOf(value: string): Segment[] {
  const segments: Segment[] = [];
  let rest = value;
  for (;;) {
    const literal = /\{([0-9]{1,6})\+?\}\r\n/.exec(rest);
    if (!literal) return [...segments, rest];
    const start = literal.index + literal[0].length;
    const end = start + Number(literal[1]);
    if (end > rest.length) throw new ImapSyntaxError('a literal is longer than what follows it');
    const body = Buffer.from(rest.slice(start, end), 'latin1');
    segments.push(rest.slice(0, literal.index), { kind: 'buffered', binary: false, body });
    rest = rest.slice(end);
  }
}

import type { RawCommand } from '../../../../gateway/imap/wire/command.ts';
import { parseAppend, parseReplace } from '../../../../gateway/imap/wire/append-grammar.ts';
import { parseFetch } from '../../../../gateway/imap/wire/fetch-grammar.ts';
import { parseList, parseLsub } from '../../../../gateway/imap/wire/list-grammar.ts';
import {
  parseCreate,
  parseMailbox,
  parseRename,
  parseSelect,
  parseStatus,
} from '../../../../gateway/imap/wire/mailbox-grammar.ts';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import type { CommandCursor, CursorOptions } from '../../../../gateway/imap/wire/parser.ts';
import { parseMailboxFilters } from '../../../../gateway/imap/wire/mailbox-filter-grammar.ts';
import { parseSearchProgram } from '../../../../gateway/imap/wire/search-grammar.ts';
import { OF_SEARCH, OF_SORT, parseReturn } from '../../../../gateway/imap/wire/search-return.ts';
import { parseSortProgram, parseThreadProgram } from '../../../../gateway/imap/wire/sort-grammar.ts';
import {
  parseAuthenticate,
  parseEnable,
  parseId,
  parseLogin,
  parseNothing,
} from '../../../../gateway/imap/wire/session-grammar.ts';
import { parseCopy, parseStore, parseUidExpunge } from '../../../../gateway/imap/wire/store-grammar.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';

/** A command as the reader would hand it over; literals are written `<text>` in a list of segments. */
export function command(...parts: (string | Uint8Array)[]): RawCommand {
  const segments: RawCommand['segments'][number][] = parts.map((part) =>
    typeof part === 'string' ? part : { kind: 'buffered', binary: false, body: part },
  );
  if (typeof parts.at(-1) !== 'string') segments.push('');
  return { tag: 'a', segments };
}

export function literal(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function parseEsearch(cursor: CommandCursor): unknown {
  const sources = cursor.accept(' IN ') ? parseMailboxFilters(cursor) : undefined;
  const returns = parseReturn(cursor, OF_SEARCH);
  return { sources, returns, key: parseSearchProgram(cursor, { filter: () => 'NOT SEEN' }) };
}

function parseSearch(cursor: CommandCursor): unknown {
  return { returns: parseReturn(cursor, OF_SEARCH), key: parseSearchProgram(cursor) };
}

const GRAMMARS: Record<string, (cursor: CommandCursor) => unknown> = {
  NOOP: parseNothing,
  LOGIN: parseLogin,
  AUTHENTICATE: parseAuthenticate,
  ID: parseId,
  ENABLE: parseEnable,
  SELECT: parseSelect,
  EXAMINE: parseSelect,
  CREATE: parseCreate,
  DELETE: parseMailbox,
  RENAME: parseRename,
  STATUS: parseStatus,
  LIST: parseList,
  LSUB: parseLsub,
  APPEND: parseAppend,
  REPLACE: parseReplace,
  'UID REPLACE': parseReplace,
  FETCH: parseFetch,
  'UID FETCH': parseFetch,
  STORE: parseStore,
  'UID STORE': parseStore,
  COPY: parseCopy,
  'UID MOVE': parseCopy,
  'UID EXPUNGE': parseUidExpunge,
  SEARCH: parseSearch,
  'UID SEARCH': parseSearch,
  SORT: (cursor) => ({ returns: parseReturn(cursor, OF_SORT), ...parseSortProgram(cursor, {}) }),
  THREAD: (cursor) => parseThreadProgram(cursor, {}),
  ESEARCH: parseEsearch,
};

/** Parses a whole command by the grammar of its name. */
export function parse(raw: RawCommand, options: CursorOptions = {}): unknown {
  const { name, cursor } = openCommand(raw, options);
  const grammar = GRAMMARS[name];
  if (grammar === undefined) throw new ImapSyntaxError(`unknown command ${name}`);
  return grammar(cursor);
}

/** The same with sequence sets written out, for comparing. */
export function plainly(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'object' && part !== null && 'resolve' in part
        ? (part as { toString: () => string }).toString()
        : part,
    ),
  );
}

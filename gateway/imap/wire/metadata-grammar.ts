/** Arguments of GETMETADATA and SETMETADATA (RFC 5464 §5), and of LIST's return option METADATA (RFC 9590 §5). */
import type { GetMetadataArguments, SetMetadataArguments } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Entries of one command, each of which is looked for among all annotations of a mailbox. */
const MAX_ENTRIES = 100;

type Options = { -readonly [K in 'maxSize' | 'depth']: GetMetadataArguments[K] };

/** `GETMETADATA [(options)] mailbox [(options)] entries`: the grammar has the options before, the examples behind. */
export function parseGetMetadata(cursor: CommandCursor): GetMetadataArguments {
  const options: Options = { maxSize: undefined, depth: 0 };
  cursor.space('a mailbox name');
  if (cursor.peek() === '(') {
    parseOptions(cursor, options);
    cursor.space('a mailbox name');
  }
  const mailbox = cursor.mailbox();
  cursor.space('entry names');
  if (cursor.at('(MAXSIZE ') || cursor.at('(DEPTH ')) {
    parseOptions(cursor, options);
    cursor.space('entry names');
  }
  const entries = cursor.peek() === '(' ? parseEntries(cursor) : bareEntries(cursor);
  cursor.end();
  return { mailbox, ...options, entries };
}

function parseOptions(cursor: CommandCursor, options: Options): void {
  cursor.list('options of GETMETADATA', () => {
    const name = cursor.keyword('an option of GETMETADATA');
    cursor.space('its value');
    if (name === 'MAXSIZE') options.maxSize = cursor.number('a number of octets');
    else if (name === 'DEPTH') options.depth = parseDepth(cursor);
    else throw new ImapSyntaxError('unknown option of GETMETADATA: MAXSIZE and DEPTH are known');
  });
}

function parseDepth(cursor: CommandCursor): number {
  const depth = cursor.keyword('0, 1 or infinity');
  if (depth === '0' || depth === '1') return Number(depth);
  if (depth === 'INFINITY') return Infinity;
  throw new ImapSyntaxError('DEPTH is 0, 1 or infinity');
}

/** `(entry entry …)`. */
export function parseEntries(cursor: CommandCursor): readonly string[] {
  return bounded(cursor.list('entry names', () => cursor.astring('an entry name')));
}

/** One entry; several without parentheses, which the grammar does not have, stand in examples of RFC 5464 §4.4.1. */
function bareEntries(cursor: CommandCursor): readonly string[] {
  const entries: string[] = [];
  do entries.push(cursor.astring('an entry name'));
  while (!cursor.atTrailingSpace() && cursor.accept(' '));
  return bounded(entries);
}

/** `SETMETADATA mailbox (entry value entry value …)`. */
export function parseSetMetadata(cursor: CommandCursor): SetMetadataArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.space('entries and values');
  const entries = cursor.list('entries and values', () => {
    const entry = cursor.astring('an entry name');
    cursor.space('a value');
    return { entry, value: cursor.nbytes('a value, or NIL') };
  });
  cursor.end();
  return { mailbox, entries: bounded(entries) };
}

function bounded<T>(entries: readonly T[]): readonly T[] {
  if (entries.length > MAX_ENTRIES)
    throw new ImapSyntaxError(`a command can name at most ${MAX_ENTRIES} entries`);
  return entries;
}

/** Arguments of SORT (RFC 5256, RFC 5267, RFC 5957, RFC 6203) and THREAD (RFC 5256). */
import type { SearchKey, SortCriterion, SortKey, ThreadAlgorithm } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import {
  type SearchCharset,
  type SearchSurroundings,
  parseCharset,
  parseSearchKeys,
} from './search-grammar.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** `(REVERSE DATE SUBJECT) UTF-8 key …`, from the space before it to the end. */
export function parseSortProgram(
  cursor: CommandCursor,
  surroundings: SearchSurroundings,
): { readonly criteria: readonly SortCriterion[]; readonly key: SearchKey } {
  cursor.space('sort criteria');
  const criteria = cursor.list('sort criteria', () => parseCriterion(cursor));
  return { criteria, key: parseSearchKeys(cursor, namedCharset(cursor, surroundings), surroundings) };
}

/**
 * The charset, which must be named. Once UTF8=ACCEPT is enabled it can only be UTF-8 (RFC 9755 §3), or the US-ASCII in it,
 * which clients name out of habit.
 */
function namedCharset(cursor: CommandCursor, surroundings: SearchSurroundings): SearchCharset {
  cursor.space('a charset');
  const charset = parseCharset(cursor, surroundings);
  if (surroundings.utf8Accepted && !charset.isUtf8)
    throw new ImapSyntaxError('strings are UTF-8 once UTF8=ACCEPT is enabled: name no other charset');
  return charset;
}

function parseCriterion(cursor: CommandCursor): SortCriterion {
  const name = cursor.keyword('a sort criterion');
  if (name !== 'REVERSE') return { key: sortKey(cursor, name), reverse: false };
  cursor.space('a sort criterion');
  return { key: sortKey(cursor, cursor.keyword('a sort criterion')), reverse: true };
}

function sortKey(cursor: CommandCursor, name: string): SortKey {
  switch (name) {
    case 'ARRIVAL':
    case 'CC':
    case 'DATE':
    case 'FROM':
    case 'SIZE':
    case 'SUBJECT':
    case 'TO':
      return name;
    case 'DISPLAYFROM':
    case 'DISPLAYTO':
      cursor.needs('SORT=DISPLAY', name);
      return name;
    case 'RELEVANCY':
      cursor.needs('SEARCH=FUZZY', name);
      return name;
    default:
      throw new ImapSyntaxError('unknown sort criterion');
  }
}

/** `REFERENCES UTF-8 key …`, from the space before it to the end. */
export function parseThreadProgram(
  cursor: CommandCursor,
  surroundings: SearchSurroundings,
): { readonly algorithm: ThreadAlgorithm; readonly key: SearchKey } {
  cursor.space('a threading algorithm');
  const algorithm = threadAlgorithm(cursor, cursor.keyword('a threading algorithm'));
  return { algorithm, key: parseSearchKeys(cursor, namedCharset(cursor, surroundings), surroundings) };
}

function threadAlgorithm(cursor: CommandCursor, name: string): ThreadAlgorithm {
  switch (name) {
    case 'ORDEREDSUBJECT':
    case 'REFERENCES':
    case 'REFS':
      cursor.needs(`THREAD=${name}`, 'the algorithm');
      return name;
    default:
      throw new ImapSyntaxError('unknown threading algorithm');
  }
}

/** RETURN options of SEARCH, SORT and ESEARCH (RFC 4731, RFC 5182, RFC 5267, RFC 6203, RFC 9394). */
import type { ExtensionName } from '../extensions.ts';
import type { FetchItem, SearchReturn } from './ast.ts';
import { parseFetchAttributes } from './fetch-grammar.ts';
import type { CommandCursor } from './parser.ts';
import { parseResultRange } from './result-range.ts';
import { ImapSyntaxError } from './syntax-error.ts';

export const ALL_RESULTS: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: undefined,
  update: null,
  relevancy: false,
};

/** What RETURN, and the options of a context, belong to in a command. */
export interface ReturnExtensions {
  readonly options: ExtensionName;
  readonly context: ExtensionName;
}

export const OF_SEARCH: ReturnExtensions = { options: 'ESEARCH', context: 'CONTEXT=SEARCH' };
export const OF_SORT: ReturnExtensions = { options: 'ESORT', context: 'CONTEXT=SORT' };

/** ` RETURN (…)`, if it stands here. */
export function parseReturn(cursor: CommandCursor, of: ReturnExtensions): SearchReturn | undefined {
  if (!cursor.accept(' RETURN ')) return undefined;
  cursor.needs(of.options, 'RETURN');
  const options: { -readonly [K in keyof SearchReturn]: SearchReturn[K] } = { ...ALL_RESULTS, all: false };
  const found = cursor.list('return options', () => parseOption(cursor, of, options), 'allowed');
  // `RETURN ()` means ALL (RFC 4731 §3.1).
  if (found.length === 0) return ALL_RESULTS;
  if (options.all && options.partial)
    throw new ImapSyntaxError('RETURN takes one PARTIAL, or ALL, but not both (RFC 5267 section 4.4)');
  return options;
}

/** `UPDATE (UID …)`: RFC 5465 §7. */
function parseUpdateItems(cursor: CommandCursor): readonly FetchItem[] {
  if (!cursor.at(' (')) return [];
  cursor.needs('NOTIFY', 'data items of UPDATE');
  cursor.space('data items');
  return parseFetchAttributes(cursor);
}

function parseOption(
  cursor: CommandCursor,
  of: ReturnExtensions,
  options: { -readonly [K in keyof SearchReturn]: SearchReturn[K] },
): void {
  const name = cursor.keyword('a return option');
  switch (name) {
    case 'MIN':
    case 'MAX':
    case 'ALL':
    case 'COUNT':
      options[name.toLowerCase() as 'min' | 'max' | 'all' | 'count'] = true;
      return;
    case 'SAVE':
      cursor.needs('SEARCHRES', 'SAVE');
      options.save = true;
      return;
    case 'PARTIAL':
      if (!cursor.offers('PARTIAL')) cursor.needs(of.context, 'PARTIAL');
      if (options.partial) throw new ImapSyntaxError('RETURN takes one PARTIAL (RFC 5267 section 4.4)');
      cursor.space('a range of results');
      options.partial = parseResultRange(cursor);
      return;
    case 'UPDATE':
      cursor.needs(of.context, name);
      options.update = { items: parseUpdateItems(cursor) };
      return;
    case 'CONTEXT':
      cursor.needs(of.context, name);
      return;
    case 'RELEVANCY':
      cursor.needs('SEARCH=FUZZY', name);
      options.relevancy = true;
      return;
    default:
      throw new ImapSyntaxError(
        'unknown return option: MIN, MAX, ALL, COUNT, SAVE, PARTIAL, UPDATE, CONTEXT and RELEVANCY are known',
      );
  }
}

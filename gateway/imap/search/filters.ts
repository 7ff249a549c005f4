/** Searches that are stored by name, as annotations of the server (RFC 5466). Pure. */
import { annotation } from '../../../shared/account/annotations.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { ServerEntries } from '../../../shared/directory/directory.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { CommandCursor, type CursorOptions } from '../wire/parser.ts';
import { type SearchSurroundings, parseSearchKeys, segmentsOf, UTF8 } from '../wire/search-grammar.ts';
import { ImapSyntaxError } from '../wire/syntax-error.ts';

const VALUES = '/filters/values/';

/**
 * Values by name, as byte strings. A private filter hides the shared one of its name (RFC 5466 §3.1). `shared`: the entries
 * that an administrator has set for everybody.
 */
export function filterOf(
  state: AccountState,
  user: AccountId,
  shared: ServerEntries,
): (name: string) => string | undefined {
  return (name) => {
    const entry = `${VALUES}${name.toLowerCase()}`;
    const value = annotation(state.annotations, user, entry) ?? shared.get(entry);
    return value && Buffer.from(value).toString('latin1');
  };
}

/**
 * What is wrong with `value` as the annotation `name` of the server; null for a whole and correct search (RFC 5466 §3.2
 * wants that to be looked at), and for what is no filter. The filters that it names need not be there yet.
 */
export function filterFault(name: string, value: Uint8Array, grammar: CursorOptions): string | null {
  if (!name.startsWith(VALUES)) return null;
  const surroundings: SearchSurroundings = { filter: () => 'ALL' };
  try {
    const text = ` ${Buffer.from(value).toString('latin1')}`;
    parseSearchKeys(new CommandCursor(segmentsOf(text), grammar), UTF8, surroundings);
    return null;
  } catch (error) {
    if (error instanceof ImapSyntaxError) return error.message;
    throw error;
  }
}

/** Arguments of LIST, LSUB and XLIST (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154). */
import type { ListArguments } from './ast.ts';
import { parseStatusItems } from './mailbox-grammar.ts';
import { parseEntries } from './metadata-grammar.ts';
import type { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Patterns of one LIST, each of which is matched against every mailbox. */
const MAX_PATTERNS = 100;

/** `LIST`, from the space before the first argument to the end. */
export function parseList(cursor: CommandCursor): ListArguments {
  cursor.space('a reference name');
  const selects = cursor.peek() === '(';
  const select = { subscribed: false, remote: false, recursiveMatch: false, specialUse: false };
  if (selects) {
    parseSelection(cursor, select);
    cursor.space('a reference name');
  }
  const reference = parseReference(cursor);
  cursor.space('a mailbox pattern');
  const several = cursor.peek() === '(';
  const patterns = several
    ? cursor.list('mailbox patterns', () => cursor.listMailbox())
    : [cursor.listMailbox()];
  if (patterns.length > MAX_PATTERNS)
    throw new ImapSyntaxError(`LIST takes at most ${MAX_PATTERNS} patterns`);
  const returning = cursor.accept(' RETURN ');
  const returns = returning ? parseReturns(cursor) : NO_RETURNS;
  if (selects || several || returning) cursor.needs('LIST-EXTENDED', 'the extended form of LIST');
  cursor.end();
  return { extended: selects || several || returning, select, reference, patterns, returns };
}

/** `LSUB`, and `XLIST` of older Outlook: a reference and one pattern. */
export function parseLsub(cursor: CommandCursor): { readonly reference: string; readonly pattern: string } {
  cursor.space('a reference name');
  const reference = parseReference(cursor);
  cursor.space('a mailbox pattern');
  const pattern = cursor.listMailbox();
  cursor.end();
  return { reference, pattern };
}

/** A reference is the beginning of a pattern, so INBOX is left as it was sent. */
function parseReference(cursor: CommandCursor): string {
  return cursor.listMailbox('a reference name');
}

function parseSelection(
  cursor: CommandCursor,
  select: { -readonly [K in keyof ListArguments['select']]: boolean },
): void {
  const parseOption = (): void => {
    switch (cursor.keyword('a selection option of LIST')) {
      case 'SUBSCRIBED':
        select.subscribed = true;
        return;
      case 'REMOTE':
        select.remote = true;
        return;
      case 'RECURSIVEMATCH':
        select.recursiveMatch = true;
        return;
      case 'SPECIAL-USE':
        cursor.needs('SPECIAL-USE', 'SPECIAL-USE');
        select.specialUse = true;
        return;
      default:
        throw new ImapSyntaxError(
          'unknown selection option of LIST: SUBSCRIBED, REMOTE, RECURSIVEMATCH and SPECIAL-USE are known',
        );
    }
  };
  cursor.list('selection options', parseOption, 'allowed');
  if (select.recursiveMatch && !select.subscribed && !select.specialUse) {
    throw new ImapSyntaxError(
      'RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it (RFC 9051 section 6.3.9.1)',
    );
  }
}

const NO_RETURNS: ListArguments['returns'] = {
  subscribed: false,
  children: false,
  specialUse: false,
  status: undefined,
  metadata: undefined,
  myRights: false,
};

function parseReturns(cursor: CommandCursor): ListArguments['returns'] {
  const returns: { -readonly [K in keyof ListArguments['returns']]: ListArguments['returns'][K] } = {
    ...NO_RETURNS,
  };
  const parseOption = (): void => {
    switch (cursor.keyword('a return option of LIST')) {
      case 'SUBSCRIBED':
        returns.subscribed = true;
        return;
      case 'CHILDREN':
        returns.children = true;
        return;
      case 'SPECIAL-USE':
        cursor.needs('SPECIAL-USE', 'SPECIAL-USE');
        returns.specialUse = true;
        return;
      case 'STATUS':
        cursor.needs('LIST-STATUS', 'STATUS');
        cursor.space('status items');
        returns.status = parseStatusItems(cursor);
        return;
      case 'METADATA':
        cursor.needs('LIST-METADATA', 'METADATA');
        cursor.space('entry names');
        returns.metadata = parseEntries(cursor);
        return;
      case 'MYRIGHTS':
        cursor.needs('LIST-MYRIGHTS', 'MYRIGHTS');
        returns.myRights = true;
        return;
      default:
        throw new ImapSyntaxError(
          'unknown return option of LIST: SUBSCRIBED, CHILDREN, SPECIAL-USE, STATUS, METADATA and MYRIGHTS are known',
        );
    }
  };
  cursor.list('return options', parseOption, 'allowed');
  return returns;
}

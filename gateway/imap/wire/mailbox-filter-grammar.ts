/** Which mailboxes are meant, without naming each (RFC 5465 §6, `filter-mailboxes`; RFC 7377 §2.2). */
import type { MailboxFilter } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** `(personal subtree "a" …)`, as ESEARCH has it: one filter or several, and no options, for none are defined. */
export function parseMailboxFilters(cursor: CommandCursor): MailboxFilter[] {
  return cursor.list('mailboxes to search', () => {
    const filter = parseMailboxFilter(cursor);
    if (filter.kind !== 'selected-delayed') return filter;
    throw new ImapSyntaxError('"selected-delayed" is of NOTIFY alone');
  });
}

/** One filter. */
export function parseMailboxFilter(cursor: CommandCursor): MailboxFilter {
  const kind = cursor
    .keyword('which mailboxes: selected, inboxes, personal, subscribed and so on')
    .toLowerCase();
  switch (kind) {
    case 'selected':
    case 'selected-delayed':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { kind };
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes':
      cursor.space('a mailbox name, or a list of them');
      return { kind, mailboxes: parseOneOrMore(cursor) };
    default:
      throw new ImapSyntaxError(
        'mailboxes are selected, inboxes, personal, subscribed, subtree, subtree-one or mailboxes',
      );
  }
}

function parseOneOrMore(cursor: CommandCursor): string[] {
  return cursor.peek() === '(' ? cursor.list('mailbox names', () => cursor.mailbox()) : [cursor.mailbox()];
}

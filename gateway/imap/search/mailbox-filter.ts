/** The mailboxes that a filter means in an account (RFC 5465 §6, RFC 7377 §2.2). Pure. */
import { findMailbox, normalName } from '../../../shared/account/mailbox-names.ts';
import { type AccountState, DELIMITER, INBOX_ID, type Mailbox } from '../../../shared/account/state.ts';
import type { MailboxFilter } from '../wire/ast.ts';

/** Filters but for those of the selected mailbox, which may be another account's. */
export type NamingFilter = Exclude<MailboxFilter, { readonly kind: 'selected' | 'selected-delayed' }>;

/**
 * Mailboxes that one of `filters` means, each once, in the order of the account's tree. A name that nobody has is passed
 * over without a word, as one is that must not be seen (RFC 7377 §2.2).
 */
export function mailboxesOf(state: AccountState, filters: readonly NamingFilter[]): Mailbox[] {
  const tests = filters.map((filter) => testOf(state, filter));
  return [...state.mailboxes.values()].filter((mailbox) => tests.some((test) => test(mailbox)));
}

function testOf(state: AccountState, filter: NamingFilter): (mailbox: Mailbox) => boolean {
  switch (filter.kind) {
    case 'personal':
      return () => true;
    case 'inboxes':
      // Where deliveries go by themselves: spam goes to Junk.
      return ({ id, use }) => id === INBOX_ID || use === 'Junk';
    case 'subscribed':
      return ({ name }) => state.subscriptions.has(name);
    case 'mailboxes': {
      const ids = new Set(filter.mailboxes.map((name) => findMailbox(state, name)?.id));
      return ({ id }) => ids.has(id);
    }
    case 'subtree':
    case 'subtree-one': {
      const tops = filter.mailboxes.map(normalName);
      const isBelow = (name: string, top: string): boolean =>
        name.startsWith(top + DELIMITER) &&
        (filter.kind === 'subtree' || !name.slice(top.length + 1).includes(DELIMITER));
      return ({ name }) => tops.some((top) => name === top || isBelow(name, top));
    }
  }
}

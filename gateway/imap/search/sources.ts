/** The mailboxes that an ESEARCH searches beside the selected one, in whichever account (RFC 7377 §2.2). */
import type { Mailbox } from '../../../shared/account/state.ts';
import { type Home, OTHER_USERS } from '../session/home.ts';
import { type Place, placeOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { MailboxFilter } from '../wire/ast.ts';
import { type NamingFilter, mailboxesOf } from './mailbox-filter.ts';

export interface Source {
  readonly home: Home;
  readonly mailbox: Mailbox;
}

export function isNaming(filter: MailboxFilter): filter is NamingFilter {
  return filter.kind !== 'selected' && filter.kind !== 'selected-delayed';
}

/**
 * Mailboxes that one of `filters` means, each once: those of the session's own account, then those that others share. One
 * that is not there, or may not be searched, is passed over without a word, so that nobody learns that it is there.
 */
export async function sourcesOf(session: Session, filters: readonly NamingFilter[]): Promise<Source[]> {
  if (filters.length === 0) return [];
  const { home } = session;
  // As new as what STATUS or SELECT would tell of them: nobody else has brought these mailboxes up to date.
  const state = await home.sync();
  const own = mailboxesOf(state, filters.map(ownPart)).map((mailbox) => ({ home, mailbox }));
  const shared = new Map<string, Source>();
  for (const filter of filters) {
    for (const name of foreignNames(filter, state.subscriptions)) {
      const place = await placeOf(session, name).catch(toNothing);
      for (const source of place ? await sharedAt(place, filter) : [])
        shared.set(`${source.home.account} ${source.mailbox.id}`, source);
    }
  }
  return [...own, ...shared.values()];
}

function isForeign(name: string): boolean {
  return name.startsWith(OTHER_USERS);
}

function ownPart(filter: NamingFilter): NamingFilter {
  if (!('mailboxes' in filter)) return filter;
  return { ...filter, mailboxes: filter.mailboxes.filter((name) => !isForeign(name)) };
}

function foreignNames(filter: NamingFilter, subscriptions: ReadonlySet<string>): string[] {
  if (filter.kind === 'subscribed') return [...subscriptions].filter(isForeign);
  return 'mailboxes' in filter ? filter.mailboxes.filter(isForeign) : [];
}

function toNothing(error: unknown): undefined {
  if (!(error instanceof No)) throw error;
}

/** What is named needs the right "r", what is below it or subscribed to "l" as well. */
async function sharedAt({ home, name }: Place, filter: NamingFilter): Promise<Source[]> {
  const kind = filter.kind === 'subtree' || filter.kind === 'subtree-one' ? filter.kind : 'mailboxes';
  const isNamed = (mailbox: Mailbox): boolean => filter.kind !== 'subscribed' && mailbox.name === name;
  return mailboxesOf(await home.state(), [{ kind, mailboxes: [name] }])
    .filter((mailbox) => home.may(mailbox, 'r') && (isNamed(mailbox) || home.may(mailbox, 'l')))
    .map((mailbox) => ({ home, mailbox }));
}

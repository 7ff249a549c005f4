/** Which mailboxes an event group of NOTIFY means (RFC 5465 §6), and in whose accounts they are. */
import type { MailboxId } from '../../../shared/account/ids.ts';
import { normalName, superiorNames } from '../../../shared/account/mailbox-names.ts';
import {
  type AccountState,
  DELIMITER,
  INBOX_ID,
  mailboxFor,
  mailboxNamed,
} from '../../../shared/account/state.ts';
import { type Home, OTHER_USERS } from '../session/home.ts';
import { ownerOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { EventGroup, NotifyFilter } from '../wire/notify-grammar.ts';

/** Accounts of others that one client watches: each is held open for it, and read for each of its changes. */
const MAX_OTHERS = 8;

/** The groups with names as this session tells them. Names that can be nobody's are left out (RFC 5465 §3.1: MUST). */
export async function resolved(session: Session, groups: readonly EventGroup[]): Promise<EventGroup[]> {
  requireFew(groups.flatMap(namesOf));
  const all: EventGroup[] = [];
  for (const group of groups) {
    const { filter } = group;
    if (!('names' in filter)) {
      all.push(group);
      continue;
    }
    const names: string[] = [];
    for (const name of filter.names) {
      if (filter.kind === 'subtree' && isAboveAll(name)) throw tooMuch();
      const told = await toldName(session, name);
      if (told !== null) names.push(told);
    }
    all.push({ ...group, filter: { ...filter, names } });
  }
  return all;
}

/** Homes of the others in whose accounts something is watched. */
export async function othersWatched(
  session: Session,
  groups: readonly EventGroup[],
  { subscriptions }: AccountState,
): Promise<Home[]> {
  const active = groups.filter(({ events }) => events.size > 0);
  const subscribed = active.some(({ filter }) => filter.kind === 'subscribed') ? [...subscriptions] : [];
  const homes: Home[] = [];
  for (const address of requireFew([...active.flatMap(namesOf), ...subscribed])) {
    const home = session.offers('ACL') ? await session.homeOf(address) : null;
    if (home && home.guest !== null) homes.push(home);
  }
  return homes;
}

/** Whether a filter means the name, as the session's own account is. */
export type Applies = (name: string, own: AccountState) => boolean;

/**
 * Names that are no mailbox, or no longer, are watched as if they were: what is told is that they came or went. A command
 * may name thousands, and is asked of each mailbox.
 */
export function matcherOf(filter: NotifyFilter): Applies {
  switch (filter.kind) {
    case 'selected':
      return () => false;
    case 'personal':
      return isOwn;
    case 'inboxes':
      return (name, own) => isOwn(name) && isInbox(mailboxNamed(own, name)?.id, own);
    case 'subscribed':
      return (name, { subscriptions }) => subscriptions.has(name);
    case 'subtree': {
      const tops = new Set(filter.names);
      return (name) => tops.has(name) || superiorNames(name).some((above) => tops.has(above));
    }
    case 'mailboxes': {
      const names = new Set(filter.names);
      return (name) => names.has(name);
    }
  }
}

function isOwn(name: string): boolean {
  return !name.startsWith(OTHER_USERS);
}

/** Where deliveries go: see `functions/deliver/placement.ts`. */
function isInbox(id: MailboxId | undefined, own: AccountState): boolean {
  return id !== undefined && (id === INBOX_ID || id === mailboxFor(own, 'Junk')?.id);
}

function namesOf({ filter }: EventGroup): readonly string[] {
  return 'names' in filter ? filter.names : [];
}

/** The addresses of the owners of `names`, once each. */
function requireFew(names: readonly string[]): ReadonlySet<string> {
  const addresses = new Set(names.flatMap((name) => ownerOf(name)?.address ?? []));
  if (addresses.size > MAX_OTHERS) throw tooMuch();
  return addresses;
}

function tooMuch(): No {
  return new No(
    `mailboxes of at most ${MAX_OTHERS} other users can be watched, named one by one or by owner`,
    'NOTIFICATIONOVERFLOW',
  );
}

/** `#user`: everything that anybody shares. */
function isAboveAll(name: string): boolean {
  return name === OTHER_USERS || name + DELIMITER === OTHER_USERS;
}

/** In whatever spelling the owner's address was sent; null if nobody has it. */
async function toldName(session: Session, name: string): Promise<string | null> {
  const elsewhere = session.offers('ACL') ? ownerOf(name) : null;
  if (!elsewhere) return normalName(name);
  const home = await session.homeOf(elsewhere.address);
  if (!home) return null;
  return elsewhere.rest === ''
    ? home.prefix.slice(0, -DELIMITER.length)
    : home.prefix + normalName(elsewhere.rest);
}

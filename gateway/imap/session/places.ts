/**
 * From a mailbox name to the account that it is in: the session's own, or, below `#user/`, another's. Names that the
 * session may not look up behave as if they did not exist (RFC 4314 §6), in whichever account.
 */
import type { Right } from '../../../shared/account/acl.ts';
import { canBeName, normalName, superiorNames } from '../../../shared/account/mailbox-names.ts';
import { type AccountState, DELIMITER, type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import { parseIfAddress } from '../../../shared/directory/address.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { type Home, OTHER_USERS } from './home.ts';
import { No } from './refusals.ts';
import type { Session } from './session.ts';

/** A name within an account; no mailbox needs to have it. */
export interface Place {
  readonly home: Home;
  /** Normalised, without the home's prefix. */
  readonly name: string;
}

/** A mailbox, as the session reads it. */
export interface FoundMailbox extends Place {
  readonly mailbox: Mailbox;
}

/** One whose messages are in memory, in a state in which it has that name. */
export interface OpenedMailbox extends FoundMailbox {
  readonly state: AccountState;
}

/** `#user/alice@example.com/Work` in two; null for a name that is not below `#user/`. */
export function ownerOf(name: string): { readonly address: string; readonly rest: string } | null {
  if (!name.startsWith(OTHER_USERS)) return null;
  const path = name.slice(OTHER_USERS.length);
  const end = endOfAddress(path);
  return { address: path.slice(0, end).normalize('NFC'), rest: path.slice(end + 1) };
}

/** Characters of an address in any spelling; longer ones are nobody's. */
const MAX_ADDRESS_LENGTH = 1_000;

/**
 * RFC 5322 §3.2.3 lets addresses hold the delimiter, too: an owner's is the shortest beginning of levels that is an address,
 * or else the first level, which is nobody's.
 */
function endOfAddress(path: string): number {
  const levelEnd = (from: number): number => {
    const end = path.indexOf(DELIMITER, from);
    return end < 0 ? path.length : end;
  };
  for (let end = levelEnd(0); end <= MAX_ADDRESS_LENGTH; end = levelEnd(end + 1)) {
    const address = path.slice(0, end);
    if (address.includes('@') && parseIfAddress(address) !== undefined) return end;
    if (end === path.length) break;
  }
  return levelEnd(0);
}

/** Where `name` would be. Throws `No` if it is in the account of nobody. */
export async function placeOf(session: Session, name: string): Promise<Place> {
  const elsewhere = session.offers('ACL') ? ownerOf(name) : null;
  if (!elsewhere) return { home: session.home, name: normalName(name) };
  const home = await session.homeOf(elsewhere.address);
  // One's own mailboxes have one name: LIST shows no other, and no answer would tell the one that was asked for.
  if (!home || home === session.home || elsewhere.rest === '') throw nonexistent();
  // What the lists grant may depend on the groups that they name: from here on the home knows.
  await home.state();
  return { home, name: normalName(elsewhere.rest) };
}

export interface FindOptions {
  /** What the command needs; without it, to look it up is enough. Null: the caller decides. */
  readonly right?: Right | null;
  /** Told where the mailbox could be created (RFC 9051 §6.3.12). */
  readonly tryCreate?: boolean;
  /** Read what other gateways have done first, however fresh the own account seems. */
  readonly fresh?: boolean;
}

/** The mailbox by that name. Throws `No` if there is none, or the session may not do with it what it must. */
export async function findNamed(
  session: Session,
  name: string,
  options: FindOptions = {},
): Promise<FoundMailbox> {
  const { fresh = false } = options;
  const place = await placeOf(session, name);
  const { home } = place;
  let state = await (fresh && home.guest === null ? home.sync() : home.state());
  // What another gateway has just made is looked for before the client is told that it is not there.
  if (!fresh && home.guest === null && !mailboxNamed(state, place.name)) state = await home.sync();
  return mailboxAt(place, state, options);
}

/**
 * As `findNamed`, freshly read, with its messages in memory. Name, rights and messages are of one moment, that of `state`: while
 * messages are read, another session may rename the mailbox, and make another of that name.
 */
export async function openNamed(session: Session, name: string, right: Right): Promise<OpenedMailbox> {
  let found = await findNamed(session, name, { right, fresh: true });
  for (;;) {
    const { id } = found.mailbox;
    const state = await found.home.replica.load([id]);
    found = mailboxAt(found, state, { right });
    if (found.mailbox.id === id) return { ...found, state };
  }
}

/** The mailbox that has the name in `state`: for decisions, which are made on the newest. Throws as `findNamed`. */
export function mailboxAt(
  { home, name }: Place,
  state: AccountState,
  { right = 'l', tryCreate = false }: FindOptions = {},
): FoundMailbox {
  const mailbox = mailboxNamed(state, name);
  if (!mailbox) throw nonexistent(tryCreate && mayCreate(home, state, name) ? 'TRYCREATE' : undefined);
  if (right !== null) home.require(mailbox, right);
  return { home, name, mailbox: home.mailbox(state, mailbox.id) ?? mailbox };
}

/** Whether the UIDs that messages get there are told: not of a mailbox that the session may not open (RFC 9051 §6.3.12, §6.4.7). */
export function tellsUids(session: Session, { home, mailbox }: FoundMailbox): boolean {
  return session.offers('UIDPLUS') && home.may(mailbox, 'r');
}

/** Whether the session can make a mailbox: the right is looked for in the nearest one above (RFC 4314 §4, CREATE). */
function mayCreate(home: Home, state: AccountState, name: string): boolean {
  if (!canBeName(name)) return false;
  if (home.guest === null) return true;
  const above = nearestAbove(state, name);
  return above !== undefined && home.may(above, 'k');
}

export function nearestAbove(state: AccountState, name: string): Mailbox | undefined {
  return superiorNames(name)
    .map((superior) => mailboxNamed(state, superior))
    .findLast((mailbox) => mailbox !== undefined);
}

export function nonexistent(code: ResponseCode = 'NONEXISTENT'): No {
  return new No('there is no mailbox with that name', code);
}

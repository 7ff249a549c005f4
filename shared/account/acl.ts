/**
 * Access control lists of mailboxes (RFC 4314): who but the owner may do what. The owner always has every right; nobody
 * can take one from them, so they stand in no list.
 *
 * A group is an alias of the directory, known by its address; who is in it is the directory's to say. Of a user, an
 * entry keeps the account beside the identifier that was typed: an address that is given to another person later
 * does not take along what was granted to the one who had it.
 */
import type { AccountId, MailboxId } from './ids.ts';
import type { AclOp } from './ops.ts';
import type { Decision } from './commit-request.ts';
import type { AccountState, Mailbox } from './state.ts';

/** Standard rights (RFC 4314 §2.1) in the order in which they are told. */
export const RIGHTS = ['l', 'r', 's', 'w', 'i', 'p', 'k', 'x', 't', 'e', 'a'] as const;
export type Right = (typeof RIGHTS)[number];
/** What the owner has. */
export const ALL_RIGHTS = RIGHTS.join('');

/** The identifier for everybody (RFC 4314 §2). */
export const ANYONE = 'anyone';
/** Before an identifier: these rights are taken from it, whoever else grants them. */
const NEGATIVE = '-';

export interface AclEntry {
  /** As told by GETACL: an address, or `anyone`; with a dash before it, of negative rights. */
  readonly identifier: string;
  /** Whom it means; null: everybody, or the members of a group by that address. */
  readonly account: AccountId | null;
  /** Letters of `RIGHTS` in their order, one at least. */
  readonly rights: string;
}

/** By identifier, in order of first grant. */
export type Acl = ReadonlyMap<string, AclEntry>;

export const NO_ACL: Acl = new Map();

/** Entries of one list: a team is a group, not a thousand lines. */
export const MAX_ACL_ENTRIES = 200;
/** Of all mailboxes of an account: what its checkpoint grows by. */
export const MAX_ACL_ENTRIES_IN_ALL = 10_000;
/** Bytes of the names of all shared mailboxes: the directory keeps them in one item a grantee, which takes 400 KB. */
export const MAX_SHARED_NAME_BYTES = 250_000;

export class AclRefusal extends Error {
  readonly reason: 'limit' | 'no mailbox';
  constructor(reason: AclRefusal['reason'], message: string) {
    super(message);
    this.name = 'AclRefusal';
    this.reason = reason;
  }
}

/** The letters of `rights` in order, without repetition. */
export function normalRights(rights: string): string {
  return RIGHTS.filter((right) => rights.includes(right)).join('');
}

function withoutRights(rights: string, taken: string): string {
  return RIGHTS.filter((right) => rights.includes(right) && !taken.includes(right)).join('');
}

export function isNegative({ identifier }: Pick<AclEntry, 'identifier'>): boolean {
  return identifier.startsWith(NEGATIVE);
}

/** Whom an entry is about: the id of an account, `anyone`, or the address of a group. None looks like another. */
export type Grantee = string;

export function granteeOf({ identifier, account }: Pick<AclEntry, 'identifier' | 'account'>): Grantee {
  return account ?? identifier.slice(isNegative({ identifier }) ? NEGATIVE.length : 0);
}

/** Addresses of the groups that somebody is in; null: not known. */
export type Groups = ReadonlySet<string> | null;

/** Whether it takes knowledge of groups to tell what the lists of an account grant. */
export function namesGroups({ mailboxes }: AccountState): boolean {
  for (const { acl } of mailboxes.values())
    for (const entry of acl.values()) if (entry.account === null && granteeOf(entry) !== ANYONE) return true;
  return false;
}

/**
 * What `account`, which is not the owner's, may do: all that is granted to it, to its groups or to everybody, but for what is
 * taken from any of them. Where groups are not known, they grant nothing and take everything.
 */
export function grantedTo(acl: Acl, account: AccountId, groups: Groups): string {
  let granted = '';
  let taken = '';
  for (const entry of acl.values()) {
    const grantee = granteeOf(entry);
    const mine = grantee === account || grantee === ANYONE || groups?.has(grantee);
    if (isNegative(entry)) {
      const unknown = groups === null && entry.account === null;
      if (mine || unknown) taken += entry.rights;
    } else if (mine) granted += entry.rights;
  }
  return withoutRights(granted, taken);
}

/** A list with the rights of one identifier set; no rights: without it. */
export function withAclEntry(acl: Acl, { identifier, account, rights }: AclEntry): Acl {
  const next = new Map(acl);
  if (rights === '') next.delete(identifier);
  else next.set(identifier, { identifier, account, rights });
  return next;
}

/** SETACL's third argument (RFC 4314 §3.1): rights that replace, are added, or are taken away. */
export interface RightsChange {
  readonly mode: 'replace' | 'add' | 'remove';
  /** Normalised. */
  readonly rights: string;
}

/** SETACL; `whom` is not the owner. DELETEACL is the replacement by nothing. */
export function decideSetAcl(
  state: AccountState,
  id: MailboxId,
  whom: Pick<AclEntry, 'identifier' | 'account'>,
  change: RightsChange,
): Decision<Mailbox> {
  const mailbox = state.mailboxes.get(id);
  if (!mailbox) throw new AclRefusal('no mailbox', 'the mailbox is gone');
  const held = mailbox.acl.get(whom.identifier);
  // What a former holder of the address was granted is no ground to build on.
  const before = held?.account === whom.account ? held.rights : '';
  const rights = combined(before, change);
  if (rights === (held?.rights ?? '') && before === rights) return { ops: [], value: mailbox };
  if (!held && rights === '') return { ops: [], value: mailbox };
  if (!held) checkRoom(state, mailbox);
  return { ops: [{ op: 'acl', mailbox: id, entry: { ...whom, rights } }], value: mailbox };
}

function combined(before: string, { mode, rights }: RightsChange): string {
  if (mode === 'replace') return normalRights(rights);
  if (mode === 'add') return normalRights(before + rights);
  return withoutRights(before, rights);
}

function checkRoom(state: AccountState, mailbox: Mailbox): void {
  if (mailbox.acl.size >= MAX_ACL_ENTRIES)
    throw new AclRefusal('limit', `a mailbox can be shared with at most ${MAX_ACL_ENTRIES} identifiers`);
  let all = 0;
  let nameBytes = Buffer.byteLength(mailbox.name);
  for (const { acl, name } of state.mailboxes.values()) {
    all += acl.size;
    if (acl.size > 0) nameBytes += Buffer.byteLength(name);
  }
  if (nameBytes > MAX_SHARED_NAME_BYTES)
    throw new AclRefusal('limit', 'the names of all shared mailboxes are too long together');
  if (all >= MAX_ACL_ENTRIES_IN_ALL)
    throw new AclRefusal(
      'limit',
      `an account can have at most ${MAX_ACL_ENTRIES_IN_ALL} entries in its lists`,
    );
}

/** What one grantee's entries do to the list of mailboxes: names that they show, and names that they hide. */
export interface Share {
  readonly shown: readonly string[];
  readonly hidden: readonly string[];
}

/** Who may look up which mailboxes (the `l` right), by whom the entries are about. */
export function sharesOf(state: AccountState): ReadonlyMap<Grantee, Share> {
  const shares = new Map<Grantee, { shown: string[]; hidden: string[] }>();
  for (const { name, acl } of state.mailboxes.values())
    for (const entry of acl.values()) {
      const share = shares.get(granteeOf(entry)) ?? { shown: [], hidden: [] };
      shares.set(granteeOf(entry), share);
      if (entry.rights.includes('l')) (isNegative(entry) ? share.hidden : share.shown).push(name);
    }
  return shares;
}

/** A new mailbox inherits the list of the mailbox above it (RFC 4314 §4). */
export function inheritedAcl(from: Acl, to: MailboxId): readonly AclOp[] {
  return [...from.values()].map((entry) => ({ op: 'acl', mailbox: to, entry }));
}

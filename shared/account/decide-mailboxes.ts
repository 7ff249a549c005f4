/**
 * Decisions about the mailbox tree: the ops that CREATE, DELETE, RENAME and SUBSCRIBE come to in a given state, or the
 * `MailboxRefusal` of one that cannot be. Pure; the time is passed in, in milliseconds since the epoch.
 *
 * Invariants: what is decided is applied whole, for everything that would make an op void is refused here; no two
 * mailboxes share a name, a special use or, ever in the account's life, a UIDVALIDITY (I1).
 */
import { inheritedAcl } from './acl.ts';
import { copiedAnnotations } from './annotations.ts';
import type { MailboxId } from './ids.ts';
import { MailboxRefusal, checkLength, checkedName, normalName, superiorNames } from './mailbox-names.ts';
import { type CreateOp, type Op, SPECIAL_USES, type SpecialUse } from './ops.ts';
import type { Decision } from './commit-request.ts';
import {
  type AccountState,
  DELIMITER,
  EMPTY_STATE,
  INBOX,
  type Mailbox,
  hasChildren,
  mailboxFor,
  mailboxNamed,
} from './state.ts';

/** Mailboxes of one account: every replica of it holds the whole tree in memory. */
export const MAX_MAILBOXES = 10_000;
/** Subscriptions of one account: they outlive their mailboxes (RFC 9051 §6.3.7), so they are counted apart. */
export const MAX_SUBSCRIPTIONS = 2 * MAX_MAILBOXES;

const MAX_UID_VALIDITY = 0xffff_ffff;

/** What a new account begins with. */
const FIRST_MAILBOXES: readonly { readonly name: string; readonly use: SpecialUse | null }[] = [
  { name: INBOX, use: null },
  { name: 'Drafts', use: 'Drafts' },
  { name: 'Sent', use: 'Sent' },
  { name: 'Junk', use: 'Junk' },
  { name: 'Trash', use: 'Trash' },
  { name: 'Archive', use: 'Archive' },
];

/** The ops of the first record of a new account. */
export function firstOps(now: number): readonly Op[] {
  return [
    ...creations(EMPTY_STATE, FIRST_MAILBOXES, now),
    ...FIRST_MAILBOXES.map(({ name }): Op => ({ op: 'subscribe', name })),
  ];
}

/** A mailbox that the decision makes. */
export interface Created {
  readonly id: MailboxId;
  /** As normalised: it may differ from what the client sent. */
  readonly name: string;
}

/** CREATE (RFC 9051 §6.3.4), with the names above it that are missing. `use`: RFC 6154 §3, see `requestedUse`. */
export function decideCreate(
  state: AccountState,
  sent: string,
  now: number,
  use: SpecialUse | null = null,
): Decision<Created> {
  const name = checkedName(sent);
  if (mailboxNamed(state, name)) throw alreadyExists(name);
  const holder = use && mailboxFor(state, use);
  if (holder) throw new MailboxRefusal('USEATTR', `mailbox "${holder.name}" is in use as \\${use} already`);
  const missing = missingSuperiors(state, name);
  checkRoom(state, missing.length + 1);
  const made = [...missing.map((above) => ({ name: above, use: null })), { name, use }];
  const ops = withInheritedAcl(state, creations(state, made, now));
  return { ops, value: { id: (state.nextMailbox + missing.length) as MailboxId, name } };
}

/**
 * The special use that a client asks for in CREATE, from attributes as sent (`\Sent`). A mailbox here has at most one;
 * \All and \Flagged stand for views of other mailboxes (RFC 6154 §2), which nobody would fill; what lies in \Snoozed
 * comes back and what lies in \Scheduled is sent when its time has come (RFC 9979 §8), which nobody would do.
 */
export function requestedUse(attributes: readonly string[]): SpecialUse | null {
  const uses = new Set<SpecialUse>();
  for (const attribute of attributes) {
    const use = SPECIAL_USES.find((known) => `\\${known}`.toLowerCase() === attribute.toLowerCase());
    if (!use || use === 'All' || use === 'Flagged')
      throw new MailboxRefusal('USEATTR', `special use ${attribute} is not supported`);
    uses.add(use);
  }
  if (uses.size > 1) throw new MailboxRefusal('USEATTR', 'a mailbox can have one special use only');
  const [use = null] = uses;
  return use;
}

/**
 * DELETE (RFC 9051 §6.3.5): the mailbox and its messages go. Names below stay, and so does a subscription (§6.3.7): it
 * is the client's to take back.
 */
export function decideDelete(state: AccountState, sent: string): Decision<Mailbox> {
  const name = normalName(sent);
  if (name === INBOX) throw new MailboxRefusal('CANNOT', 'INBOX cannot be deleted');
  const mailbox = mailboxNamed(state, name);
  if (!mailbox && hasChildren(state, name))
    throw new MailboxRefusal('HASCHILDREN', `"${name}" is only a level above other mailboxes: delete those`);
  if (!mailbox) throw nonexistent(name);
  return { ops: [{ op: 'delete', mailbox: mailbox.id }], value: mailbox };
}

export interface Renamed {
  /** Both as normalised. */
  readonly from: string;
  readonly to: string;
}

/**
 * RENAME (RFC 9051 §6.3.6) of a mailbox and all below it. A name that is only a level above others can be renamed too:
 * clients show it as a folder like any other. Special uses, UIDVALIDITY and messages move along; subscriptions stay.
 */
export function decideRename(
  state: AccountState,
  sentFrom: string,
  sentTo: string,
  now: number,
): Decision<Renamed> {
  const from = normalName(sentFrom);
  const to = checkedName(sentTo);
  if (!mailboxNamed(state, from) && !hasChildren(state, from)) throw nonexistent(from);
  if (mailboxNamed(state, to)) throw alreadyExists(to);
  if (from === INBOX) return renameInbox(state, to, now);
  if (to === from || to.startsWith(from + DELIMITER))
    throw new MailboxRefusal('CANNOT', 'a mailbox cannot be moved below itself');
  checkMovedNames(state, from, to);
  const missing = missingSuperiors(state, to);
  checkRoom(state, missing.length);
  const made = missing.map((name) => ({ name, use: null }));
  const superiors = withInheritedAcl(state, creations(state, made, now));
  return { ops: [...superiors, { op: 'rename', from, to }], value: { from, to } };
}

/** RENAME of INBOX moves its messages to a new mailbox; INBOX and the names below it stay (RFC 9051 §6.3.6). */
function renameInbox(state: AccountState, to: string, now: number): Decision<Renamed> {
  const inbox = mailboxNamed(state, INBOX);
  if (!inbox) throw nonexistent(INBOX);
  const { ops, value } = decideCreate(state, to, now);
  const { messages, unseen, deleted, bytes } = inbox;
  const move: Op = {
    op: 'move',
    from: inbox.id,
    to: value.id,
    uids: Uint32Array.of(1, inbox.uidNext - 1),
    keywords: inbox.keywords,
    effect: { messages, unseen, deleted, bytes },
  };
  const annotations = copiedAnnotations(inbox.annotations, value.id);
  const all = [...ops, ...annotations, ...(messages === 0 ? [] : [move])];
  return { ops: all, value: { from: INBOX, to: value.name } };
}

/** Every name that the rename makes must be free, or be moved away itself, and must not outgrow the limits. */
function checkMovedNames(state: AccountState, from: string, to: string): void {
  const prefix = from + DELIMITER;
  const moves = (name: string): boolean => name === from || name.startsWith(prefix);
  for (const { name } of state.mailboxes.values()) {
    if (!moves(name)) continue;
    const moved = to + name.slice(from.length);
    checkLength(moved);
    if (!moves(moved) && mailboxNamed(state, moved)) throw alreadyExists(moved);
  }
}

/**
 * SUBSCRIBE, below `prefix` if the mailbox is somebody else's: also of a name that does not exist, which a client may be
 * about to create (RFC 9051 §6.3.7).
 */
export function decideSubscribe(state: AccountState, sent: string, prefix = ''): Decision<string> {
  const name = prefix + checkedName(sent);
  if (state.subscriptions.has(name)) return { ops: [], value: name };
  if (state.subscriptions.size >= MAX_SUBSCRIPTIONS)
    throw new MailboxRefusal('LIMIT', `an account can have at most ${MAX_SUBSCRIPTIONS} subscriptions`);
  return { ops: [{ op: 'subscribe', name }], value: name };
}

/** UNSUBSCRIBE; of a name that is not subscribed to it does nothing, for that is what was asked for. */
export function decideUnsubscribe(state: AccountState, sent: string, prefix = ''): Decision<string> {
  const name = prefix + normalName(sent);
  return { ops: state.subscriptions.has(name) ? [{ op: 'unsubscribe', name }] : [], value: name };
}

function missingSuperiors(state: AccountState, name: string): readonly string[] {
  return superiorNames(name).filter((above) => !mailboxNamed(state, above));
}

function checkRoom(state: AccountState, more: number): void {
  if (more > 0 && state.mailboxes.size + more > MAX_MAILBOXES)
    throw new MailboxRefusal('LIMIT', `an account can have at most ${MAX_MAILBOXES} mailboxes`);
}

/** UIDVALIDITY is the time, so that a mailbox made anew differs, or what comes after the last one given out (I1). */
function creations(
  state: AccountState,
  mailboxes: readonly { readonly name: string; readonly use: SpecialUse | null }[],
  now: number,
): readonly CreateOp[] {
  const first = Math.max(state.lastUidValidity + 1, Math.floor(now / 1000));
  if (first + mailboxes.length > MAX_UID_VALIDITY)
    throw new MailboxRefusal(
      'LIMIT',
      'no UIDVALIDITY is left: the clock of the server stands beyond the year 2106',
    );
  return mailboxes.map(({ name, use }, index) => ({ op: 'create', name, use, uidValidity: first + index }));
}

/** Each mailbox takes over the access control list of the one above it (RFC 4314 §4), which may itself be made here. */
function withInheritedAcl(state: AccountState, creates: readonly CreateOp[]): readonly Op[] {
  const [topmost] = creates;
  const above = topmost && superiorNames(topmost.name).at(-1);
  const acl = above === undefined ? undefined : mailboxNamed(state, above)?.acl;
  if (!acl || acl.size === 0) return creates;
  return creates.flatMap((create, index): readonly Op[] => [
    create,
    ...inheritedAcl(acl, (state.nextMailbox + index) as MailboxId),
  ]);
}

function alreadyExists(name: string): MailboxRefusal {
  return new MailboxRefusal('ALREADYEXISTS', `mailbox "${name}" exists already`);
}

function nonexistent(name: string): MailboxRefusal {
  return new MailboxRefusal('NONEXISTENT', `mailbox "${name}" does not exist`);
}

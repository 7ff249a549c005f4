/**
 * What has changed in an account between two moments, as NOTIFY tells it (RFC 5465 §5): in which mailboxes messages came,
 * went or changed flags, which names came, went or were renamed, which subscriptions and annotations changed. Pure. As
 * everywhere in a session it is a comparison, not a queue of events: nothing can be missed or told twice.
 *
 * Of somebody else's account it is a comparison of what the watcher may see: what is granted comes, what is taken back
 * goes (§5.4), and of a mailbox that may be looked up but not read nothing is told but that.
 */
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { Annotations } from '../../../shared/account/annotations.ts';
import { newestChangeFor } from '../../../shared/account/readers.ts';
import { type AccountState, DELIMITER, type Mailbox } from '../../../shared/account/state.ts';

/** What may be watched of a mailbox: nothing, its name, or all. Events take the rights "l" and "r" (RFC 5465 §5). */
export type Access = 'none' | 'listed' | 'read';

/** Who watches. */
export interface Watcher {
  /** Null: the owner. */
  readonly guest: AccountId | null;
  accessTo(mailbox: Mailbox): Access;
}

/** Of a mailbox, what a client can be told of without selecting it. Holds no messages, so that it pins no memory. */
interface Brief extends Pick<
  Mailbox,
  'name' | 'uidNext' | 'messages' | 'highestModSeq' | 'annotations' | 'id'
> {
  readonly access: Access;
  /** Another one: \Seen of messages has changed, and so how many are unseen. Of a guest it is no count. */
  readonly seen: number;
}

export interface AccountBrief {
  readonly mailboxes: ReadonlyMap<MailboxId, Brief>;
  readonly subscriptions: ReadonlySet<string>;
  readonly annotations: Annotations;
}

export function briefOf(
  { mailboxes, subscriptions, annotations }: AccountState,
  watcher: Watcher,
): AccountBrief {
  const briefs = new Map<MailboxId, Brief>();
  for (const mailbox of mailboxes.values()) briefs.set(mailbox.id, briefOfMailbox(mailbox, watcher));
  return { mailboxes: briefs, subscriptions, annotations };
}

function briefOfMailbox(mailbox: Mailbox, watcher: Watcher): Brief {
  const { id, name, uidNext, messages, annotations } = mailbox;
  const access = watcher.accessTo(mailbox);
  const known = { id, name, uidNext, messages, annotations, access };
  if (watcher.guest === null) return { ...known, highestModSeq: mailbox.highestModSeq, seen: mailbox.unseen };
  const newest = newestChangeFor(mailbox, watcher.guest);
  const highestModSeq = newest && newest > mailbox.highestModSeq ? newest : mailbox.highestModSeq;
  return { ...known, highestModSeq, seen: newest ?? 0 };
}

export type AccountChange =
  /** Messages came or went; `unseen` and `flags` may have changed with them. */
  | {
      readonly kind: 'messages' | 'flags';
      readonly mailbox: MailboxId;
      readonly name: string;
      readonly unseen: boolean;
      /** By this name the client knew another mailbox or none: UIDVALIDITY is another, too (RFC 5465 §5.1). */
      readonly anew: boolean;
    }
  /**
   * The name is another's now, or nobody's; `oldName` if the mailbox was renamed. `lost`: it is there, but the watcher may
   * not look it up any more (§5.9).
   */
  | { readonly kind: 'name'; readonly name: string; readonly oldName: string | null; readonly lost: boolean }
  /** The watcher may read it no longer, or may again. */
  | { readonly kind: 'access'; readonly name: string; readonly lost: boolean }
  | { readonly kind: 'subscription'; readonly name: string }
  /** `name` null: of the server. Entries as clients spell them. */
  | { readonly kind: 'metadata'; readonly name: string | null; readonly entries: readonly string[] };

/** `reader`: whose private annotations are told. */
export function changesOf(before: AccountBrief, after: AccountBrief, reader: AccountId): AccountChange[] {
  const changes: AccountChange[] = nameChanges(before, after);
  const holders = new Map([...before.mailboxes.values()].filter(isVisible).map(({ name, id }) => [name, id]));
  for (const mailbox of after.mailboxes.values()) {
    const known = before.mailboxes.get(mailbox.id);
    const wasRead = known?.access === 'read';
    if (known && isVisible(known) && isVisible(mailbox) && wasRead !== (mailbox.access === 'read'))
      changes.push({ kind: 'access', name: mailbox.name, lost: wasRead });
    if (mailbox.access !== 'read') continue;
    const { name, id } = mailbox;
    const holder = holders.get(name);
    const change = messageChange(wasRead ? known : undefined, mailbox, holder !== undefined && holder !== id);
    if (change) changes.push(change);
    if (wasRead) changes.push(...metadataChanges(name, known.annotations, mailbox.annotations, reader));
  }
  for (const name of difference(before.subscriptions, after.subscriptions))
    changes.push({ kind: 'subscription', name });
  changes.push(...metadataChanges(null, before.annotations, after.annotations, reader));
  return changes;
}

/** `known`: the mailbox as the client knew it; `supplants`: by its name it knew another. */
function messageChange(known: Brief | undefined, mailbox: Brief, supplants: boolean): AccountChange | null {
  const { id, name, uidNext, messages, seen, highestModSeq } = mailbox;
  const anew = !known || supplants;
  const counted = { mailbox: id, name, unseen: seen !== (known?.seen ?? 0), anew };
  // RENAME of INBOX, and RENAME to a name that is free, bring a mailbox with messages in it.
  const came = anew ? uidNext > 1 : uidNext !== known.uidNext || messages !== known.messages;
  if (came) return { kind: 'messages', ...counted };
  const flagged = anew || highestModSeq !== known.highestModSeq || counted.unseen;
  return flagged ? { kind: 'flags', ...counted } : null;
}

export const isVisible = ({ access }: Brief): boolean => access !== 'none';

/**
 * RFC 5465 §5.4: of a mailbox that comes or goes its parent is affected too, whether it is one or not; the children of a
 * mailbox that was renamed are not told of.
 */
function nameChanges(before: AccountBrief, after: AccountBrief): AccountChange[] {
  const affected = new Set<string>();
  const renamed = new Map<string, string>();
  const lost = new Set<string>();
  const names = new Set<string>();
  for (const mailbox of after.mailboxes.values()) {
    const { id, name } = mailbox;
    const known = before.mailboxes.get(id);
    const wasVisible = known !== undefined && isVisible(known);
    if (!isVisible(mailbox)) {
      if (wasVisible) lost.add(known.name);
      continue;
    }
    names.add(name);
    if (!wasVisible) withParent(affected, name);
    else if (known.name !== name) renamed.set(known.name, name);
  }
  for (const [id, mailbox] of before.mailboxes)
    if (isVisible(mailbox) && (lost.has(mailbox.name) || !after.mailboxes.has(id)))
      withParent(affected, mailbox.name);
  const changes: AccountChange[] = [];
  for (const [oldName, name] of renamed)
    if (!followsParent(oldName, name, renamed)) changes.push({ kind: 'name', name, oldName, lost: false });
  const told = new Set(changes.map(({ name }) => name));
  const others = [...affected].filter((name) => !told.has(name)).sort();
  // A mailbox that is gone before the one that has taken its name: the newest is what counts.
  for (const name of others.filter((each) => !names.has(each)))
    changes.push({ kind: 'name', name, oldName: null, lost: lost.has(name) });
  for (const name of others.filter((each) => names.has(each)))
    changes.push({ kind: 'name', name, oldName: null, lost: false });
  return changes;
}

function withParent(affected: Set<string>, name: string): void {
  affected.add(name);
  const level = name.lastIndexOf(DELIMITER);
  if (level > 0) affected.add(name.slice(0, level));
}

function followsParent(oldName: string, name: string, renamed: ReadonlyMap<string, string>): boolean {
  for (let at = oldName.lastIndexOf(DELIMITER); at > 0; at = oldName.lastIndexOf(DELIMITER, at - 1)) {
    const parent = renamed.get(oldName.slice(0, at));
    if (parent !== undefined && name === parent + oldName.slice(at)) return true;
  }
  return false;
}

/** Shared entries, and the reader's own private ones; one that was taken away is told as well (RFC 5465 §5.6). */
function metadataChanges(
  name: string | null,
  before: Annotations,
  after: Annotations,
  reader: AccountId,
): AccountChange[] {
  if (before === after) return [];
  const entries = [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)];
    if (was && is && Buffer.compare(was.value, is.value) === 0) return [];
    const { scope = 'shared', name: entry = '' } = is ?? was ?? {};
    if (scope === 'shared') return [`/shared${entry}`];
    return scope === reader ? [`/private${entry}`] : [];
  });
  return entries.length > 0 ? [{ kind: 'metadata', name, entries }] : [];
}

function difference(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  if (a === b) return [];
  return [...[...a].filter((name) => !b.has(name)), ...[...b].filter((name) => !a.has(name))];
}

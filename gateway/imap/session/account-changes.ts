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
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import { type NameChange, type Names, nameNews } from './name-changes.ts';

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
  | NameChange
  /** The watcher may read it no longer, or may again. */
  | { readonly kind: 'access'; readonly name: string }
  | { readonly kind: 'subscription'; readonly name: string }
  /** `name` null: of the server. Entries as clients spell them. */
  | { readonly kind: 'metadata'; readonly name: string | null; readonly entries: readonly string[] };

/** `reader`: whose private annotations are told. */
export function changesOf(before: AccountBrief, after: AccountBrief, reader: AccountId): AccountChange[] {
  const isLost = (id: MailboxId): boolean => after.mailboxes.has(id);
  const [was, is] = [namesIn(before), namesIn(after)];
  const { changes: named, anew } = nameNews(was, is, isLost);
  const changes: AccountChange[] = [...named];
  const holders = new Map([...was].map(([id, name]) => [name, id]));
  for (const mailbox of after.mailboxes.values()) {
    const known = before.mailboxes.get(mailbox.id);
    const wasRead = known?.access === 'read';
    if (known && isVisible(known) && isVisible(mailbox) && wasRead !== (mailbox.access === 'read'))
      changes.push({ kind: 'access', name: mailbox.name });
    if (mailbox.access !== 'read') continue;
    const { name, id } = mailbox;
    // By its name the client knew another one.
    const supplants = (holders.get(name) ?? id) !== id;
    const change = messageChange(wasRead && !anew.has(id) ? known : undefined, mailbox, supplants);
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
  // RENAME of INBOX brings a mailbox with messages in it; one that supplants another may have fewer.
  const came = known ? uidNext !== known.uidNext || messages !== known.messages : uidNext > 1;
  if (came || supplants) return { kind: 'messages', ...counted };
  const flagged = anew || highestModSeq !== known.highestModSeq || counted.unseen;
  return flagged ? { kind: 'flags', ...counted } : null;
}

const isVisible = ({ access }: Brief): boolean => access !== 'none';

function namesIn({ mailboxes }: AccountBrief): Names {
  return new Map([...mailboxes.values()].filter(isVisible).map(({ id, name }) => [id, name]));
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

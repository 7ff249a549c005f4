/**
 * What has changed in an account between two moments, as NOTIFY tells it (RFC 5465 §5): in which mailboxes messages came,
 * went or changed flags, which names came, went or were renamed, which subscriptions and annotations changed. Pure. As
 * everywhere in a session it is a comparison, not a queue of events: nothing can be missed or told twice.
 */
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { Annotations } from '../../../shared/account/annotations.ts';
import { type AccountState, DELIMITER, type Mailbox, byName } from '../../../shared/account/state.ts';

/** Of a mailbox, what a client can be told of without selecting it. Holds no messages, so that it pins no memory. */
type Brief = Pick<
  Mailbox,
  'name' | 'uidNext' | 'messages' | 'unseen' | 'highestModSeq' | 'annotations' | 'id'
>;

export interface AccountBrief {
  readonly mailboxes: ReadonlyMap<MailboxId, Brief>;
  readonly subscriptions: ReadonlySet<string>;
  readonly annotations: Annotations;
}

export function briefOf({ mailboxes, subscriptions, annotations }: AccountState): AccountBrief {
  const briefs = new Map<MailboxId, Brief>();
  for (const mailbox of mailboxes.values()) {
    const { id, name, uidNext, messages, unseen, highestModSeq } = mailbox;
    const brief = { id, name, uidNext, messages, unseen, highestModSeq, annotations: mailbox.annotations };
    briefs.set(id, brief);
  }
  return { mailboxes: briefs, subscriptions, annotations };
}

export type AccountChange =
  /** Messages came or went; `unseen` and `flags` may have changed with them. */
  | {
      readonly kind: 'messages' | 'flags';
      readonly mailbox: MailboxId;
      readonly name: string;
      readonly unseen: boolean;
    }
  /** The name is another's now, or nobody's; `oldName` if the mailbox was renamed. */
  | { readonly kind: 'name'; readonly name: string; readonly oldName: string | null }
  | { readonly kind: 'subscription'; readonly name: string }
  /** `name` null: of the server. Entries as clients spell them. */
  | { readonly kind: 'metadata'; readonly name: string | null; readonly entries: readonly string[] };

/** `reader`: whose private annotations are told. */
export function changesOf(before: AccountBrief, state: AccountState, reader: AccountId): AccountChange[] {
  const changes: AccountChange[] = nameChanges(before, state);
  for (const mailbox of state.mailboxes.values()) {
    const known = before.mailboxes.get(mailbox.id);
    if (!known) continue;
    const { id, name, uidNext, messages, unseen, highestModSeq } = mailbox;
    const counted = { mailbox: id, name, unseen: unseen !== known.unseen };
    if (uidNext !== known.uidNext || messages !== known.messages)
      changes.push({ kind: 'messages', ...counted });
    else if (highestModSeq !== known.highestModSeq || counted.unseen)
      changes.push({ kind: 'flags', ...counted });
    changes.push(...metadataChanges(name, known.annotations, mailbox.annotations, reader));
  }
  for (const name of difference(before.subscriptions, state.subscriptions))
    changes.push({ kind: 'subscription', name });
  changes.push(...metadataChanges(null, before.annotations, state.annotations, reader));
  return changes;
}

/**
 * RFC 5465 §5.4: of a mailbox that comes or goes its parent is affected too, whether it is one or not; the children of a
 * mailbox that was renamed are not told of.
 */
function nameChanges(before: AccountBrief, state: AccountState): AccountChange[] {
  const affected = new Set<string>();
  const renamed = new Map<string, string>();
  for (const { id, name } of state.mailboxes.values()) {
    const known = before.mailboxes.get(id);
    if (!known) withParent(affected, name);
    else if (known.name !== name) renamed.set(known.name, name);
  }
  for (const [id, { name }] of before.mailboxes) if (!state.mailboxes.has(id)) withParent(affected, name);
  const changes: AccountChange[] = [];
  for (const [oldName, name] of renamed)
    if (!followsParent(oldName, name, renamed)) changes.push({ kind: 'name', name, oldName });
  const told = new Set(changes.map(({ name }) => name));
  const names = byName(state);
  const others = [...affected].filter((name) => !told.has(name)).sort();
  // A mailbox that is gone before the one that has taken its name: the newest is what counts.
  for (const name of others.filter((each) => !names.has(each)))
    changes.push({ kind: 'name', name, oldName: null });
  for (const name of others.filter((each) => names.has(each)))
    changes.push({ kind: 'name', name, oldName: null });
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

/** A plain account in words: what the engine's states are compared with, line by line. */
import type { Effect } from '../../../shared/account/ops.ts';
import type { Policy } from '../../../shared/account/policy.ts';
import type { PlainMailbox, PlainMessage } from './plain-mailbox.ts';

const DELETED = 8;
const SEEN = 1;

export function lineOfPolicy({ hold, closing, closed, retention }: Policy): string {
  const rules = [...retention].map(([scope, days]) => `${scope}=${String(days)}`).sort();
  return `${hold ? 'held' : 'free'}, closing ${String(closing)}, ${closed ? 'closed' : 'open'}, kept ${rules.join(' ')}`;
}

/** The line of a mailbox, and one of each of its messages. */
export function lineOfMailbox(
  mailbox: Omit<PlainMailbox, 'messages' | 'keywords' | 'acl' | 'annotations' | 'seen'>,
  counts: Effect,
  sets: {
    readonly keywords: Iterable<string>;
    readonly acl: Iterable<string>;
    readonly annotations: Iterable<string>;
  },
): string {
  const { id, name, uidValidity, uidNext, highestModSeq, recentFloor, use } = mailbox;
  const { messages, unseen, deleted, bytes } = counts;
  const sorted = (values: Iterable<string>): string => [...values].sort().join(' ');
  return `mailbox ${id} "${name}" ${use ?? '-'} ${uidValidity}: next ${uidNext}, modseq ${highestModSeq}, recent ${recentFloor}, ${messages} messages ${unseen} unseen ${deleted} deleted ${bytes} bytes; keywords ${sorted(sets.keywords)}; acl ${sorted(sets.acl)}; annotations ${sorted(sets.annotations)}`;
}

export function lineOfMessage(message: PlainMessage, seenBy: readonly string[]): string {
  const { uid, blob, size, date, zone, saved, system, keywords, modSeq } = message;
  return `${uid} ${blob} ${size} ${date} ${zone} ${saved} ${system} [${[...keywords].sort().join(' ')}] ${modSeq} ${seenBy.join(' ')}`;
}

export function pictureOf(mailbox: PlainMailbox): { head: string; rows: string } {
  const { messages } = mailbox;
  const counts = {
    messages: messages.length,
    unseen: messages.filter(({ system }) => !(system & SEEN)).length,
    deleted: messages.filter(({ system }) => system & DELETED).length,
    bytes: messages.reduce((sum, { size }) => sum + size, 0),
  };
  const pairs = (map: ReadonlyMap<string, string>): string[] =>
    [...map].map(([key, value]) => `${key}=${value}`);
  const sets = {
    keywords: mailbox.keywords,
    acl: pairs(mailbox.acl),
    annotations: pairs(mailbox.annotations),
  };
  const seen = [...mailbox.seen].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = messages.map((message) => {
    const by = seen.filter(([, uids]) => uids.has(message.uid)).map(([reader]) => reader);
    return lineOfMessage(message, by);
  });
  return { head: lineOfMailbox(mailbox, counts, sets), rows: rows.join('\n') };
}

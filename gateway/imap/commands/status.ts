/** STATUS (RFC 3501 §6.3.10, RFC 9051 §6.3.11), with SIZE (RFC 8438), HIGHESTMODSEQ (RFC 7162), MAILBOXID (RFC 8474), APPENDLIMIT (RFC 7889). */
import { DELETED } from '../../../shared/account/flags.ts';
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import { mailboxId } from '../session/object-id.ts';
import { type FoundMailbox, findNamed, nonexistent, openNamed } from '../session/places.ts';
import type { Session } from '../session/session.ts';
import type { StatusItem } from '../wire/ast.ts';
import { parseStatus } from '../wire/mailbox-grammar.ts';
import { mailbox as mailboxName } from '../wire/response.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';

export const status: CommandFamily = {
  commands: [
    {
      name: 'STATUS',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { mailbox: name, items } = parseStatus(cursor);
        useStatusItems(session, items);
        const found = await findNamed(session, name, { right: 'r', fresh: true });
        // Where messages have to be counted, all values are of the moment of that count, not of two moments.
        const counted = needsMessages(session, found, items) ? await openNamed(session, name, 'r') : found;
        session.writer.untagged(statusText(session, counted, items));
        return { text: 'status told' };
      },
    },
  ],
};

/** What asking for the items means for the session; once a command, before its answer. */
export function useStatusItems(session: Session, items: readonly StatusItem[]): void {
  // RFC 7162 §3.1: a CONDSTORE enabling command.
  if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
}

/**
 * `STATUS name (…)`, without its `* `. Needs no messages loaded, but to count what no counter knows. Throws `No` if a guest may
 * read the mailbox no longer.
 */
export async function statusResponse(
  session: Session,
  found: Listed,
  items: readonly StatusItem[],
): Promise<string> {
  if (!needsMessages(session, found, items)) return statusText(session, found, items);
  const mailbox = await found.home.load(found.mailbox.id);
  if (!mailbox) throw nonexistent();
  return statusText(session, { home: found.home, mailbox }, items);
}

type Listed = Pick<FoundMailbox, 'home' | 'mailbox'>;

/** The mailbox has its messages loaded if `needsMessages` says so. */
function statusText(session: Session, { home, mailbox }: Listed, items: readonly StatusItem[]): string {
  const told = [...new Set(items)].map((item) => `${item} ${valueOf(session, home, mailbox, item)}`);
  return `STATUS ${mailboxName(home.prefix + mailbox.name, session.text)} (${told.join(' ')})`;
}

function needsMessages(session: Session, { home, mailbox }: Listed, items: readonly StatusItem[]): boolean {
  return items.some((item) => isCounted(session, home, mailbox, item));
}

/** Whether no counter of the mailbox tells it. */
function isCounted(session: Session, home: Home, mailbox: Mailbox, item: StatusItem): boolean {
  switch (item) {
    case 'UNSEEN':
      return home.guest !== null;
    case 'DELETED-STORAGE':
      return mailbox.deleted > 0;
    case 'RECENT':
      return recentCounter(session, home, mailbox) === null;
    default:
      return false;
  }
}

/** `mailbox` has its messages loaded if `isCounted` says so. */
function valueOf(session: Session, home: Home, mailbox: Mailbox, item: StatusItem): number | string {
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages;
    case 'UIDNEXT':
      return mailbox.uidNext;
    case 'UIDVALIDITY':
      return mailbox.uidValidity;
    case 'UNSEEN':
      return mailbox.unseen;
    case 'DELETED':
      return mailbox.deleted;
    case 'DELETED-STORAGE':
      return deletedBytes(mailbox);
    case 'SIZE':
      return mailbox.bytes;
    case 'HIGHESTMODSEQ':
      return mailbox.highestModSeq;
    case 'APPENDLIMIT':
      return session.connection.limits.messageBytes;
    case 'RECENT':
      return recentCounter(session, home, mailbox) ?? recentIn(home, mailbox);
    case 'MAILBOXID':
      return `(${mailboxId(home.account, mailbox.id)})`;
  }
}

/** What an EXPUNGE would free (RFC 9208 §4.1.4). */
function deletedBytes({ deleted, columns }: Mailbox): number {
  if (deleted === 0 || !columns) return 0;
  let bytes = 0;
  for (let row = 0; row < columns.count; row++)
    if ((columns.system[row] ?? 0) & DELETED) bytes += columns.sizes[row] ?? 0;
  return bytes;
}

/** Messages that are recent to this session, or would be if it selected the mailbox now; null if they must be counted. */
function recentCounter(session: Session, home: Home, mailbox: Mailbox): number | null {
  // Nothing is recent to who speaks IMAP4rev2, and nothing to a guest.
  if (session.dialect.rev2 || home.guest !== null) return 0;
  if (session.hasSelected(home, mailbox.id)) return session.selected.recentCount;
  const floor = home.recent.floorOf(mailbox);
  if (floor <= 1) return mailbox.messages;
  return floor >= mailbox.uidNext ? 0 : null;
}

function recentIn(home: Home, mailbox: Mailbox): number {
  const { columns } = mailbox;
  return columns ? columns.count - lowerBound(columns.uids, columns.count, home.recent.floorOf(mailbox)) : 0;
}

/** STATUS (RFC 3501 §6.3.10, RFC 9051 §6.3.11), with SIZE (RFC 8438), HIGHESTMODSEQ (RFC 7162), MAILBOXID (RFC 8474), APPENDLIMIT (RFC 7889). */
import { findMailbox } from '../../../shared/account/mailbox-names.ts';
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { mailboxId } from '../session/object-id.ts';
import { No } from '../session/refusals.ts';
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
        const mailbox = findMailbox(await session.home.sync(), name);
        if (!mailbox) throw new No('there is no such mailbox', 'NONEXISTENT');
        session.writer.untagged(await statusResponse(session, mailbox, items));
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

/** `STATUS name (…)`, without its `* `. Needs no messages loaded, except to count recent ones where there are any. */
export async function statusResponse(
  session: Session,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<string> {
  const told: string[] = [];
  for (const item of new Set(items)) told.push(`${item} ${await valueOf(session, mailbox, item)}`);
  return `STATUS ${mailboxName(mailbox.name, session.text)} (${told.join(' ')})`;
}

function valueOf(session: Session, mailbox: Mailbox, item: StatusItem): number | string | Promise<number> {
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
    case 'SIZE':
      return mailbox.bytes;
    case 'HIGHESTMODSEQ':
      return mailbox.highestModSeq;
    case 'APPENDLIMIT':
      return session.connection.limits.messageBytes;
    case 'RECENT':
      return recentIn(session, mailbox);
    case 'MAILBOXID':
      return `(${mailboxId(session.home.account, mailbox.id)})`;
  }
}

/** Messages that are recent to this session, or would be if it selected the mailbox now. */
async function recentIn(session: Session, mailbox: Mailbox): Promise<number> {
  // Nothing is recent to who speaks IMAP4rev2.
  if (session.dialect.rev2) return 0;
  if (session.hasSelected(session.home, mailbox.id)) return session.selected.recentCount;
  const floor = session.home.recent.floorOf(mailbox);
  if (floor <= 1) return mailbox.messages;
  if (floor >= mailbox.uidNext) return 0;
  const columns =
    mailbox.columns ?? (await session.home.replica.load([mailbox.id])).mailboxes.get(mailbox.id)?.columns;
  return columns ? columns.count - lowerBound(columns.uids, columns.count, floor) : 0;
}

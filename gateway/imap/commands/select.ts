/** SELECT, EXAMINE (RFC 9051 §6.3.2, §6.3.3), CLOSE, UNSELECT (§6.4.1, §6.4.2). */
import { MessageRefusal, decideExpunge } from '../../../shared/account/decide-messages.ts';
import { SEEN } from '../../../shared/account/flags.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import { mailboxId } from '../session/object-id.ts';
import { openNamed } from '../session/places.ts';
import { Bad } from '../session/refusals.ts';
import { resync } from '../session/resync.ts';
import { SelectedMailbox } from '../session/selected-mailbox.ts';
import type { Session } from '../session/session.ts';
import { exists, flagLines, recent } from '../session/updates.ts';
import { parseSelect } from '../wire/mailbox-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseNothing } from '../wire/session-grammar.ts';
import { entryOf } from './list-match.ts';
import { entryText } from './list.ts';
import { type CommandFamily, type Completion, SELECTED, SIGNED_IN } from './command.ts';

export const select: CommandFamily = {
  commands: [
    {
      name: 'SELECT',
      phases: SIGNED_IN,
      updates: 'nothing',
      run: (session, cursor) => open(session, cursor, false),
    },
    {
      name: 'EXAMINE',
      phases: SIGNED_IN,
      updates: 'nothing',
      run: (session, cursor) => open(session, cursor, true),
    },
    { name: 'CLOSE', phases: SELECTED, updates: 'nothing', run: close },
    {
      name: 'UNSELECT',
      extension: 'UNSELECT',
      phases: SELECTED,
      updates: 'nothing',
      run(session, cursor) {
        parseNothing(cursor);
        session.deselect();
        return { text: 'unselected' };
      },
    },
  ],
};

async function open(session: Session, cursor: CommandCursor, readOnly: boolean): Promise<Completion> {
  const { mailbox: name, condstore, qresync } = parseSelect(cursor);
  // Before anything is closed (RFC 7162 §3.2.5).
  if (qresync && !session.hasEnabled('QRESYNC')) throw new Bad('ENABLE QRESYNC before QRESYNC is used');
  if (qresync?.matches && session.dialect.uidOnly)
    throw new Bad('message numbers are not allowed once UIDONLY is enabled', 'UIDREQUIRED');
  // A refused SELECT leaves nothing selected (RFC 9051 §6.3.2).
  if (session.selectedOrNull) {
    session.deselect();
    session.writer.status('*', 'OK', 'the mailbox before is closed', 'CLOSED');
  }
  if (condstore) session.enableCondstore();
  const opened = await openNamed(session, name, 'r');
  const again = await session.watchSelected(opened.home);
  const { home, mailbox, state } = again ? await openNamed(session, name, 'r') : opened;
  const selected = new SelectedMailbox(home, state, mailbox, readOnly);
  session.select(selected);
  describe(session, mailbox, selected);
  tellIfOverQuota(session, home, state);
  // IMAP4rev2 wants it (RFC 9051 §6.3.2).
  if (session.dialect.rev2) {
    const entry = entryOf(state, mailbox, home.prefix + mailbox.name, (other) => home.may(other, 'l'));
    // What the client calls it may not be what it is called (§5.1, §6.3.9.7).
    session.writer.untagged(`LIST ${entryText(session, entry, entry.name === name ? null : name)}`);
  }
  if (qresync && mailbox.columns) await resync(session, mailbox.columns, qresync);
  if (readOnly) return { text: 'examined', code: 'READ-ONLY' };
  // \Seen is each reader's own: it is none of the rights that make a mailbox writable (RFC 4314 §5.2).
  const writes = /[iewt]/.test(home.rightsOn(mailbox));
  return { text: 'selected', code: writes ? 'READ-WRITE' : 'READ-ONLY' };
}

/** Mail to the account waits outside, and is refused in the end: its owner should know (RFC 9208 §4.3.1). */
function tellIfOverQuota({ writer }: Session, { guest, quota }: Home, { usage }: AccountState): void {
  if (guest !== null) return;
  if (usage.bytes > quota.quotaBytes || usage.messages > quota.quotaMessages)
    writer.status('*', 'NO', 'the account holds more than it may; mail to it is not delivered', 'OVERQUOTA');
}

function describe(session: Session, mailbox: Mailbox, selected: SelectedMailbox): void {
  const { writer, dialect } = session;
  for (const line of flagLines(mailbox, selected.rightsOn(mailbox), dialect)) writer.write(line);
  writer.write(exists(selected.view.count));
  if (!dialect.rev2) writer.write(recent(selected.recentCount));
  // A message number, which UIDONLY knows none of (RFC 9586 §3); IMAP4rev2 has no such code.
  const unseen = dialect.uidOnly || dialect.rev2 ? 0 : firstUnseen(mailbox);
  if (unseen > 0) writer.status('*', 'OK', 'first unseen message', { code: 'UNSEEN', value: unseen });
  writer.status('*', 'OK', 'UIDs are valid', { code: 'UIDVALIDITY', value: mailbox.uidValidity });
  writer.status('*', 'OK', 'next UID', { code: 'UIDNEXT', value: mailbox.uidNext });
  if (session.offers('CONDSTORE')) session.tellHighestModSeq(mailbox);
  if (session.offers('OBJECTID'))
    writer.status('*', 'OK', 'its identifier', {
      code: 'MAILBOXID',
      id: mailboxId(selected.home.account, mailbox.id),
    });
}

/** Number of the first message without \Seen, or 0. */
function firstUnseen({ columns, unseen }: Mailbox): number {
  if (!columns || unseen === 0) return 0;
  return columns.system.subarray(0, columns.count).findIndex((system) => !(system & SEEN)) + 1;
}

const NOTHING: Decision<readonly number[]> = { ops: [], value: [] };

/** Expunges in silence, unless the mailbox was only examined. */
async function close(session: Session, cursor: CommandCursor): Promise<Completion> {
  parseNothing(cursor);
  const { home, id, readOnly } = session.selected;
  if (!readOnly) {
    const decide = (state: AccountState): Decision<readonly number[]> => {
      const mailbox = state.mailboxes.get(id);
      // Without the right there is nothing to expunge, and that is no failure (RFC 4314 §4).
      return mailbox && !home.may(mailbox, 'e') ? NOTHING : decideExpunge(state, id, null);
    };
    const commit = home.commit({ needs: () => [id], decide });
    await commit.catch((error: unknown) => {
      // A mailbox that is gone has nothing left to expunge.
      if (!(error instanceof MessageRefusal && error.reason === 'no mailbox')) throw error;
    });
  }
  session.deselect();
  return { text: 'closed' };
}

/** CREATE (RFC 3501 §6.3.3, RFC 9051 §6.3.4), with special uses (RFC 6154 §3) and MAILBOXID (RFC 8474 §4.1). */
import { decideCreate, requestedUse } from '../../../shared/account/decide-mailboxes.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { Home } from '../session/home.ts';
import { mailboxId } from '../session/object-id.ts';
import { placeOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import { parseCreate } from '../wire/mailbox-grammar.ts';
import type { Session } from '../session/session.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { entryOf } from './list-match.ts';
import { entryText } from './list.ts';
import { changeMailboxes, requireCreation } from './mailbox-change.ts';

export const createMailbox: CommandFamily = {
  commands: [
    {
      name: 'CREATE',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { mailbox, specialUses } = parseCreate(cursor);
        const { home, name } = await placeOf(session, mailbox);
        // Special uses are the owner's: a delivery goes by them.
        if (home.guest !== null && specialUses.length > 0)
          throw new No('only the owner can give a mailbox a special use', 'CANNOT');
        const { id, name: created } = await changeMailboxes(session, home, (state, now) => {
          requireCreation(home, state, name);
          return decideCreate(state, name, now, requestedUse(specialUses));
        });
        if (session.dialect.rev2 && home.prefix + created !== mailbox)
          await tellNormalised(session, home, id, mailbox);
        const text = 'mailbox created';
        if (!session.offers('OBJECTID')) return { text };
        return { text, code: { code: 'MAILBOXID', id: mailboxId(home.account, id) } };
      },
    },
  ],
};

/** The name is not the one that was sent (RFC 9051 §6.3.4, §6.3.9.7). */
async function tellNormalised(session: Session, home: Home, id: MailboxId, sent: string): Promise<void> {
  const state = await home.state();
  const mailbox = home.mailbox(state, id);
  if (!mailbox) return;
  const entry = entryOf(state, mailbox, home.prefix + mailbox.name, (other) => home.may(other, 'l'));
  session.writer.untagged(`LIST ${entryText(session, entry, sent)}`);
}

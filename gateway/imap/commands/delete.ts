/** DELETE (RFC 3501 §6.3.4, RFC 9051 §6.3.5). */
import { decideDelete } from '../../../shared/account/decide-mailboxes.ts';
import { mailboxNamed } from '../../../shared/account/state.ts';
import { nonexistent, placeOf } from '../session/places.ts';
import { parseMailbox } from '../wire/mailbox-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { changeMailboxes } from './mailbox-change.ts';

export const deleteMailbox: CommandFamily = {
  commands: [
    {
      name: 'DELETE',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { home, name } = await placeOf(session, parseMailbox(cursor));
        const { id } = await changeMailboxes(session, home, (state) => {
          const mailbox = mailboxNamed(state, name);
          if (mailbox) home.require(mailbox, 'x');
          else if (home.guest !== null) throw nonexistent();
          return decideDelete(state, name);
        });
        if (!session.hasSelected(home, id)) return { text: 'mailbox deleted' };
        // Who deletes the mailbox that is open has done with it: no reason for the BYE that others get.
        session.deselect();
        return { text: 'mailbox deleted; no mailbox is selected any more' };
      },
    },
  ],
};

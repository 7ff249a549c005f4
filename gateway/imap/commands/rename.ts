/** RENAME (RFC 3501 §6.3.5, RFC 9051 §6.3.6). A session that has the mailbox selected keeps it: only its name is new. */
import { decideRename } from '../../../shared/account/decide-mailboxes.ts';
import { INBOX, type AccountState, mailboxNamed } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import { nonexistent, placeOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import { parseRename } from '../wire/mailbox-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { changeMailboxes, requireCreation } from './mailbox-change.ts';

export const renameMailbox: CommandFamily = {
  commands: [
    {
      name: 'RENAME',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { from, to } = parseRename(cursor);
        const source = await placeOf(session, from);
        const target = await placeOf(session, to);
        const { home } = source;
        if (target.home.account !== home.account)
          throw new No('a mailbox cannot be moved into another account: copy its messages', 'CANNOT');
        await changeMailboxes(session, home, (state, now) => {
          if (home.guest !== null) requireRename(home, state, source.name, target.name);
          return decideRename(state, source.name, target.name, now);
        });
        return { text: 'mailbox renamed' };
      },
    },
  ],
};

/** In somebody else's account (RFC 4314 §4): the right to delete the mailbox, and to make one at its new place. */
function requireRename(home: Home, state: AccountState, from: string, to: string): void {
  const mailbox = mailboxNamed(state, from);
  if (!mailbox) throw nonexistent();
  home.require(mailbox, 'x');
  if (from === INBOX) throw new No('only its owner can rename INBOX, which moves its messages', 'CANNOT');
  requireCreation(home, state, to);
}

/** RENAME (RFC 3501 §6.3.5, RFC 9051 §6.3.6). A session that has the mailbox selected keeps it: only its name is new. */
import { decideRename } from '../../../shared/account/decide-mailboxes.ts';
import { parseRename } from '../wire/mailbox-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { changeMailboxes } from './mailbox-change.ts';

export const renameMailbox: CommandFamily = {
  commands: [
    {
      name: 'RENAME',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { from, to } = parseRename(cursor);
        await changeMailboxes(session, (state, now) => decideRename(state, from, to, now));
        return { text: 'mailbox renamed' };
      },
    },
  ],
};

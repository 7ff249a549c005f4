/** SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6, §6.3.7). */
import { decideSubscribe, decideUnsubscribe } from '../../../shared/account/decide-mailboxes.ts';
import { parseMailbox } from '../wire/mailbox-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { changeMailboxes } from './mailbox-change.ts';

export const subscriptions: CommandFamily = {
  commands: [
    {
      name: 'SUBSCRIBE',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const name = parseMailbox(cursor);
        await changeMailboxes(session, (state) => decideSubscribe(state, name));
        return { text: 'subscribed' };
      },
    },
    {
      name: 'UNSUBSCRIBE',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const name = parseMailbox(cursor);
        await changeMailboxes(session, (state) => decideUnsubscribe(state, name));
        return { text: 'unsubscribed' };
      },
    },
  ],
};

/** SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6, §6.3.7); mailboxes of others are subscribed to by their names here. */
import { decideSubscribe, decideUnsubscribe } from '../../../shared/account/decide-mailboxes.ts';
import { parseIfAddress } from '../../../shared/directory/address.ts';
import { OTHER_USERS } from '../session/home.ts';
import { ownerOf } from '../session/places.ts';
import type { Session } from '../session/session.ts';
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
        const { name, prefix } = split(session, parseMailbox(cursor));
        await changeMailboxes(session, session.home, (state) => decideSubscribe(state, name, prefix));
        return { text: 'subscribed' };
      },
    },
    {
      name: 'UNSUBSCRIBE',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { name, prefix } = split(session, parseMailbox(cursor));
        await changeMailboxes(session, session.home, (state) => decideUnsubscribe(state, name, prefix));
        return { text: 'unsubscribed' };
      },
    },
  ],
};

/** Nothing is asked of the other account: a subscription needs no mailbox (RFC 4314 §4, SUBSCRIBE). */
function split(session: Session, sent: string): { readonly name: string; readonly prefix: string } {
  const elsewhere = session.offers('ACL') ? ownerOf(sent) : null;
  if (!elsewhere) return { name: sent, prefix: '' };
  // As LIST tells it, in whatever spelling it was sent.
  const address = parseIfAddress(elsewhere.address)?.address ?? elsewhere.address;
  const isOwn = address === session.home.address;
  return { name: elsewhere.rest, prefix: isOwn ? '' : `${OTHER_USERS}${address}/` };
}

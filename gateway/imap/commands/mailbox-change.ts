/** What the commands share that change the tree of mailboxes: the commit, and refusals in IMAP's words. */
import { MailboxRefusal } from '../../../shared/account/mailbox-names.ts';
import type { Decision } from '../../../shared/account/replica.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';

/** Commits what `decide` makes of the newest state; `now` is in milliseconds. A `MailboxRefusal` becomes a tagged NO. */
export async function changeMailboxes<T>(
  session: Session,
  decide: (state: AccountState, now: number) => Decision<T>,
): Promise<T> {
  const now = session.services.rim.now();
  try {
    return await session.home.commit({ decide: (state) => decide(state, now) });
  } catch (error) {
    throw error instanceof MailboxRefusal ? new No(error.message, error.code) : error;
  }
}

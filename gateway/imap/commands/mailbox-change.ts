/** What the commands share that change the tree of mailboxes: the commit, and refusals in IMAP's words. */
import { MailboxRefusal, type RefusalCode } from '../../../shared/account/mailbox-names.ts';
import type { Decision } from '../../../shared/account/replica.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { ResponseCode } from '../wire/response-code.ts';

const CODES: Readonly<Record<RefusalCode, ResponseCode>> = {
  ALREADYEXISTS: 'ALREADYEXISTS',
  NONEXISTENT: 'NONEXISTENT',
  CANNOT: 'CANNOT',
  LIMIT: 'LIMIT',
  // RFC 6154 §6 has a code of its own for it, which `ResponseCode` does not know; CANNOT says as much to a client.
  USEATTR: 'CANNOT',
};

/** Commits what `decide` makes of the newest state; `now` is in milliseconds. A `MailboxRefusal` becomes a tagged NO. */
export async function changeMailboxes<T>(
  session: Session,
  decide: (state: AccountState, now: number) => Decision<T>,
): Promise<T> {
  const now = session.services.rim.now();
  try {
    return await session.home.commit({ decide: (state) => decide(state, now) });
  } catch (error) {
    throw error instanceof MailboxRefusal ? new No(error.message, CODES[error.code]) : error;
  }
}

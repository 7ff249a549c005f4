/** What the commands share that change the tree of mailboxes: the commit, and refusals in IMAP's words. */
import { MailboxRefusal } from '../../../shared/account/mailbox-names.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import { nearestAbove, nonexistent } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';

/**
 * Commits what `decide` makes of the newest state; `now` is in milliseconds. A `MailboxRefusal` becomes a tagged NO. What
 * it changes of the names of shared mailboxes is published before the client is told OK.
 */
export async function changeMailboxes<T>(
  session: Session,
  home: Home,
  decide: (state: AccountState, now: number) => Decision<T>,
): Promise<T> {
  const now = session.services.rim.now();
  try {
    const value = await home.commit({ decide: (state) => decide(state, now) });
    await session.services.publisher.publish(home);
    return value;
  } catch (error) {
    throw error instanceof MailboxRefusal ? new No(error.message, error.code) : error;
  }
}

/** Throws `No` unless the session may make a mailbox by that name: it needs the right in the nearest one above. */
export function requireCreation(home: Home, state: AccountState, name: string): void {
  if (home.guest === null) return;
  const above = nearestAbove(state, name);
  if (!above) throw nonexistent();
  home.require(above, 'k');
}

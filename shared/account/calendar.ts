/** Which accounts are to be looked at on which day: see `due.ts`. */
import type { Day } from './due.ts';
import type { AccountId } from './ids.ts';

export interface Calendar {
  /** Asks for the account to be looked at on that day. Asking twice is asking once. */
  leave(account: AccountId, day: Day): Promise<void>;
}

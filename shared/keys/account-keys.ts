/** The door to data keys: what is sealed with one asks here, each time. */
import type { AccountId } from '../account/ids.ts';
import type { DataKey } from './data-key.ts';

export interface AccountKeys {
  /**
   * The account's data key; null if it has none and is not sealed. Rejects with `KeyDeletedError` if it had one, and with
   * whatever the stores do.
   */
  of(account: AccountId): Promise<DataKey | null>;
}

/** Where no account has a key. */
export const NO_KEYS: AccountKeys = { of: () => Promise.resolve(null) };

/** The account's data key was deleted: what it sealed can be read by nobody. */
export class KeyDeletedError extends Error {
  readonly account: AccountId;
  constructor(account: AccountId, at: number) {
    const when = new Date(at).toISOString().slice(0, 10);
    super(`the data key of account ${account} was deleted on ${when}: its mail cannot be read any more`);
    this.name = 'KeyDeletedError';
    this.account = account;
  }
}

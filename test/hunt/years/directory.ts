/**
 * Who has an account, as a simulation needs it: one address each, and whether it may be used. The directory itself has its
 * own tests; here its calls are slow, fail and are lost as those of the other stores.
 */
import type { CloseDeps } from '../../../functions/expunge/close.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Account, AccountState, Resolution } from '../../../shared/directory/directory.ts';
import type { SimulatedProcess } from './process.ts';

const QUOTA_BYTES = Number.MAX_SAFE_INTEGER;

export const addressOf = (account: AccountId): string => `${account}@example.test`;

export class SimulatedDirectory {
  readonly states = new Map<AccountId, AccountState>();

  /** Whether anybody may log in, and mail is taken. */
  isActive(account: AccountId): boolean {
    return this.states.get(account) === 'active';
  }

  async setDisabled(process: SimulatedProcess, account: AccountId, disabled: boolean): Promise<void> {
    await process.call('directory: state of a user', async () => {
      if (this.states.get(account) === 'closed' || !this.states.has(account)) return;
      this.states.set(account, disabled ? 'disabled' : 'active');
    });
  }

  /** Where a recipient leads. */
  resolve(recipient: string, quotaMessages: number): Resolution {
    const account = recipient.split('@')[0] as AccountId;
    const state = this.states.get(account);
    if (state !== 'active')
      return {
        destinations: [],
        refusals: [{ address: recipient, reason: state === 'disabled' ? 'disabled' : 'unknown' }],
      };
    return {
      destinations: [{ account, address: recipient, quotaBytes: QUOTA_BYTES, quotaMessages }],
      refusals: [],
    };
  }

  /** What the closing of accounts needs of it, in `process`. */
  closing(process: SimulatedProcess): Pick<CloseDeps, 'users' | 'sharing'> {
    const call = <T>(what: string, effect: () => T): Promise<T> =>
      process.call(`directory: ${what}`, async () => effect());
    return {
      users: {
        read: (account) => call('a user', () => this.#account(account)),
        remove: (address) => {
          const account = address.split('@')[0] as AccountId;
          return call('a user is removed', () => {
            if (this.states.get(account) === 'closed') throw new Error(`${address} is nobody’s`);
            this.states.set(account, 'closed');
            return this.#account(account) as Account;
          });
        },
        forget: (account) =>
          call('a user is forgotten', () => {
            if (this.states.get(account) === 'closed') this.states.delete(account);
          }),
      },
      sharing: {
        withdraw: () => call('shares are withdrawn', () => undefined),
        forget: () => call('shares are forgotten', () => undefined),
      },
    };
  }

  #account(id: AccountId): Account | undefined {
    const state = this.states.get(id);
    const limits = { quotaBytes: QUOTA_BYTES, quotaMessages: QUOTA_BYTES, maxConnections: 20 };
    const addresses = [addressOf(id)];
    return state && { id, state, addresses, limits, displayName: '', administrator: false, created: 0 };
  }
}

/**
 * The data keys that a process holds, each for as short as it can.
 *
 * A key is looked at where an account is opened (`look`: a strong read, beside those of the opening), and again whenever
 * it is used and the last look is older than `LOOK_AGAIN_MS` (an eventual read). So a key that is deleted is of no use to
 * any process that does not hold it from that moment on, nor to a gateway, which is told of it (`shared/wake/key-notice.ts`);
 * to one that was not told, and to a function that is at the account, for `LOOK_AGAIN_MS` and the second or so that an
 * eventual read may be late. (To know better, each delivery would pay for a strong read, and for a condition on the key's
 * item in its transaction; who disables the account first, which a delivery does ask, loses nothing.) Unwrapped keys are kept
 * as long as their item stays as it is, but no longer than `UNWRAP_AGAIN_MS`: then whoever wraps them (KMS) is asked again,
 * and may say no.
 *
 * That nothing is known of an account's key is believed only of a strong read: what an eventual one has not seen yet must
 * not make a message go unsealed.
 */
import type { AccountId } from '../account/ids.ts';
import { type AccountKeys, KeyDeletedError } from './account-keys.ts';
import { DataKey } from './data-key.ts';
import type { KeyStore, KeyWrap, StoredKey } from './key-store.ts';
import { KeyWrapError } from './local-key-wrap.ts';

export const LOOK_AGAIN_MS = 5 * 60_000;
export const UNWRAP_AGAIN_MS = 60 * 60_000;
/** Accounts whose keys are held; the least recently used is forgotten. */
const HELD = 10_000;

interface Held {
  readonly stored: StoredKey | null;
  readonly key: DataKey | null;
  readonly looked: number;
  readonly unwrapped: number;
}

export interface KeyRingOptions {
  readonly store: KeyStore;
  readonly wrap: KeyWrap;
  /** Whether new accounts get a key. */
  readonly create: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class KeyRing implements AccountKeys {
  readonly #options: KeyRingOptions;
  /** Least recently used first. */
  readonly #held = new Map<AccountId, Held>();
  /** Looks under way, which all who ask meanwhile share. */
  readonly #looks = new Map<AccountId, Promise<DataKey | null>>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  of(account: AccountId): Promise<DataKey | null> {
    const held = this.#held.get(account);
    if (held && this.#options.now() - held.looked < LOOK_AGAIN_MS) {
      if (held.stored?.kind === 'deleted')
        return Promise.reject(new KeyDeletedError(account, held.stored.at));
      this.#held.delete(account);
      this.#held.set(account, held);
      return Promise.resolve(held.key);
    }
    const looking = this.#looks.get(account);
    if (looking) return looking;
    const look = this.#look(account, 'eventual').finally(() => this.#looks.delete(account));
    this.#looks.set(account, look);
    return look;
  }

  /** As `of`, but strongly consistent and now. */
  async look(account: AccountId): Promise<void> {
    await this.#look(account, 'strong');
  }

  /** For a new account, before its first message. */
  async begin(account: AccountId): Promise<void> {
    const { store, create } = this.#options;
    if (create) await this.#create(account, true);
    else await store.create(account, { kind: 'none' });
  }

  /** Gives a key to an account that has none; what it has stays as it is. False if it has, or had, one. */
  create(account: AccountId): Promise<boolean> {
    return this.#create(account, false);
  }

  /** What is kept of an account's key; null if nothing is. */
  stored(account: AccountId): Promise<StoredKey | null> {
    return this.#options.store.read(account, 'strong');
  }

  /** What is kept of all keys, for administrators. */
  list(): ReturnType<KeyStore['list']> {
    return this.#options.store.list();
  }

  /** Deletes an account's key; false if it has none. */
  async delete(account: AccountId): Promise<boolean> {
    const at = this.#options.now();
    const deleted = await this.#options.store.delete(account, at);
    if (deleted)
      this.#hold(account, { stored: { kind: 'deleted', at }, key: null, looked: at, unwrapped: at });
    return deleted;
  }

  async #create(account: AccountId, fromBeginning: boolean): Promise<boolean> {
    const { store, wrap, now } = this.#options;
    const { wrapped } = await wrap.generate(account);
    const made = await store.create(account, {
      kind: 'key',
      wrapped,
      by: wrap.name,
      fromBeginning,
      created: now(),
    });
    this.#held.delete(account);
    return made;
  }

  async #look(account: AccountId, consistency: 'strong' | 'eventual'): Promise<DataKey | null> {
    const { store, now } = this.#options;
    const looked = now();
    let stored = await store.read(account, consistency);
    if (stored === null && consistency === 'eventual') stored = await store.read(account, 'strong');
    if (stored?.kind === 'deleted') {
      // Kept as well: an eventual read may not have seen it for another moment.
      this.#hold(account, { stored, key: null, looked, unwrapped: looked });
      throw new KeyDeletedError(account, stored.at);
    }
    const held = await this.#unwrapped(account, stored, looked);
    const meanwhile = this.#held.get(account);
    if (meanwhile?.stored?.kind === 'deleted' && meanwhile.looked >= looked)
      throw new KeyDeletedError(account, meanwhile.stored.at);
    this.#hold(account, held);
    return held.key;
  }

  #hold(account: AccountId, held: Held): void {
    this.#held.delete(account);
    this.#held.set(account, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD && oldest !== undefined) this.#held.delete(oldest);
  }

  async #unwrapped(account: AccountId, stored: StoredKey | null, looked: number): Promise<Held> {
    if (stored?.kind !== 'key') return { stored, key: null, looked, unwrapped: looked };
    const held = this.#held.get(account);
    const same = held?.stored?.kind === 'key' && Buffer.compare(held.stored.wrapped, stored.wrapped) === 0;
    if (held && same && looked - held.unwrapped < UNWRAP_AGAIN_MS) return { ...held, looked };
    const { wrap } = this.#options;
    if (stored.by !== wrap.name)
      throw new KeyWrapError(
        account,
        `is wrapped by ${wrapperName(stored.by)}, and this process has ${wrapperName(wrap.name)}`,
      );
    const key = new DataKey(await wrap.unwrap(account, stored.wrapped), stored.fromBeginning);
    return { stored, key, looked, unwrapped: looked };
  }
}

/** Of `KeyWrap.name`. */
function wrapperName(by: string): string {
  return by === 'kms' ? 'a key of KMS' : 'a key file';
}

/** Data keys in memory, and wrapped as on one machine. */
import type { AccountId } from '../../shared/account/ids.ts';
import { KeyRing } from '../../shared/keys/key-ring.ts';
import type { KeyStore, StoredKey } from '../../shared/keys/key-store.ts';
import { LocalKeyWrap } from '../../shared/keys/local-key-wrap.ts';

export class MemoryKeyStore implements KeyStore {
  readonly items = new Map<AccountId, StoredKey>();
  /** How often items were read, strongly and eventually. */
  readonly reads = { strong: 0, eventual: 0 };

  async read(account: AccountId, consistency: 'strong' | 'eventual'): Promise<StoredKey | null> {
    this.reads[consistency]++;
    return this.items.get(account) ?? null;
  }

  async create(account: AccountId, key: Exclude<StoredKey, { kind: 'deleted' }>): Promise<boolean> {
    const found = this.items.get(account);
    if (found && found.kind !== 'none') return false;
    this.items.set(account, key);
    return true;
  }

  async delete(account: AccountId, at: number): Promise<boolean> {
    if (this.items.get(account)?.kind !== 'key') return false;
    this.items.set(account, { kind: 'deleted', at });
    return true;
  }

  async *list(): AsyncIterable<{ account: AccountId; key: StoredKey }> {
    for (const [account, key] of this.items) yield { account, key };
  }
}

export const TEST_WRAP = new LocalKeyWrap(Buffer.alloc(32, 'a file of tests '));

/** Of all processes that work on one store: who brings the store along finds the keys to it. */
const stores = new WeakMap<object, MemoryKeyStore>();

/** A process's ring over the keys that go with `blobs`. */
export function keyRingFor(blobs: object, now: () => number, create = true): KeyRing {
  const store = stores.get(blobs) ?? new MemoryKeyStore();
  stores.set(blobs, store);
  return new KeyRing({ store, wrap: TEST_WRAP, create, now });
}

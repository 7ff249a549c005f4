/**
 * Every account there is: those that the directory lists, and after them those that it does not know though the stores hold
 * something of them. A directory that was lost, or put back from too old a backup, must not look like one that has nobody.
 *
 * What tells of an account beside the directory: its item in the table of keys, which each gets when it is made, and the
 * prefix of its objects. Neither makes anybody read the table of mail from end to end.
 */
import type { AccountId } from '../../shared/account/ids.ts';
import type { AccountObjects } from '../../shared/blob/account-objects.ts';
import type { Account, UserDirectory } from '../../shared/directory/directory.ts';
import { isAccountId } from '../../shared/directory/items.ts';
import type { KeyStore } from '../../shared/keys/key-store.ts';

export interface KnownAccountsDeps {
  readonly directory: { readonly users: Pick<UserDirectory, 'list' | 'read'> };
  readonly objects: Pick<AccountObjects, 'accounts'>;
  /** Null: there is no table of keys. */
  readonly keys: Pick<KeyStore, 'list'> | null;
}

export interface KnownAccount {
  readonly id: AccountId;
  /** Undefined: the directory does not know it. */
  readonly user: Account | undefined;
  /** Whether messages of it are stored; of one that the directory lists nobody has looked. */
  readonly stored: boolean;
}

export async function* knownAccounts({
  directory: { users },
  objects,
  keys,
}: KnownAccountsDeps): AsyncGenerator<KnownAccount, void> {
  const listed = new Set<AccountId>();
  for await (const user of users.list()) {
    listed.add(user.id);
    yield { id: user.id, user, stored: true };
  }
  const stored = new Set<AccountId>();
  for await (const name of objects.accounts()) if (isAccountId(name) && !listed.has(name)) stored.add(name);
  const others = new Set(stored);
  // A key that was deleted is what is left of an account that was closed for good.
  for await (const { account, key } of keys?.list() ?? nothing())
    if (key.kind !== 'deleted' && !listed.has(account)) others.add(account);
  // It may have been made since the directory was listed.
  for (const id of others) yield { id, user: await users.read(id), stored: stored.has(id) };
}

async function* nothing(): AsyncGenerator<never, void> {
  // No keys.
}

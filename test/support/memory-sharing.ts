/** A directory of shares in memory: what the one on DynamoDB promises, and a way to fail. */
import { ANYONE, type Grantee, type Share } from '../../shared/account/acl.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { Grant, Login, Owner, Shares, SharingDirectory } from '../../shared/directory/directory.ts';

export class MemorySharing implements SharingDirectory {
  readonly #logins: ReadonlyMap<string, Login>;
  readonly #published = new Map<AccountId, Shares>();
  /** Publishing fails as long as this is set. */
  broken = false;
  /** Calls, by name. */
  readonly calls: string[] = [];
  /** Members of groups, by address. */
  readonly groups = new Map<string, readonly string[]>();

  constructor(logins: ReadonlyMap<string, Login>) {
    this.#logins = logins;
  }

  findOwner(address: string): Promise<Owner | undefined> {
    this.calls.push('findOwner');
    const login = this.#logins.get(address.toLowerCase());
    return Promise.resolve(login && { account: login.account, address: login.address, quota: login.limits });
  }

  isGroup(address: string): Promise<boolean> {
    return Promise.resolve(this.groups.has(address));
  }

  groupsOf(address: string): Promise<ReadonlySet<string>> {
    return Promise.resolve(this.#groupsOf(address));
  }

  #groupsOf(address: string): ReadonlySet<string> {
    return new Set(
      [...this.groups].flatMap(([group, members]) => (members.includes(address) ? [group] : [])),
    );
  }

  granted(account: AccountId, member: string): Promise<readonly Grant[]> {
    this.calls.push('granted');
    const grants = [...this.#published.values()].flatMap(({ owner, address, grantees }): Grant[] => {
      const shares = [account, ANYONE, ...this.#groupsOf(member)].flatMap((grantee) =>
        shareOf(grantees, grantee),
      );
      const hidden = new Set(shares.flatMap((share) => share.hidden));
      const names = shares.flatMap(({ shown }) => shown).filter((name) => !hidden.has(name));
      return owner === account || names.length === 0 ? [] : [{ owner, address, names: [...new Set(names)] }];
    });
    return Promise.resolve(grants);
  }

  publishedUpTo(owner: AccountId): Promise<number> {
    this.calls.push('publishedUpTo');
    return Promise.resolve(this.#published.get(owner)?.number ?? 0);
  }

  publish(shares: Shares): Promise<void> {
    this.calls.push('publish');
    if (this.broken) return Promise.reject(new Error('the directory does not answer'));
    if ((this.#published.get(shares.owner)?.number ?? 0) <= shares.number)
      this.#published.set(shares.owner, shares);
    return Promise.resolve();
  }

  forget(owner: AccountId): Promise<void> {
    this.calls.push('forget');
    this.#published.delete(owner);
    return Promise.resolve();
  }

  withdraw(owner: AccountId): Promise<void> {
    this.#published.delete(owner);
    return Promise.resolve();
  }
}

function shareOf(grantees: ReadonlyMap<Grantee, Share>, grantee: string): readonly Share[] {
  const share = grantees.get(grantee);
  return share ? [share] : [];
}

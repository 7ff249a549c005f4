/** Accounts of other users that a session has come to. Most sessions come to none, and have no such object. */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import type { ReplicaCache, ReplicaLease } from '../../../shared/account/replica-cache.ts';
import type { SharingDirectory } from '../../../shared/directory/directory.ts';
import { Home } from './home.ts';
import type { OwnOps } from './own-ops.ts';
import type { RecentFloors } from './recent.ts';

/** Held open by a session at one time: it works with one or two, and LIST may look at many. */
const MAX_VISITED = 8;

export interface VisitsOptions {
  readonly sharing: SharingDirectory;
  readonly cache: ReplicaCache;
  readonly floorsOf: (replica: Replica) => RecentFloors;
  readonly own: OwnOps;
  /** The session's own. */
  readonly home: Home;
}

export class Visits {
  readonly #options: VisitsOptions;
  /** The longest ago first. */
  readonly #leases = new Map<AccountId, ReplicaLease>();
  /** By address, as the command at hand has looked them up. */
  readonly #found = new Map<string, Promise<Home | null>>();
  #released = false;

  constructor(options: VisitsOptions) {
    this.#options = options;
  }

  /** The account of the user with this address, looked up once a command; null if there is none. */
  homeOf(address: string, kept: AccountId | undefined): Promise<Home | null> {
    const found = this.#found.get(address) ?? this.#visit(address, kept);
    this.#found.set(address, found);
    return found;
  }

  /** The command has ended: its successor looks for itself. */
  forget(): void {
    this.#found.clear();
  }

  release(): void {
    this.#released = true;
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
    this.#found.clear();
  }

  async #visit(address: string, kept: AccountId | undefined): Promise<Home | null> {
    const { sharing, cache, floorsOf, own, home } = this.#options;
    const owner = await sharing.findOwner(address);
    if (!owner) return null;
    if (owner.account === home.account) return home;
    const lease = this.#leases.get(owner.account) ?? cache.acquire(owner.account);
    this.#leases.delete(owner.account);
    this.#leases.set(owner.account, lease);
    this.#leaveOldest(kept);
    // The client may have gone while the address was looked up.
    if (this.#released) this.release();
    const { replica } = lease;
    const groupsOf = (): Promise<ReadonlySet<string>> => sharing.groupsOf(home.address);
    return new Home({ ...owner, replica, recent: floorsOf(replica), own, guest: home.account, groupsOf });
  }

  /** `kept`: of the selected mailbox, which is not left. */
  #leaveOldest(kept: AccountId | undefined): void {
    for (const [account, lease] of this.#leases) {
      if (this.#leases.size <= MAX_VISITED) return;
      if (account === kept) continue;
      this.#leases.delete(account);
      lease.release();
    }
  }
}

/**
 * The replicas of one process, under a memory budget. Sessions of one account share its replica; what idle accounts
 * hold beyond head and tree is dropped, least recently used first, and read again when a command needs it.
 */
import type { AccountId, RecordNumber } from './ids.ts';
import type { JournalStore } from './journal-store.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import type { Rim } from './rim.ts';

export interface ReplicaCacheOptions extends Omit<ReplicaOptions, 'onUse'> {
  /** Bytes that messages' columns and tails of all accounts may take together. */
  readonly budgetBytes: number;
}

/** Accounts that no session uses are kept at most so many: a reader who comes back finds his account open. */
const UNUSED_REPLICAS = 256;

interface Entry {
  readonly replica: Replica;
  leases: number;
  bytes: number;
}

/** A session's hold on a replica. */
export class ReplicaLease {
  readonly replica: Replica;
  #release: ((replica: Replica) => void) | null;

  constructor(replica: Replica, release: (replica: Replica) => void) {
    this.replica = replica;
    this.#release = release;
  }

  /** Once is enough; more is nothing. */
  release(): void {
    this.#release?.(this.replica);
    this.#release = null;
  }
}

export class ReplicaCache {
  readonly #store: JournalStore;
  readonly #rim: Rim;
  readonly #budgetBytes: number;
  readonly #replicaOptions: ReplicaOptions;
  /** Least recently used first. */
  readonly #entries = new Map<AccountId, Entry>();
  #bytes = 0;

  constructor(store: JournalStore, rim: Rim, options: ReplicaCacheOptions) {
    this.#store = store;
    this.#rim = rim;
    const { budgetBytes, ...told } = options;
    this.#budgetBytes = budgetBytes;
    this.#replicaOptions = { ...told, onUse: (account) => this.#used(account) };
  }

  /** Bytes that replicas hold beyond head and tree. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Accounts that sessions hold now. */
  get leased(): readonly AccountId[] {
    return [...this.#entries].flatMap(([account, { leases }]) => (leases > 0 ? [account] : []));
  }

  /** The account's replica, until `release` is called. Opens nothing by itself. */
  acquire(account: AccountId): ReplicaLease {
    const entry = this.#entries.get(account) ?? this.#add(account);
    entry.leases++;
    return new ReplicaLease(entry.replica, this.#release);
  }

  readonly #release = ({ account }: Replica): void => {
    const entry = this.#entries.get(account);
    if (entry) entry.leases--;
    this.#enforce();
  };

  /** A wake-up says that the journal has record `number`: read up to it, if anybody here cares. */
  async wake(account: AccountId, number: RecordNumber): Promise<void> {
    const entry = this.#entries.get(account);
    const known = entry?.replica.current?.number;
    if (!entry || known === undefined || known >= number) return;
    if (entry.leases > 0) await entry.replica.sync();
  }

  /** Reads what another process may have written, if the account is held here. */
  async poll(account: AccountId): Promise<void> {
    const entry = this.#entries.get(account);
    if (entry?.replica.current && entry.leases > 0) await entry.replica.sync();
  }

  #add(account: AccountId): Entry {
    const replica = new Replica(account, this.#store, this.#rim, this.#replicaOptions);
    const entry: Entry = { replica, leases: 0, bytes: 0 };
    this.#entries.set(account, entry);
    return entry;
  }

  #used(account: AccountId): void {
    const entry = this.#entries.get(account);
    if (!entry) return;
    this.#entries.delete(account);
    this.#entries.set(account, entry);
    this.#measure(entry);
    this.#enforce();
  }

  #measure(entry: Entry): void {
    const { bytes } = entry.replica;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }

  #enforce(): void {
    let unused = [...this.#entries.values()].filter(({ leases }) => leases === 0).length - UNUSED_REPLICAS;
    for (const [account, entry] of this.#entries) {
      if (unused <= 0 && this.#bytes <= this.#budgetBytes) return;
      if (entry.leases === 0 && unused > 0) {
        unused--;
        this.#entries.delete(account);
        this.#bytes -= entry.bytes;
      } else if (this.#bytes > this.#budgetBytes && entry.bytes > 0) {
        entry.replica.shed();
        this.#measure(entry);
      }
    }
  }
}

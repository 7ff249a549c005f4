/**
 * One account that a client watches by NOTIFY (RFC 5465): its own, or that of somebody who shares mailboxes with it. Knows
 * what the client knows of it, and whether something has happened since.
 */
import type { Change, ChangeListener } from '../../../shared/account/replica.ts';
import type { ReplicaLease } from '../../../shared/account/replica-cache.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { type AccountBrief, type AccountChange, briefOf, changesOf } from './account-changes.ts';
import type { Home } from './home.ts';
import type { Session } from './session.ts';

export interface AccountNews {
  readonly state: AccountState;
  readonly changes: readonly AccountChange[];
}

export class WatchedAccount implements ChangeListener {
  readonly home: Home;
  readonly #session: Session;
  readonly #compares: boolean;
  /** Held open as long as it is watched; the session holds its own by itself. */
  readonly #lease: ReplicaLease | null;
  #known: AccountBrief | null = null;
  #woken = false;
  #ended = false;
  /** Something has happened that the client has not caused by itself. */
  #pending = false;

  /** `compares`: something beside the selected mailbox is watched in it; else it is only kept fresh. */
  constructor(session: Session, home: Home, compares: boolean) {
    this.home = home;
    this.#compares = compares;
    this.#session = session;
    this.#lease = home.guest === null ? null : session.services.cache.acquire(home.account);
  }

  get isOwn(): boolean {
    return this.home.guest === null;
  }

  /** Registers first and reads after it: in the other order, a commit between the two would be neither read nor told. */
  async begin(): Promise<void> {
    const { home } = this;
    const { wakes } = this.#session.services;
    await wakes.watch(home.account);
    this.#woken = true;
    if (this.#ended) this.#unwatch();
    const state = await home.sync();
    if (this.#ended || !this.#compares) return;
    this.#known = briefOf(state, home);
    home.replica.listen(this);
  }

  end(): void {
    this.#ended = true;
    this.home.replica.unlisten(this);
    this.#unwatch();
    this.#lease?.release();
  }

  #unwatch(): void {
    if (this.#woken) this.#session.services.wakes.unwatch(this.home.account);
    this.#woken = false;
  }

  /** A client is not told of what it did itself (RFC 5465 §5), unless others' doings came with it. */
  changed(change: Change): void {
    if (!this.#pending && this.#session.own.areAllOf(change)) this.#known = briefOf(change.state, this.home);
    else {
      this.#pending = true;
      this.#session.connection.stir();
    }
  }

  /** What the client has to be told; from here on it is known. Null: nothing has happened. */
  async news(): Promise<AccountNews | null> {
    const known = this.#known;
    if (!known || !this.#pending) return null;
    this.#pending = false;
    const { home } = this;
    // Rights may depend on groups, which are looked up with it.
    const state = await (this.isOwn ? home.state() : home.sync()).catch((error: unknown) => {
      this.#pending = true;
      throw error;
    });
    const brief = briefOf(state, home);
    this.#known = brief;
    return { state, changes: changesOf(known, brief, this.#session.home.account) };
  }
}

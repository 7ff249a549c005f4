/**
 * Publishes what accounts share to the directory, by which LIST of those who may look it up finds it. Every gateway
 * that meets an account whose lists have changed since they were published does so: a gateway that dies between a grant
 * and its publication leaves it to the next.
 */
import { sharesOf } from '../../../shared/account/acl.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import type { SharingDirectory } from '../../../shared/directory/directory.ts';
import type { ServerLog } from '../server/connection-handler.ts';
import type { Home } from './home.ts';

export class Publisher {
  readonly #directory: SharingDirectory;
  readonly #log: ServerLog;
  /** Up to which record the shares of an account are known to be published. */
  readonly #published = new WeakMap<Replica, number>();
  readonly #running = new WeakMap<Replica, Promise<void>>();

  constructor(directory: SharingDirectory, log: ServerLog) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Whether the account has something to publish, as far as is known; asks nobody. */
  isDue({ replica }: Home): boolean {
    return (replica.current?.sharedAt ?? 0) > (this.#published.get(replica) ?? 0);
  }

  /** Never rejects: what could not be published is published when the account is met again. */
  async publish(home: Home): Promise<void> {
    const { replica } = home;
    while (this.isDue(home)) {
      const run = this.#running.get(replica) ?? this.#publish(home);
      this.#running.set(replica, run);
      try {
        await run;
      } catch (error) {
        this.#log.warn(
          { err: error, account: home.account },
          'the shares of an account could not be published',
        );
        return;
      } finally {
        if (this.#running.get(replica) === run) this.#running.delete(replica);
      }
    }
  }

  async #publish({ replica, account, address }: Home): Promise<void> {
    const state = replica.current;
    if (!state) return;
    const { sharedAt } = state;
    if ((await this.#directory.publishedUpTo(account)) < sharedAt)
      await this.#directory.publish({ owner: account, address, number: sharedAt, grantees: sharesOf(state) });
    this.#published.set(replica, sharedAt);
  }
}

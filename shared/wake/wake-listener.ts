/**
 * Keeps the replicas of this gateway fresh for sessions that idle: registers what they watch, takes wake-ups from the
 * gateway's queue, and polls the heads now and then in case one was lost.
 *
 * `watch` resolves when the account is registered. The caller syncs *after* that: in the other order, a commit between
 * the two would be neither read nor told.
 */
import type { AccountId, GatewayId } from '../account/ids.ts';
import type { ReplicaCache } from '../account/replica-cache.ts';
import { failureFields, type Log } from '../log.ts';
import { inParallel } from '../parallel.ts';
import type { Presence } from './presence.ts';
import {
  type KeyNotice,
  type Wake,
  type WakeQueue,
  WakeQueueLostError,
  type WatchRegister,
} from './wake-queue.ts';

/** An idle session's account is read at least so often, whatever happened to its wake-ups. */
export const POLL_MS = 5 * 60_000;
/** A registration is renewed once an hour, and lasts for two: there is an hour to repeat a renewal that failed. */
export const RENEW_MS = 60 * 60_000;
const EXPIRY_S = 2 * 60 * 60;
/** How often is looked whether a renewal or a poll is due. */
const TEND_MS = 60_000;
/** Of ten thousand accounts one after another, at some milliseconds each, the last would be a minute late. */
const TENDED_AT_ONCE = 16;
/** Pause after a receive that failed. */
const RECEIVE_PAUSE_MS = 1_000;

export interface WakeListenerOptions {
  readonly gateway: GatewayId;
  readonly watches: WatchRegister;
  readonly queue: WakeQueue;
  /** That this gateway lives; a test may do without. */
  readonly presence?: Presence;
  readonly replicas: Pick<ReplicaCache, 'wake' | 'poll'>;
  /** The data key of an account was made or deleted. Without: nothing is encrypted here. */
  readonly keyChanged?: (account: AccountId) => Promise<void>;
  readonly now: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
}

interface Watch {
  sessions: number;
  /** Until it is. */
  registering: Promise<void> | null;
  renewAt: number;
  pollAt: number;
}

export class WakeListener {
  readonly #options: WakeListenerOptions;
  readonly #watches = new Map<AccountId, Watch>();
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: WakeListenerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loops = Promise.all([this.#receive(), this.#tick()]);
  }

  /** Stops listening, and takes back the queue and what is registered, so that nobody writes to it any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loops;
    const { watches, gateway, queue, presence, log } = this.#options;
    const accounts = [...this.#watches.keys()];
    const results = await Promise.allSettled(accounts.map((account) => watches.remove(account, gateway)));
    if (results.some(({ status }) => status === 'rejected'))
      log.warn({}, 'some registrations for wake-ups could not be taken back; they expire by themselves');
    try {
      await queue.close();
      await presence?.end();
    } catch (error) {
      log.warn(failureFields(error), 'the wake-up queue could not be deleted; that is done for it in a day');
    }
  }

  /** Registers a session's interest in `account`; resolves when commits from now on wake this gateway. */
  async watch(account: AccountId): Promise<void> {
    let watch = this.#watches.get(account);
    if (!watch) {
      const now = this.#options.now();
      watch = {
        sessions: 0,
        registering: this.#register(account),
        renewAt: now + RENEW_MS,
        pollAt: now + POLL_MS,
      };
      this.#watches.set(account, watch);
    }
    watch.sessions++;
    try {
      await watch.registering;
      watch.registering = null;
    } catch (error) {
      this.unwatch(account);
      throw error;
    }
  }

  /** The session is gone. The registration stays until it expires or this gateway ends: the reader may come back. */
  unwatch(account: AccountId): void {
    const watch = this.#watches.get(account);
    if (watch && --watch.sessions === 0) this.#watches.delete(account);
  }

  #register(account: AccountId): Promise<void> {
    const { watches, gateway, queue, now } = this.#options;
    const expiresAt = Math.ceil(now() / 1000) + EXPIRY_S;
    return watches.put(account, { gateway, queue: queue.queue }, expiresAt);
  }

  async #receive(): Promise<void> {
    const { queue, log, sleep } = this.#options;
    const { signal } = this.#stopping;
    while (this.#running()) {
      try {
        for (const notice of await queue.receive(signal)) {
          this.#follow(notice).catch((error: unknown) => {
            log.warn({ err: error, ...notice }, 'a wake-up could not be followed');
          });
        }
      } catch (error) {
        if (!this.#running()) return;
        log.warn(failureFields(error), 'no wake-ups could be received');
        if (error instanceof WakeQueueLostError) await this.#startOver();
        await sleep(RECEIVE_PAUSE_MS, signal).catch(() => undefined);
      }
    }
  }

  async #follow(notice: Wake | KeyNotice): Promise<void> {
    const { replicas, keyChanged } = this.#options;
    if ('key' in notice) await keyChanged?.(notice.account);
    else await replicas.wake(notice.account, notice.number);
  }

  /** Renews registrations and polls heads. */
  async #tick(): Promise<void> {
    const { sleep } = this.#options;
    const { signal } = this.#stopping;
    while (this.#running()) {
      await sleep(TEND_MS, signal).catch(() => undefined);
      if (this.#running()) await this.tend();
    }
  }

  #running(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** Registers everything anew, and reads what may have been missed. */
  async #startOver(): Promise<void> {
    for (const watch of this.#watches.values()) {
      watch.renewAt = -Infinity;
      watch.pollAt = -Infinity;
    }
    await this.tend();
  }

  /** Does what is due now. What fails is due again the next time; neither keeps the other from being done. */
  async tend(): Promise<void> {
    await this.#options.presence?.tend();
    await inParallel([...this.#watches], TENDED_AT_ONCE, ([account, watch]) => this.#tendTo(account, watch));
  }

  async #tendTo(account: AccountId, watch: Watch): Promise<void> {
    const { now, replicas, log } = this.#options;
    if (now() >= watch.renewAt) {
      try {
        await this.#register(account);
        watch.renewAt = now() + RENEW_MS;
      } catch (error) {
        log.warn({ err: error, account }, 'a registration for wake-ups could not be renewed');
      }
    }
    if (now() >= watch.pollAt) {
      try {
        await replicas.poll(account);
        watch.pollAt = now() + POLL_MS;
      } catch (error) {
        log.warn({ err: error, account }, 'an idle account could not be polled');
      }
    }
  }
}

/**
 * Wake-ups: a hint to other gateways that an account's journal has grown. A lost one costs freshness, never
 * correctness; what a client was told is read from the journal.
 */
import type { AccountId, GatewayId, RecordNumber } from '../account/ids.ts';

export interface Wake {
  readonly account: AccountId;
  /** The receiver reads until it has this record. */
  readonly number: RecordNumber;
}

/** The data key of an account was made or deleted: it is to be looked at before it is used again. */
export interface KeyNotice {
  readonly account: AccountId;
  readonly key: 'changed';
}

/** A gateway that wants wake-ups for an account. */
export interface Watcher {
  readonly gateway: GatewayId;
  /** Where its wake-ups go. */
  readonly queue: string;
}

/** Who watches which account. */
export interface WatchRegister {
  /** From now on, until `expiresAt` (seconds since the epoch), `watcher` is among the account's watchers. */
  put(account: AccountId, watcher: Watcher, expiresAt: number): Promise<void>;
  remove(account: AccountId, gateway: GatewayId): Promise<void>;
  /** Watchers that have not expired at `now` (seconds since the epoch). Strongly consistent. */
  of(account: AccountId, now: number): Promise<readonly Watcher[]>;
}

/** Sends wake-ups to gateways' queues. */
export interface WakeSender {
  /** A queue that is gone belongs to a gateway that is gone: no error, but `false`. */
  send(queue: string, wake: Wake): Promise<boolean>;
}

/** A gateway's own queue. */
export interface WakeQueue {
  /** Its name for senders. */
  readonly queue: string;
  /**
   * Waits for wake-ups, up to some seconds; each is given at least once. Rejects with `WakeQueueLostError` if somebody
   * has deleted the queue.
   */
  receive(signal: AbortSignal): Promise<readonly (Wake | KeyNotice)[]>;
  /** Deletes the queue. */
  close(): Promise<void>;
}

/**
 * The queue was gone, and has been made again. What was sent meanwhile is lost, and senders that met no queue have taken
 * this gateway's registrations away.
 */
export class WakeQueueLostError extends Error {
  constructor(queue: string) {
    super(`the wake-up queue ${queue} was deleted while it was in use`);
    this.name = 'WakeQueueLostError';
  }
}

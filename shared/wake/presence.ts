/**
 * Which gateways live, so that the queue of one that ended without a word is found and removed. A gateway says so before it
 * makes its queue, and again each hour: whatever queue there is, there is an entry that leads to it.
 */
import type { GatewayId } from '../account/ids.ts';
import type { Log } from '../log.ts';

export interface GatewayRegister {
  /** The gateway lives, at least until then (seconds since the epoch). */
  live(gateway: GatewayId, until: number): Promise<void>;
  /** Gateways whose time is not over at `now` (seconds since the epoch). Strongly consistent. */
  living(now: number): Promise<readonly GatewayId[]>;
  /** Gateways that have not said for a while that they live: their time was over before `now`. */
  silent(now: number): Promise<readonly GatewayId[]>;
  /** The gateway is gone, and its queue with it. */
  forget(gateway: GatewayId): Promise<void>;
}

export const RENEW_PRESENCE_MS = 60 * 60_000;
/** One that cannot reach the table for so long serves nobody; if it comes back, it makes its queue anew. */
const SILENT_AFTER_S = 24 * 60 * 60;

export interface PresenceOptions {
  readonly gateway: GatewayId;
  readonly register: Pick<GatewayRegister, 'live' | 'forget'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

export class Presence {
  readonly #options: PresenceOptions;
  #renewAt = -Infinity;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Says that the gateway lives, if that is due. */
  async tend(): Promise<void> {
    const { gateway, register, now, log } = this.#options;
    if (now() < this.#renewAt) return;
    try {
      await register.live(gateway, Math.ceil(now() / 1000) + SILENT_AFTER_S);
      this.#renewAt = now() + RENEW_PRESENCE_MS;
    } catch (error) {
      log.warn({ err: error }, 'this gateway could not say that it lives; it says so again in a minute');
    }
  }

  /** After the queue is deleted. */
  async end(): Promise<void> {
    const { gateway, register, log } = this.#options;
    await register.forget(gateway).catch((error: unknown) => {
      log.warn({ err: error }, 'this gateway could not say that it ends; its entry is removed in a day');
    });
  }
}

/**
 * Removes the wake-up queues of gateways that ended without a word. The queue goes before the entry that leads to it, so
 * that a death between the two leaves what the next run does again. A gateway that was only out of reach makes its queue
 * anew when it finds it gone.
 */
import type { GatewayId } from '../../shared/account/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { GatewayRegister } from '../../shared/wake/presence.ts';

export interface WakeQueuesDeps {
  readonly gateways: Pick<GatewayRegister, 'silent' | 'forget'>;
  /** Deletes the queue of a gateway; one that is gone is no error. */
  readonly deleteQueue: (gateway: GatewayId) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** Resolves with how many were removed; one that cannot be is tried again in the next run. */
export async function removeOrphanedQueues({
  gateways,
  deleteQueue,
  now,
  log,
}: WakeQueuesDeps): Promise<number> {
  let removed = 0;
  for (const gateway of await gateways.silent(Math.floor(now() / 1000))) {
    try {
      await deleteQueue(gateway);
      await gateways.forget(gateway);
      removed++;
    } catch (error) {
      log.warn({ err: error, gateway }, 'the queue of a gateway that is gone could not be removed');
    }
  }
  return removed;
}

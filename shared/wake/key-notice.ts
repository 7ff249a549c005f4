/**
 * That an account's data key is another, or deleted: told to every gateway that lives, whether it watches the account or
 * not, for a session that does not idle holds the key as well. It is a hint like any wake-up. Where one is lost, the
 * gateway looks at the key by itself within `LOOK_AGAIN_MS` (`shared/keys/key-ring.ts`).
 */
import type { AccountId, GatewayId } from '../account/ids.ts';
import type { Log } from '../log.ts';
import type { GatewayRegister } from './presence.ts';
import type { KeyNotice } from './wake-queue.ts';

export interface KeyNoticeSender {
  /** Into the gateway's own queue. A queue that is gone belongs to a gateway that is gone: no error. */
  tell(gateway: GatewayId, notice: KeyNotice): Promise<void>;
}

export interface KeyNoticeDeps {
  readonly gateways: Pick<GatewayRegister, 'living'>;
  readonly sender: KeyNoticeSender;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** After the key is deleted or made. Never rejects; false: not every gateway could be told. */
export async function tellOfKey(deps: KeyNoticeDeps, account: AccountId): Promise<boolean> {
  const { gateways, sender, now, log } = deps;
  try {
    const living = await gateways.living(Math.floor(now() / 1000));
    await Promise.all(living.map((gateway) => sender.tell(gateway, { account, key: 'changed' })));
    return true;
  } catch (error) {
    log.warn(
      { err: error, account },
      'not every gateway could be told of a key; they look at it by themselves in five minutes',
    );
    return false;
  }
}

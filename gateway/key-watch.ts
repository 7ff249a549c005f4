/** What a gateway does when it is told that the data key of an account is another, or deleted. */
import type { AccountId } from '../shared/account/ids.ts';
import { KeyDeletedError } from '../shared/keys/account-keys.ts';
import type { KeyRing } from '../shared/keys/key-ring.ts';
import type { ServerLog } from './imap/server/connection-handler.ts';
import type { ImapServer } from './imap/server/imap-server.ts';
import { KEY_DELETED } from './imap/session/faults.ts';

export interface KeyWatchDeps {
  readonly keys: Pick<KeyRing, 'look'>;
  readonly server: Pick<ImapServer, 'signOut'>;
  readonly log: ServerLog;
}

/** Looks at the key, so that the old one is of no use any more. Sessions of an account without one have nothing to read. */
export async function keyChanged({ keys, server, log }: KeyWatchDeps, account: AccountId): Promise<void> {
  try {
    await keys.look(account);
  } catch (error) {
    if (!(error instanceof KeyDeletedError)) throw error;
    log.warn({ account }, 'the key of an account was deleted: its sessions end');
    server.signOut(account, KEY_DELETED, 'CONTACTADMIN');
  }
}

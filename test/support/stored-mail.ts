/** Puts messages into INBOX as a delivery does, whatever bytes they are: APPEND does not take everything. */
import { decideAppend, type MessageToAppend } from '../../shared/account/decide-messages.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { findMailbox } from '../../shared/account/mailbox-names.ts';
import type { TestGateway } from './gateway.ts';

export interface MailToStore {
  readonly bytes: Uint8Array;
  /** INTERNALDATE, in seconds since the epoch. */
  readonly arrived: number;
}

/** Few enough for one record. */
const BATCH = 8;
const NO_QUOTA = { quotaBytes: Infinity, quotaMessages: Infinity };

export async function storeMail(
  gateway: TestGateway,
  account: AccountId,
  mails: readonly MailToStore[],
): Promise<void> {
  const lease = gateway.cache.acquire(account);
  const inbox = findMailbox(await lease.replica.sync(), 'INBOX');
  if (!inbox) throw new Error('there is no INBOX');
  for (let at = 0; at < mails.length; at += BATCH) {
    const stored: MessageToAppend[] = [];
    for (const { bytes, arrived } of mails.slice(at, at + BATCH)) {
      const message = await gateway.messages.put(account, bytes, bytes.length);
      stored.push({ ...message, flags: { system: 0, keywords: [] }, date: arrived, zone: 0 });
    }
    const now = gateway.rim.now();
    await lease.replica.commit({ decide: (state) => decideAppend(state, inbox.id, stored, NO_QUOTA, now) });
  }
  lease.release();
}

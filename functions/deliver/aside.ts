/**
 * Messages that are never delivered: kept in the inbound bucket under a prefix of their own, with the notification they
 * came with, so that an administrator can look at one, and have it delivered after all by queueing the notification.
 */
import { BlobExistsError, BlobMissingError, type BlobStore } from '../../shared/blob/blob-store.ts';
import type { Log } from '../../shared/log.ts';
import type { Notification } from './notification.ts';

/** Why: a virus was found; or a recipient leads nowhere. */
export type AsideReason = 'virus' | 'undeliverable';

/** By the object's own key, for a message that two receipt rules matched has two notifications. */
export const asideKey = (reason: AsideReason, objectKey: string): string => `aside/${reason}/${objectKey}`;

/** Repeating it changes nothing: an object that is there already holds the same bytes. */
export async function keepAside(
  reason: AsideReason,
  { messageId, objectKey, recipients }: Notification,
  notification: string,
  raw: Uint8Array,
  { inbound, log }: { readonly inbound: BlobStore; readonly log: Log },
): Promise<void> {
  const key = asideKey(reason, objectKey);
  const envelope = Buffer.from(notification);
  await putOnce(inbound, `${key}.notification.json`, envelope);
  await putOnce(inbound, key, raw);
  log.warn({ message: messageId, key, recipients: recipients.length }, `a message is kept aside: ${reason}`);
}

/** Whether the message of this notification has been kept aside before. */
export async function isAside(
  reason: AsideReason,
  { objectKey }: Notification,
  inbound: BlobStore,
): Promise<boolean> {
  try {
    const nothing = await inbound.get(asideKey(reason, objectKey), { start: 0, end: 0 });
    for await (const bytes of nothing) if (bytes.length > 0) break;
    return true;
  } catch (error) {
    if (error instanceof BlobMissingError) return false;
    throw error;
  }
}

/** An object that is there already is as good. */
export async function putOnce(inbound: BlobStore, key: string, body: Uint8Array): Promise<void> {
  await inbound.put(key, body, body.length).catch((error: unknown) => {
    if (!(error instanceof BlobExistsError)) throw error;
  });
}

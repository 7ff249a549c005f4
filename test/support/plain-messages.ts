/** What lies in a blob store, as messages: whatever the format in which they are kept. */
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import type { BlobStore } from '../../shared/blob/blob-store.ts';
import type { MessageStore } from '../../shared/blob/message-store.ts';
import { drained, listed } from './blob-store-contract.ts';

/** All messages of all accounts, in the order of their keys. */
export async function plainMessages(blobs: BlobStore, messages: MessageStore): Promise<Buffer[]> {
  const plain: Buffer[] = [];
  for (const { key } of await listed(blobs, 'blobs/')) {
    const [, account = '', blob = ''] = key.split('/');
    const place = { blob: blob as BlobId, pack: null };
    plain.push(await drained(await messages.get(account as AccountId, place)));
  }
  return plain;
}
